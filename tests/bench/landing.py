"""Lands one source, as a worker does: `python -m tests.bench.landing SOURCE FOLDER`, the source as JSON.

Prints how many rows have landed, and the peak resident bytes of the largest of all the processes that took part.
"""

import json
import resource
import sys
from pathlib import Path

from bulkimport.model import ExcelSource, NdjsonSource, PythonSource, Secret, Source, SqlSource
from bulkimport.sources.landing import land


def source_of(document: dict[str, str]) -> Source:
    if "url" in document:
        return SqlSource(Secret(document["url"]), document["folder"], document["query"])
    if "function" in document:
        return PythonSource(document["function"], document["folder"])
    return ExcelSource((document["path"],))


def main() -> None:
    landed = land(source_of(json.loads(sys.argv[1])), Path(sys.argv[2]), lambda arrived, total: None)
    assert isinstance(landed.source, NdjsonSource)
    with Path(landed.source.paths[0]).open("rb") as file:
        rows = sum(line != b"\n" for line in file)
    everyone = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    print(rows, max(resource.getrusage(who).ru_maxrss for who in everyone) * 1024)  # noqa: T201 (the answer)


if __name__ == "__main__":
    main()
