"""A server that takes uploads and forgets them, as fast as a thread can read: the other end of upload measurements.

python -m tests.bench.sink     prints its port; ends with its input
"""

import re
import socket
import sys
import threading

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def serve(connection: socket.socket) -> None:
    """Answers every PUT with its number of bytes, once all of them have come."""
    buffer = bytearray(1 << 20)
    with connection:
        while head := _head(connection):
            text, body = head
            length = _LENGTH.search(text)
            left = (int(length[1]) if length else 0) - len(body)
            while left > 0 and (count := connection.recv_into(buffer, min(left, len(buffer)))):
                left -= count
            received = b"%d" % (int(length[1]) - left if length else 0)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(received), received))


def _head(connection: socket.socket) -> tuple[bytes, bytes] | None:
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(1 << 16)
        if not part:
            return None
        head += part
    text, _, body = head.partition(b"\r\n\r\n")
    return text, body


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)  # noqa: T201 (read by the benchmark)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
