"""Reads one source several times at once through `Workers`, as that many datasets of a run would.

python -m tests.bench.preparing PROCESSES TIMES SOURCE FOLDER       prints {"seconds", "sha256": [of each], "pauses"}

Light at the top, because worker processes load the main module too.
"""

import sys


async def prepare_all(processes: int, times: int, source: str, folder: str) -> dict[str, object]:
    import time
    from dataclasses import asdict
    from pathlib import Path

    import anyio

    from bulkimport.model import CsvSource
    from bulkimport.payload import PayloadRequest, prepare
    from bulkimport.workers import Workers
    from tests.bench.pauses import measured_pauses

    workers, size = Workers(processes), Path(source).stat().st_size
    digests: list[str] = []

    async def one(number: int) -> None:
        target = f"{folder}/{processes}-{number}"
        request = PayloadRequest(CsvSource((source,)), ("employeeID",), target, f"{target}.keys", f"{target}.landing")
        digests.append((await workers.run(prepare, request, size=size)).sha256)

    began = time.perf_counter()
    async with measured_pauses() as pauses, anyio.create_task_group() as tasks:
        for number in range(times):
            tasks.start_soon(one, number)
    return {"seconds": time.perf_counter() - began, "sha256": digests, "pauses": asdict(pauses)}


if __name__ == "__main__":
    import json

    import anyio

    found = anyio.run(prepare_all, int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
    print(json.dumps(found))  # noqa: T201 (read by the benchmark)
