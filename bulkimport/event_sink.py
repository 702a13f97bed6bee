"""Where the limiter and the client leave word of what happens in them."""

from typing import Protocol


class EventSink(Protocol):
    """Told about events as they happen; plain fields only, no URLs."""

    def __call__(self, event: str, /, **fields: object) -> None: ...
