"""What was logged, for tests whose only outcome is that."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from typing import Any

import orjson

from bulkimport.log import Redactor, configure


class Log:
    def __init__(self, stream: StringIO) -> None:
        self._stream = stream

    def events(self, count: int) -> list[dict[str, Any]]:
        """The first lines, which another thread writes."""
        while self._stream.getvalue().count("\n") < count:
            time.sleep(0.001)
        return [orjson.loads(line) for line in self._stream.getvalue().splitlines()]


@asynccontextmanager
async def logged() -> AsyncIterator[Log]:
    stream = StringIO()
    output = configure("json", "info", Redactor(), stream=stream)
    try:
        yield Log(stream)
    finally:
        await output.aclose()
