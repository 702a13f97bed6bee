"""Real servers in threads that listen to what the program tells others: a web server and a mail server."""

import asyncio
import email
import email.policy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass(frozen=True)
class Heard:
    """One request; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Listener:
    """A web server: `statuses` are its next answers, after them 200; while `held` is clear it does not answer."""

    address: str = ""
    statuses: list[int] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)

    @property
    def targets(self) -> list[str]:
        return [one.target for one in self.heard]


@contextmanager
def listening(*statuses: int) -> Iterator[Listener]:
    """A web server on loopback that answers so."""
    listener = Listener(statuses=list(statuses))
    listener.held.set()

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            listener.heard.append(Heard(self.command, self.path, headers, body))
            listener.held.wait(60)
            self.send_response(listener.statuses.pop(0) if listener.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        server.block_on_close = False
        listener.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            listener.held.set()
            server.shutdown()
            thread.join()


@dataclass
class Mailbox:
    """A mail server and what it was handed."""

    port: int
    messages: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"

    @property
    def url(self) -> str:
        """How Apprise addresses it."""
        return f"mailto://127.0.0.1:{self.port}?from=bulkimport@here.example&to=ops@here.example&mode=insecure"


def text_of(message: EmailMessage) -> str:
    """A mail's subject and plain text."""
    body = message.get_body(("plain", "html"))
    assert body is not None
    return f"{message['Subject']}\n{body.get_content()}"


class _Controller(Controller):
    """On a port of the system's choice."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd has no types


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """An SMTP server on loopback."""
    box = Mailbox(0)
    controller = _Controller(box, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()
