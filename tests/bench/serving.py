"""The sandbox as a process of its own, which tells at its end what it saw."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import anyio

from bulkimport.sandbox.world import Address, DatasetSeed, JobTiming, PropertySeed, SandboxOptions, python_environment
from tests.support.program import id_of

TIMING = JobTiming(created=0.05, running=0.05, per_item=0.0)


class Seen(NamedTuple):
    """What the API host saw. `sustained`: requests per second from the first to the last, those of the first second
    left out, since a second's worth may be sent at once at the start."""

    requests: int
    throttled: int
    peak_per_second: int
    peak_at_once: int
    sustained: float


@dataclass
class Server:
    """A running sandbox; `seen` is known once it has ended."""

    address: Address
    seen: Seen | None = None


@contextmanager
def sandbox_server(
    data_dir: Path, names: Iterable[str], columns: Iterable[str], workers: int = 2, timing: JobTiming = TIMING
) -> Iterator[Server]:
    """Serves datasets of these names, identified by the first of their columns, for the length of the block."""
    document = {"data_dir": str(data_dir), "names": list(names), "columns": list(columns), "workers": workers}
    document["timing"] = asdict(timing)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.serving", json.dumps(document)],
        stdout=subprocess.PIPE,
        text=True,
        env=python_environment(),
    ) as process:
        assert process.stdout is not None
        server = Server(Address(**json.loads(process.stdout.readline())))
        try:
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=60)
        server.seen = Seen(**json.loads(out))


async def _serve(options: SandboxOptions) -> None:
    from bulkimport.sandbox.server import running_sandbox

    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async with running_sandbox(options) as sandbox:
            address = sandbox.address
            known = {"base_url": address.base_url, "tenant_id": address.tenant_id, "token": address.token}
            print(json.dumps(known), flush=True)  # noqa: T201 (read by the benchmark)
            async for _ in signals:
                break
            stats, times = sandbox.stats(), [one.started for one in sandbox.requests if one.host == "api"]
    later = sum(time > times[0] + 1 for time in times)
    seen = Seen(
        requests=stats.requests,
        throttled=stats.throttled,
        peak_per_second=stats.peak_per_second,
        peak_at_once=stats.peak_concurrency,
        sustained=later / (times[-1] - times[0]) if later else 0.0,
    )
    print(json.dumps(seen._asdict()))  # noqa: T201


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    properties = tuple(map(PropertySeed, given["columns"]))
    seeds = tuple(
        DatasetSeed(id_of(name), name, auto_id=properties[0].key, properties=properties) for name in given["names"]
    )
    timing = JobTiming(**given["timing"])
    anyio.run(_serve, SandboxOptions(Path(given["data_dir"]), workers=given["workers"], seeds=seeds, timing=timing))
