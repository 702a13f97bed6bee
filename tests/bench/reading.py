"""Makes the payload of one source, as a worker does: `python -m tests.bench.reading SOURCE FOLDER`.

SOURCE is JSON, FOLDER a new folder for the spool files. Prints how many rows the payload has.
"""

import json
import sys
from pathlib import Path

from bulkimport.model import (
    DuckDbSource,
    ExcelSource,
    FileSource,
    JsonSource,
    NdjsonSource,
    ParquetSource,
    PythonSource,
    Secret,
    Source,
    SqlSource,
)
from bulkimport.payload import PayloadRequest, prepare

_FILES: dict[str, type[FileSource]] = {
    "xlsx": ExcelSource,
    "json": JsonSource,
    "ndjson": NdjsonSource,
    "parquet": ParquetSource,
}


def source_of(document: dict[str, str]) -> Source:
    if "url" in document:
        return SqlSource(Secret(document["url"]), document["folder"], document["query"])
    if "function" in document:
        return PythonSource(document["function"], document["folder"])
    if "query" in document:
        return DuckDbSource(document["folder"], document["query"])
    path = Path(document["path"])
    return _FILES[path.suffix.removeprefix(".")]((str(path),))


def main() -> None:
    folder = Path(sys.argv[2])
    folder.mkdir()
    spool, keys, landing = (str(folder / name) for name in ("payload", "keys", "landing"))
    request = PayloadRequest(source_of(json.loads(sys.argv[1])), ("id",), spool, keys, landing)
    print(prepare(request).rows)  # noqa: T201 (the answer)


if __name__ == "__main__":
    main()
