"""Real servers of files on loopback: an object store that speaks S3, and SFTP."""

import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import asyncssh
from anyio.from_thread import start_blocking_portal

USER, PASSWORD = "extract", "sftp-password-4711"
KEY, SECRET = "testing-key-id", "testing-secret-4711"


@dataclass(frozen=True)
class ObjectStore:
    """An S3-compatible server; takes any credentials until `guard` was called."""

    origin: str

    @property
    def options(self) -> dict[str, Any]:
        place = {"endpoint_url": self.origin, "client_kwargs": {"region_name": "us-east-1"}}
        return {**place, "key": KEY, "secret": SECRET}

    def put(self, target: str, data: bytes = b"") -> None:
        """Makes a bucket or an object: `bucket`, `bucket/key`."""
        self._send("PUT", target, data)

    def guard(self) -> None:
        """From now on only known accounts may come in, and there is none."""
        self._send("POST", "moto-api/reset-auth", b"0")

    def _send(self, method: str, target: str, data: bytes) -> None:
        headers = {"Content-Type": "application/octet-stream"}
        with urlopen(Request(f"{self.origin}/{target}", data, headers, method=method)) as answer:
            assert answer.status == 200


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """A process of its own; the port is in what it says when it is ready."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stderr is not None
            ready = next(match for line in process.stderr if (match := re.search(r"http://127\.0\.0\.1:\d+", line)))
            threading.Thread(target=process.stderr.read, daemon=True).start()  # or it would wait for a reader
            yield ObjectStore(ready[0])
        finally:
            process.kill()


@dataclass
class SftpPlace:
    """A server of the files in `folder`; `on_read` sees the file's name, the offset and the connection at each read."""

    folder: Path
    known_hosts: Path
    port: int = 0
    on_read: Callable[[str, int, asyncssh.SSHServerConnection], Any] | None = None
    reads: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"sftp://{USER}@127.0.0.1:{self.port}"

    @property
    def options(self) -> dict[str, Any]:
        return {"password": PASSWORD, "known_hosts": str(self.known_hosts), "client_keys": None}


@contextmanager
def sftp_server(folder: Path) -> Iterator[SftpPlace]:
    """Serves in a thread of its own."""
    folder.mkdir(exist_ok=True)
    place = SftpPlace(folder, folder.with_name(f"{folder.name}.known_hosts"))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_serving(place)):
        yield place


@asynccontextmanager
async def _serving(place: SftpPlace) -> AsyncIterator[None]:
    class Files(asyncssh.SFTPServer):
        def __init__(self, channel: Any) -> None:
            super().__init__(channel, chroot=str(place.folder).encode())
            self._connection = channel.get_connection()

        async def read(self, file_obj: Any, offset: int, size: int) -> bytes:
            place.reads.append(offset)
            if place.on_read is not None:
                await place.on_read(file_obj.name, offset, self._connection)
            return bytes(super().read(file_obj, offset, size))  # type: ignore[arg-type]  # it is a plain method there

    class Door(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == (USER, PASSWORD)

    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen("127.0.0.1", 0, server_host_keys=[key], server_factory=Door, sftp_factory=Files)
    place.port = server.get_port()
    public = key.export_public_key().decode().strip()
    place.known_hosts.write_text(f"[127.0.0.1]:{place.port} {public}\n")
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()
