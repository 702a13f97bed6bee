"""A JSON document of any length around the one array in it that is read."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto
from itertools import chain

import orjson

from bulkimport.json_stream import ArrayReader, JsonBlock, JsonStreamError
from bulkimport.json_types import json_type
from bulkimport.wording import quoted

_BOM = b"\xef\xbb\xbf"
_DEEPEST = 1000
_LONGEST = 64 << 20
_NAMES_SHOWN = 20
_TOKEN = re.compile(
    rb"""[ \t\r\n]*+(?:
        (?P<mark>[][{},:])
        | (?P<text>"(?:[^"\\\x00-\x1f]++ | \\(?:["\\/bfnrt] | u[0-9a-fA-F]{4}))*+")
        | (?P<other>(?:-?(?:0 | [1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)? | true | false | null)
          (?=[ \t\r\n,\]}]))
    )""",
    re.VERBOSE,
)
_INCOMPLETE = re.compile(
    rb"""[ \t\r\n]*+(?:
        "(?:[^"\\\x00-\x1f]++ | \\(?:["\\/bfnrt] | u[0-9a-fA-F]{4}))*+(?:\\(?:u[0-9a-fA-F]{0,3})?)?
        | [-+.0-9eE]{1,1000} | [a-z]{1,5}
    )?\Z""",
    re.VERBOSE,
)
_OTHER = object()
_TYPES = {b"{": dict, b"[": list, b'"': str, b"t": bool, b"f": bool, b"n": type(None)}
"""What a value is, by the first byte of its token; all others begin numbers."""


See = Callable[[tuple[str, ...], object], None]
"""Is told of the values in a document: the names on the way, and a text, None for null, or another object."""


class _Next(Enum):
    """What may come next. Within containers, END is the closing bracket."""

    VALUE = auto()
    VALUE_OR_END = auto()
    NAME = auto()
    NAME_OR_END = auto()
    COLON = auto()
    COMMA_OR_END = auto()
    NOTHING = auto()


_EXPECTED = {
    _Next.VALUE: "a value",
    _Next.VALUE_OR_END: "a value or ]",
    _Next.NAME: "a name in quotes",
    _Next.NAME_OR_END: "a name in quotes or }",
    _Next.COLON: "a colon",
    _Next.COMMA_OR_END: "a comma or the end of the object or array",
    _Next.NOTHING: "nothing more",
}


class Outline:
    """Checks what stands in a document around the array that is found under `names`, each a name in an object.

    Takes the document in chunks of any size, up to the array and again from its end on. Memory depends on how deep the
    document is nested and on its longest text. Raises JsonStreamError, with record number 0.

    `see` is told of the values in objects that are in no array and at most `deepest` deep.
    """

    def __init__(self, names: Sequence[str], see: See | None = None, deepest: int = 8) -> None:
        self._names = tuple(names)
        self._see = see
        self._deepest = deepest
        self._way: list[str] = []
        self._pending = b""
        self._offset = 0  # of the first pending byte
        self._enough = 0  # pending bytes before another look is worth while
        self._started = False
        self._stack: list[bytes] = []
        self._next = _Next.VALUE
        self._entered = 0  # how many of the names lead to where we are; the containers around are theirs, if no more
        self._leads_on = False  # the value that comes is under the next of the names
        self._reached: set[int] = set()
        self._seen: list[str] = []  # names beside the one that was not found, of the deepest object on the way

    def feed(self, chunk: bytes) -> tuple[int, bytes] | None:
        """If the array begins: its 0-based place in the document, and what was fed from there on.

        A long text may be held back until more of it is there; an empty chunk asks for what there is.
        """
        self._pending += chunk
        if not self._started and not self._start():
            return None
        if chunk and len(self._pending) < self._enough:
            return None
        position = 0
        while (token := _TOKEN.match(self._pending, position)) is not None:
            text = token[token.lastgroup or 0]
            start = token.end() - len(text)
            if self._take(text, self._offset + start):
                return self._offset + start, self._pending[start:]
            position = token.end()
        self._drop(position)
        if _INCOMPLETE.match(self._pending) is None or len(self._pending) > _LONGEST:
            shift = len(self._pending) - len(self._pending.lstrip(b" \t\r\n"))
            raise self._unexpected(self._pending[shift : shift + 12], self._offset + shift)
        self._enough = 2 * len(self._pending)
        return None

    def resume(self, fed: int, rest: bytes) -> None:
        """Goes on behind the array, with the `rest` of the first `fed` bytes of the document."""
        self._pending, self._offset, self._enough = b"", fed - len(rest), 0
        self._next = _Next.COMMA_OR_END
        self.feed(rest)

    def close(self) -> None:
        """At the end of the document."""
        self.feed(b"")
        if self._next is _Next.NOTHING and (rest := self._pending.strip(b" \t\r\n")):
            raise self._unexpected(rest, self._offset + self._pending.index(rest))
        if self._next is not _Next.NOTHING:
            what = "the text ends before the document does; it was cut short" if self._started else "the text is empty"
            raise JsonStreamError(self._offset + len(self._pending), 0, what)
        if len(self._names) not in self._reached:
            raise self._missing()

    def _start(self) -> bool:
        """Takes the byte order mark off."""
        if len(self._pending) < len(_BOM) and _BOM.startswith(self._pending):
            return False
        if self._pending.startswith(_BOM):
            self._drop(len(_BOM))
        self._started = True
        return True

    def _drop(self, count: int) -> None:
        self._pending = self._pending[count:]
        self._offset += count

    def _take(self, token: bytes, offset: int) -> bool:
        """One token; whether it is the bracket of the array that is looked for."""
        match self._next:
            case _Next.NAME | _Next.NAME_OR_END if token[:1] == b'"':
                self._name(token, offset)
            case _Next.COLON if token == b":":
                self._next = _Next.VALUE
            case _Next.COMMA_OR_END if token == b",":
                self._next = _Next.NAME if self._stack[-1] == b"{" else _Next.VALUE
            case _Next.COMMA_OR_END | _Next.NAME_OR_END if token == b"}" and self._stack[-1] == b"{":
                self._leave()
            case _Next.COMMA_OR_END | _Next.VALUE_OR_END if token == b"]" and self._stack[-1] == b"[":
                self._leave()
            case _Next.VALUE | _Next.VALUE_OR_END if token not in b"]},:":
                return self._value(token, offset)
            case _:
                raise self._unexpected(token, offset)
        return False

    def _name(self, token: bytes, offset: int) -> None:
        self._next = _Next.COLON
        _decoded(token, offset)
        depth = len(self._stack)
        if self._see is not None and self._is_seen(depth):
            self._way[depth - 1 :] = [_text(token)]
        if depth != self._entered + 1 or depth > len(self._names):
            return
        name = _text(token)
        if name != self._names[depth - 1]:
            if depth == len(self._reached) + 1 and len(self._seen) <= _NAMES_SHOWN:
                self._seen.append(name)
        elif depth in self._reached:
            raise JsonStreamError(
                offset, 0, f"{self._shown(depth)} is there more than once; which is meant is not known"
            )
        else:
            self._leads_on = True

    def _value(self, token: bytes, offset: int) -> bool:
        if not self._stack and token != b"{":
            kind = "an array" if token == b"[" else "a plain value"
            raise JsonStreamError(offset, 0, f"the document is {kind}; expected an object with {self._shown(1)} in it")
        if self._see is not None and self._stack and self._is_seen(len(self._stack)):
            value = _text(token) if token[:1] == b'"' else None if token == b"null" else _OTHER
            self._see(tuple(self._way), value)
        leads_on, self._leads_on = self._leads_on, False
        self._next = _Next.COMMA_OR_END
        if leads_on:
            depth = len(self._stack)
            self._reached.add(depth)
            wanted = b"[" if depth == len(self._names) else b"{"
            if token != wanted:
                kind = json_type(_TYPES.get(token[:1], float))
                expected = "an array of objects" if wanted == b"[" else f"an object with {self._shown(depth + 1)} in it"
                raise JsonStreamError(offset, 0, f"{self._shown(depth)} is {kind}; expected {expected}")
            if wanted == b"[":
                return True
            self._entered = depth
            self._seen = []
        if token[:1] == b'"':
            _decoded(token, offset)
        elif token in (b"{", b"["):
            self._stack.append(token)
            self._next = _Next.NAME_OR_END if token == b"{" else _Next.VALUE_OR_END
            if len(self._stack) > _DEEPEST:
                raise JsonStreamError(offset, 0, f"the document is nested more than {_DEEPEST} deep")
        return False

    def _is_seen(self, depth: int) -> bool:
        return depth <= self._deepest and b"[" not in self._stack

    def _leave(self) -> None:
        self._stack.pop()
        self._entered = min(self._entered, max(0, len(self._stack) - 1))
        self._next = _Next.COMMA_OR_END if self._stack else _Next.NOTHING

    def _shown(self, depth: int) -> str:
        return repr(".".join(self._names[:depth]))

    def _missing(self) -> JsonStreamError:
        depth = len(self._reached)
        where = f"{self._shown(depth)} has" if depth else "the document has"
        names = ", ".join(map(repr, self._seen[:_NAMES_SHOWN])) or "nothing"
        more = " and more" if len(self._seen) > _NAMES_SHOWN else ""
        found = f"no {self._names[depth]!r}, but {names}{more}"
        return JsonStreamError(self._offset, 0, f"there is no {self._shown(len(self._names))}: {where} {found}")

    def _unexpected(self, found: bytes, offset: int) -> JsonStreamError:
        return JsonStreamError(offset, 0, f"expected {_EXPECTED[self._next]}, found {quoted(found[:12])}")


def blocks_at(
    chunks: Iterable[bytes], names: Sequence[str], block_size: int, see: See | None = None
) -> Iterator[JsonBlock]:
    """The array under `names` in the document whose bytes are `chunks`, in blocks; the rest of it is checked as well.

    Raises JsonStreamError; its record number is 0 where the error is not in the array.
    """
    outline = Outline(names, see)
    reader: ArrayReader | None = None
    fed = 0
    for chunk in chain(chunks, [b""]):
        fed += len(chunk)
        if reader is None:
            found = outline.feed(chunk)
            if found is not None:
                begin, rest = found
                reader = ArrayReader(block_size, within=begin)
                yield from reader.feed(rest)
        elif not reader.ended:
            yield from reader.feed(chunk)
        else:
            outline.feed(chunk)
            continue
        if reader is not None and reader.ended:
            outline.resume(fed, reader.rest)
    if reader is not None and not reader.ended:
        yield from reader.close()
        outline.resume(fed, reader.rest)
    outline.close()


def _text(token: bytes) -> str:
    """What a text in quotes says, which is UTF-8."""
    if b"\\" not in token:
        return token[1:-1].decode()
    try:
        return str(orjson.loads(token))
    except orjson.JSONDecodeError:  # half of a surrogate pair, which no name that anybody looks for has
        return token[1:-1].decode()


def _decoded(token: bytes, offset: int) -> None:
    try:
        token.decode()
    except UnicodeDecodeError as error:
        raise JsonStreamError(offset + error.start, 0, "the text is not UTF-8") from None
