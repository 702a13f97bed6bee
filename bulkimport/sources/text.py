"""Bytes as text, in blocks of whole lines; a wrong encoding is an error with its place."""

import codecs
import re
from collections.abc import Iterator
from itertools import chain

from bulkimport.errors import SourceError
from bulkimport.sources.base import Place
from bulkimport.sources.files import SourceFiles
from bulkimport.sources.mistaken import told_from_utf8

MAX_LINE = 64 << 20

_LONG_HINT = "Is this the right file? A text of rows has line ends."
_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_WRONG_ORDER = {"utf-16-le": codecs.BOM_UTF16_BE, "utf-16-be": codecs.BOM_UTF16_LE}
_BEGINNING = 64
_MARK = re.compile("(?:\\A|(?<=[\r\n]))\ufeff")


def _beginning(chunks: Iterator[bytes]) -> bytes:
    """The first bytes, enough to tell an encoding by if there are so many: archives may give them in small pieces."""
    first = b""
    while len(first) < _BEGINNING and (more := next(chunks, b"")):
        first += more
    return first


def utf8_chunks(files: SourceFiles, path: str) -> Iterator[bytes]:
    """The bytes of a JSON file. Raises SourceError if they start as UTF-16 and UTF-32 do."""
    chunks = files.chunks(path)
    first = _beginning(chunks)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in first[:4]:
        hint = "JSON is exchanged in UTF-8 (RFC 8259): have it written so."
        raise Place(path, 1).error("the text is UTF-16 or UTF-32", hint)
    yield first
    yield from chunks


def text_blocks(files: SourceFiles, path: str, encoding: str) -> Iterator[str]:
    """The text of a file in blocks that end with a line (`\\n`, `\\r` or `\\r\\n`, as it stands in the file).

    The last block may lack its line end. A byte order mark is taken off; without one, which of its two byte orders
    `utf-16` means is told from the first bytes. Raises SourceError for bytes that are not `encoding`, for a byte order
    mark of another one or before a later line, for UTF-8 that is to be read as something western, for NUL characters
    and for an encoding that Python does not know.
    """
    chunks = files.chunks(path)
    first = _beginning(chunks)
    decoder = _decoder(encoding, path, first)
    tail: list[str] = []
    lines = fed = held = 0
    for chunk in told_from_utf8(chain([first], chunks), path, encoding):
        try:
            text = decoder.decode(chunk)
        except UnicodeError as error:
            raise _undecodable(
                error, path, encoding, 1 + lines + count_lines("".join(tail)), fed + len(chunk)
            ) from None
        text = text.removeprefix("\ufeff") if fed == 0 else text
        fed += len(chunk)
        if "\0" in text:
            line = 1 + lines + count_lines("".join(tail) + text[: text.index("\0")])
            hint = f"Is the encoding really {encoding}? Files with NUL characters are often utf-16, or damaged."
            raise Place(path, line).error("there is a NUL character, which text does not contain", hint)
        end = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        if not end and not (text and tail and tail[-1].endswith("\r")):
            tail.append(text)
            held += len(text)
            if held > MAX_LINE:
                raise Place(path, lines + 1).error(f"the line does not end within {MAX_LINE} characters", _LONG_HINT)
            continue
        block = "".join((*tail, text[:end]))
        _refuse_marks(block, path, lines)
        tail, held = [text[end:]], len(text) - end
        lines += count_lines(block)
        yield block
    try:
        rest = "".join(tail) + decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise _undecodable(error, path, encoding, 1 + lines + count_lines("".join(tail)), fed) from None
    if rest:
        _refuse_marks(rest, path, lines)
        yield rest


def count_lines(text: str) -> int:
    """The number of line ends in `text`."""
    if "\r" not in text:
        return text.count("\n")
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _decoder(encoding: str, path: str, start: bytes) -> codecs.IncrementalDecoder:
    """What decodes a file that starts with these bytes."""
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)  # refuses codecs that are not text encodings
    except LookupError:
        hint = "Use a name such as utf-8, utf-16, cp1252 or iso-8859-1."
        raise SourceError(f"{path}: there is no text encoding called {encoding!r}", hint, path) from None
    mark = _mark_of(start)
    if mark is not None and not name.startswith("utf-"):  # text of one byte a character may start with any bytes
        raise Place(path, 1).error(
            f"the text starts with a byte order mark of {mark}, so it is not {encoding}", _marked(mark)
        )
    if start.startswith(_WRONG_ORDER.get(name, b"none")):
        hint = "Set `encoding: utf-16` for this source."
        raise Place(path, 1).error(f"the text starts with a byte order mark, and is not {encoding} by that", hint)
    if name == "utf-16" and mark is None:
        name = _byte_order(start, path)
    return codecs.getincrementaldecoder("utf-8-sig" if name == "utf-8" else name)(errors="strict")


def _byte_order(start: bytes, path: str) -> str:
    """Most characters of a header have a zero in their upper byte."""
    upper_first, upper_second = start[0::2].count(0), start[1::2].count(0)
    if upper_first == upper_second:
        hint = "Set `encoding` to utf-16-le (as Windows programs write) or utf-16-be."
        raise Place(path, 1).error("the text has no byte order mark, and its byte order cannot be told", hint)
    return "utf-16-be" if upper_first > upper_second else "utf-16-le"


def _refuse_marks(block: str, path: str, lines: int) -> None:
    """Raises SourceError for a byte order mark at the start of a line after the first; `lines` precede the block."""
    if "\ufeff" in block and (mark := _MARK.search(block)) is not None:
        hint = "Several files were probably put one after the other. Name them in `path` as a list instead."
        line = 1 + lines + count_lines(block[: mark.end()])
        raise Place(path, line).error("there is a byte order mark amid the text", hint)


def _mark_of(start: bytes) -> str | None:
    return next((name for mark, name in _BYTE_ORDER_MARKS.items() if start.startswith(mark)), None)


def _marked(mark: str) -> str:
    return f"The file starts with a byte order mark of {mark}: set `encoding: {mark}` for this source."


def _undecodable(error: UnicodeError, path: str, encoding: str, line: int, fed: int) -> SourceError:
    """`line` is that of the first byte that was being decoded, `fed` the number of bytes given to the decoder."""
    if not isinstance(error, UnicodeDecodeError):
        return SourceError(f"{path}: the text is not {encoding}: {error}", "Set the file's `encoding`.", path)
    offset = fed - len(error.object) + error.start
    line += error.object[: error.start].count(b"\n")
    mark = _mark_of(error.object)
    if offset == 0 and mark is not None:
        hint = _marked(mark)
    else:
        hint = "Set `encoding` to what the file really is (files of Windows programs are often cp1252 or utf-16)."
    found = error.object[error.start : error.start + 1].hex() or "none"
    return Place(path, line).error(f"the byte 0x{found} at offset {offset} is not {encoding} ({error.reason})", hint)
