"""The process behind an embedded sandbox: it serves while any run holds a share of `users.lock`, and then ends.

What it is to do comes through standard input as JSON, `{"data_dir"}`; the address goes out through standard output as
one JSON line, `{"address"}` or `{"error", "hint"}`. No secret is ever an argument. Signals for the process group are
the runs' business: they finish what they are doing and still need their sandbox. When they are gone, so is it.
"""

import os
import signal
import sys
from pathlib import Path

import anyio
import orjson

from bulkimport.errors import BulkimportError
from bulkimport.sandbox.private import open_lock, try_lock
from bulkimport.sandbox.server import running_sandbox
from bulkimport.sandbox.world import USERS_LOCK, SandboxOptions

_LOOK_SECONDS = 0.05


async def serve_users(options: SandboxOptions) -> None:
    """Serves until nobody uses the data folder any more, and keeps newcomers out while it ends."""
    users = open_lock(options.data_dir / USERS_LOCK)
    try:
        async with running_sandbox(options) as sandbox:
            _say({"address": {"base_url": sandbox.address.base_url}})
            while not try_lock(users, shared=False):  # noqa: ASYNC110 - a lock of the kernel sets no event
                await anyio.sleep(_LOOK_SECONDS)
    finally:
        os.close(users)


def _say(document: dict[str, object]) -> None:
    sys.stdout.buffer.write(orjson.dumps(document) + b"\n")
    sys.stdout.buffer.flush()


def main() -> int:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    order = orjson.loads(sys.stdin.buffer.read())
    try:
        anyio.run(serve_users, SandboxOptions(Path(order["data_dir"])))
    except BulkimportError as error:
        _say({"error": error.message, "hint": error.hint})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
