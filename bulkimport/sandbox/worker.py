"""A process that applies payloads, one at a time: jobs come in as JSON lines, outcomes go out as JSON lines.

Its standard input is its lifeline: when the server is gone, so is the worker, in the middle of a job if need be (the
job's transaction never happened then, and the next server does it again).
"""

import os
import queue
import sqlite3
import sys
import threading
from dataclasses import asdict
from typing import Any

import orjson

from bulkimport.sandbox.apply import ImportParameters, ImportTask, JobOutcome, apply_import, internal_error


def encode_task(task: ImportTask) -> bytes:
    return orjson.dumps(asdict(task)) + b"\n"


def decode_outcome(line: bytes) -> JobOutcome:
    document = orjson.loads(line)
    return JobOutcome(document["items"], tuple(document["errors"]))


def attempt(task: ImportTask) -> JobOutcome:
    """The task's outcome, whatever happens: trouble with disk or database fails the job and says why."""
    try:
        return apply_import(task)
    except (OSError, sqlite3.Error) as error:
        return internal_error(f"the sandbox could not apply the payload: {error}")


def _decode_task(line: bytes) -> ImportTask:
    document: dict[str, Any] = orjson.loads(line)
    sides = document.pop("sides")
    return ImportTask(
        **{
            **document,
            "parameters": ImportParameters(**document["parameters"]),
            "sides": None if sides is None else (sides[0], sides[1]),
            "fail": tuple(document["fail"]),
            "reject": tuple(document["reject"]),
        }
    )


def _listen(lines: "queue.SimpleQueue[bytes]") -> None:
    for line in sys.stdin.buffer:
        lines.put(line)
    os._exit(0)


def main() -> None:
    """Serves until standard input ends."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    while True:
        outcome = attempt(_decode_task(lines.get()))
        sys.stdout.buffer.write(orjson.dumps(asdict(outcome), default=str) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    import signal

    # Ctrl-C in a terminal reaches the whole process group; only the server decides when a worker ends.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    main()
