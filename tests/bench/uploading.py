"""Uploads one file several times through the program's own client, with the loop's pauses measured from within.

python -m tests.bench.uploading URL FILE TIMES       prints {"seconds": [of each], "pauses"}
"""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import anyio

from bulkimport.clock import SystemClock
from bulkimport.limiter import Limiter
from bulkimport.model import Limits, Tenant
from bulkimport.orgvue.body import FileBody
from bulkimport.orgvue.client import OrgvueClient
from bulkimport.orgvue.wire import Location
from tests.bench.pauses import measured_pauses


async def upload(url: str, path: Path, times: int) -> dict[str, object]:
    clock = SystemClock()
    client = OrgvueClient(Tenant("http://127.0.0.1:9", "ACME", None), permits=Limiter(Limits(), clock), clock=clock)
    location = Location(url, url, clock.now())
    async with client, measured_pauses() as pauses:
        seconds = []
        for _ in range(times):
            began = time.perf_counter()
            await client.upload(location, FileBody(path, path.stat().st_size))
            seconds.append(time.perf_counter() - began)
    return {"seconds": seconds, "pauses": asdict(pauses)}


if __name__ == "__main__":
    print(json.dumps(anyio.run(upload, sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201 (read by the benchmark)
