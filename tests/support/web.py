"""A web server in a thread, for tests that run the whole program: a function answers each request."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Asked(NamedTuple):
    """A request: its target as it came, and its headers by their names in lower case."""

    target: str
    headers: Mapping[str, str]


class Said(NamedTuple):
    """An answer; with a `length` that is not the body's, the connection ends after the body."""

    body: bytes
    media: str = "application/json"
    status: int = 200
    length: int | None = None


@contextmanager
def web_server(respond: Callable[[Asked], Said]) -> Iterator[str]:
    """Its origin; gone at the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = respond(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(said.status)
            self.send_header("Content-Type", said.media)
            self.send_header("Content-Length", str(len(said.body) if said.length is None else said.length))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
