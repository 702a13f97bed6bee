"""Text that is read in a western encoding of one byte a character, and is UTF-8 in truth.

Any bytes are text in such an encoding, or nearly any, so nothing else would notice: `Zürich` would go out as `ZÃ¼rich`.
"""

import codecs
import re
from collections.abc import Iterable, Iterator

from bulkimport.errors import SourceError

_WESTERN = frozenset({"cp1252", "iso8859-1", "iso8859-15"})
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_ENOUGH = 2
"""So many different characters, and no byte that speaks against it, are no chance: in a western text it takes a capital
letter with an accent, followed by a symbol, at each and every accent."""


def told_from_utf8(chunks: Iterable[bytes], path: str, encoding: str) -> Iterator[bytes]:
    """The chunks. Raises SourceError at their end if all beyond ASCII in them is UTF-8, and `encoding` is not."""
    if codecs.lookup(encoding).name not in _WESTERN:
        yield from chunks
        return
    decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
    seen: dict[str, None] = {}
    for chunk in chunks:
        if decoder is not None:
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError:
                decoder = None
            else:
                if len(seen) < _ENOUGH and not text.isascii():
                    seen.update(dict.fromkeys(_BEYOND_ASCII.findall(text)))
        yield chunk
    if decoder is not None and len(seen) >= _ENOUGH and not decoder.getstate()[0]:
        one = next(iter(seen))
        wrong = one.encode().decode(encoding, "replace")
        message = (
            f"{path} is UTF-8, not {encoding}: all its characters beyond ASCII are, so {one!r} would become {wrong!r}"
        )
        raise SourceError(message, "Set `encoding: utf-8` for this source.", path)
