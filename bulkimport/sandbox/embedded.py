"""The sandbox inside a run: a process of its own, shared by all runs that use the same data folder at the same time.

Locks alone decide who lives how long, so that a SIGKILL anywhere leaves nothing to clean up:

* every run holds `users.lock` shared while it uses the sandbox;
* the serving process ends once it gets that lock for itself, and keeps it until it has ended;
* `start.lock` is held while somebody looks whether a sandbox is running and, if not, starts one.
"""

import contextlib
import http.client
import os
import select
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import orjson

from bulkimport.errors import StateError
from bulkimport.sandbox.private import open_lock, try_lock, unusable_folder
from bulkimport.sandbox.seeding import encode_seeds
from bulkimport.sandbox.world import SECRET_HEADER, SEEDS_PATH, USERS_LOCK, Address, DatasetSeed, python_environment

_PATIENCE = 20.0
_FAREWELL = 2.0
_LOOK_SECONDS = 0.02


@asynccontextmanager
async def embedded(data_dir: Path, seeds: Sequence[DatasetSeed]) -> AsyncIterator[Address]:
    """A running sandbox with `data_dir` as its memory, in which the datasets of `seeds` exist.

    Joins the one that another run is using, or starts one. Raises StateError if there is none to be had.
    """
    users = await anyio.to_thread.run_sync(_enter, data_dir)
    child: int | None = None
    try:
        child = await anyio.to_thread.run_sync(_ensure_served, data_dir)
        yield await anyio.to_thread.run_sync(_join, data_dir, tuple(seeds))
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(_leave, users, child)


def _enter(data_dir: Path) -> int:
    """Takes a share of the users' lock; waits while an earlier sandbox is ending."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        users = open_lock(data_dir / USERS_LOCK)
    except OSError as error:
        raise unusable_folder(data_dir, error) from error
    deadline = time.monotonic() + _PATIENCE
    while not try_lock(users, shared=True):
        if time.monotonic() > deadline:
            os.close(users)
            hint = "End the process that still holds its folder, then start again."
            raise StateError(f"The last sandbox of {data_dir} does not end. Nothing was sent.", hint=hint)
        time.sleep(_LOOK_SECONDS)
    return users


def _leave(users: int, child: int | None) -> None:
    """Gives the share back, and waits for the sandbox that was started here to end if nobody else uses it."""
    is_last = try_lock(users, shared=False)
    os.close(users)
    if child is None:
        return
    deadline = time.monotonic() + (_FAREWELL if is_last else 0.0)
    while os.waitpid(child, os.WNOHANG) == (0, 0) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def _ensure_served(data_dir: Path) -> int | None:
    """Starts a sandbox unless one is running; its process id if it was started here."""
    lock = open_lock(data_dir / "start.lock")
    deadline = time.monotonic() + _PATIENCE
    try:
        while not try_lock(lock, shared=False):
            if time.monotonic() > deadline:
                hint = "Look for a run that hangs at its start, and end it."
                raise StateError(
                    "Another run is starting the sandbox and does not finish. Nothing was sent.", hint=hint
                )
            time.sleep(_LOOK_SECONDS)
        return None if _is_served(data_dir) else _start(data_dir)
    finally:
        os.close(lock)


def _is_served(data_dir: Path) -> bool:
    lock = open_lock(data_dir / "sandbox.lock")
    try:
        return not try_lock(lock, shared=True)
    finally:
        os.close(lock)


def _start(data_dir: Path) -> int:
    """Starts the serving process and returns once it answers.

    It has a process group of its own: others may be using it when this run, or its whole group, is ended.
    """
    order_out, order_in = os.pipe()
    answer_out, answer_in = os.pipe()
    log = data_dir / "sandbox.log"
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, "-P", "-m", "bulkimport.sandbox.child"],
        python_environment(),
        file_actions=[
            (os.POSIX_SPAWN_DUP2, order_out, 0),
            (os.POSIX_SPAWN_DUP2, answer_in, 1),
            (os.POSIX_SPAWN_OPEN, 2, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        ],
        # Held back until the child ignores them: a Ctrl-C during its start is not its end.
        setsigmask=(signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
        setpgroup=0,
    )
    os.close(order_out)
    os.close(answer_in)
    try:
        with os.fdopen(order_in, "wb") as order, contextlib.suppress(BrokenPipeError):
            order.write(orjson.dumps({"data_dir": str(data_dir.absolute())}))
            order.flush()
        answer = _read_line(answer_out)
    finally:
        os.close(answer_out)
    if not answer:
        os.kill(child, signal.SIGKILL)
    if not answer or "error" in (document := orjson.loads(answer)):
        os.waitpid(child, 0)
        message = document["error"] if answer else "The sandbox did not start. Nothing was sent."
        raise StateError(message, hint=document["hint"] if answer else f"Its own words are in {log}.")
    return child


def _read_line(descriptor: int) -> bytes:
    """One line from a pipe; what there is of it when the other end closes or patience ends."""
    line, deadline = b"", time.monotonic() + _PATIENCE
    while not line.endswith(b"\n"):
        readable, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        piece = os.read(descriptor, 65536) if readable else b""
        if not piece:
            return b""
        line += piece
    return line


def _join(data_dir: Path, seeds: tuple[DatasetSeed, ...]) -> Address:
    """The address of the sandbox that serves the folder, once it has taken up the seeds."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            document = orjson.loads((data_dir / "address.json").read_bytes())
            _plant(document["base_url"], document["secret"], seeds)
        # A sandbox that starts or ends just now: its file names the port or the secret of an earlier life.
        except (OSError, http.client.HTTPException, orjson.JSONDecodeError) as error:
            if time.monotonic() > deadline or not _is_served(data_dir):
                hint = f"Its own words are in {data_dir / 'sandbox.log'}."
                raise StateError(f"The sandbox does not answer: {error}. Nothing was sent.", hint=hint) from error
            time.sleep(_LOOK_SECONDS)
        else:
            return Address(document["base_url"], document["tenant_id"], document["token"])


def _plant(base_url: str, secret: str, seeds: tuple[DatasetSeed, ...]) -> None:
    origin = urlsplit(base_url)
    connection = http.client.HTTPConnection(origin.hostname or "", origin.port, timeout=_PATIENCE)
    try:
        connection.request("POST", SEEDS_PATH, encode_seeds(seeds), {SECRET_HEADER: secret})
        status = connection.getresponse().status
    finally:
        connection.close()
    if status != http.HTTPStatus.OK:
        raise ConnectionRefusedError(f"it answered {status}")
