"""The mappings that a Python function yields. This runs in the child of `apart`: the code is not ours."""

import importlib
import inspect
import sys
import traceback
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import anyio

from bulkimport.errors import SourceError
from bulkimport.near_misses import near_misses
from bulkimport.sources.landing_file import LandingError
from bulkimport.sources.typed import BATCH, TypedRows
from bulkimport.wording import counted, printable

_LONGEST = 500
_YIELD_HINT = "The function has to yield one mapping of column names to values for each row."


def write_items(details: Mapping[str, Any], rows: TypedRows) -> tuple[str, ...] | None:
    """Calls the function and writes all that it yields; the columns are those of all rows together.

    Raises SourceError for whatever the function raises and for what is no row, and LandingError.
    """
    function, folder = details["function"], details["folder"]
    sys.path.insert(0, folder)
    items = _Items(function, rows)
    try:
        found = _found(function)(**details["arguments"])
        if isinstance(found, Awaitable) or hasattr(found, "__aiter__"):
            anyio.run(items.take_asynchronously, found)
        else:
            items.take_all(found)
    except (Exception, SystemExit) as error:
        if error is items.own_error:
            raise
        raise _raised(function, folder, items.count, error) from None
    return tuple(items.columns) or None


class _Items:
    """Takes rows one by one and writes them in batches. An error of writing is `own_error`."""

    def __init__(self, function: str, rows: TypedRows) -> None:
        self._function = function
        self._rows = rows
        self._batch: list[dict[str, object]] = []
        self.columns: dict[str, None] = {}
        self.count = 0
        self.own_error: BaseException | None = None

    async def take_asynchronously(self, found: Any) -> None:
        if isinstance(found, Awaitable):
            found = await found
        if not isinstance(found, AsyncIterable):
            self.take_all(found)
            return
        async for item in found:
            self._take(item)
        self._flush()

    def take_all(self, found: Any) -> None:
        if isinstance(found, Mapping | str | bytes) or not isinstance(found, Iterable):
            self._fail(f"{self._function} returned {_kind(found)} where several rows were expected")
        for item in found:
            self._take(item)
        self._flush()

    def _take(self, item: Any) -> None:
        self.count += 1
        if not isinstance(item, Mapping):
            self._fail(f"{self._function}, row {self.count}: is {_kind(item)}, not a mapping")
        row = dict(item)
        if not self.columns.keys() >= row.keys():
            for name in row:
                if not isinstance(name, str) or not name:
                    self._fail(f"{self._function}, row {self.count}: {name!r} cannot be the name of a column")
            self.columns.update(dict.fromkeys(row))
        self._batch.append(row)
        if len(self._batch) == BATCH:
            self._flush()

    def _flush(self) -> None:
        try:
            self._rows.write(self._batch)
        except (SourceError, LandingError) as error:
            self.own_error = error
            raise
        self._batch.clear()

    def _fail(self, message: str) -> None:
        self.own_error = SourceError(message, _YIELD_HINT, self._function, self.count or None)
        raise self.own_error


def _found(function: str) -> Callable[..., Any]:
    module_name, _, name = function.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        hint = "It is looked for beside the configuration file, and among what is installed."
        raise SourceError(f"There is no Python module {error.name}, which `python: {function}` names", hint) from None
    found: Callable[..., Any] | None = getattr(module, name, None)
    if found is None or not callable(found):
        public = [each for each, value in vars(module).items() if inspect.isfunction(value) and each[0] != "_"]
        near = ", ".join(near_misses(name, public) or public[:10])
        hint = f"It has {near}." if near else "Correct `python`, or the module."
        raise SourceError(f"The Python module {module_name} has no function {name}", hint)
    return found


def _raised(function: str, folder: str, count: int, error: BaseException) -> SourceError:
    """The error for an exception of the function, with the last line of its own code that led there."""
    if isinstance(error, SourceError):
        return error
    text = printable("".join(traceback.format_exception_only(error)))
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    after = f" after {counted(count, 'row')}" if count else ""
    hint = "Correct the function, or what it reads."
    return SourceError(f"{function} failed{after}: {text}{_place(folder, error)}", hint, function)


def _place(folder: str, error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return ""  # its text says where
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    ours = Path(__file__).parents[1]
    foreign = [frame for frame in frames if not Path(frame.filename).is_relative_to(ours)]
    if not (found := own or foreign):
        return ""
    last = found[-1]
    return f" ({Path(last.filename).name}, line {last.lineno}, in {last.name})"


def _kind(value: object) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
