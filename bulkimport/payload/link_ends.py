"""Links with an end that none of the datasets they join has, found in the keys of all payloads, in bounded memory."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, islice

from bulkimport.model import DanglingEnds
from bulkimport.payload.hashes import HashFile, in_parts
from bulkimport.payload.keys import KeyText, sidecar_texts
from bulkimport.payload.spool import spool_error

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class LinkEndsRequest:
    """`links` is the sidecar of the links' keys, which have the parts `ends`; `sides` are those of the datasets that
    they join, whose keys have one part each. `scratch` is an existing private folder.
    """

    links: str
    ends: tuple[str, ...]
    sides: tuple[str, ...]
    scratch: str


def find_dangling_ends(request: LinkEndsRequest) -> tuple[DanglingEnds, ...]:
    """What each end has that is the key of no row of any side, texts being compared as they are sent; nothing for an
    end without such. Raises StateError."""
    try:
        return _found(request)
    except OSError as error:
        raise spool_error(error, request.scratch) from None


def _found(request: LinkEndsRequest) -> tuple[DanglingEnds, ...]:
    with ExitStack() as stack:
        keys, *ends = (stack.enter_context(HashFile(request.scratch)) for _ in ("", *request.ends))
        for path in request.sides:
            for texts in sidecar_texts(path):
                keys.add(texts)
        for columns in _columns(request.links):
            for end, texts in zip(ends, columns, strict=True):
                end.add(texts)
        counts, suspects = [0] * len(ends), [set[int]() for _ in ends]
        for known, *parts in in_parts(keys, *ends):
            there = set(chain.from_iterable(known))
            for place, pieces in enumerate(parts):
                gone = [value for value in chain.from_iterable(pieces) if value not in there]
                counts[place] += len(gone)
                suspects[place].update(islice(dict.fromkeys(gone), _EXAMPLES - len(suspects[place])))
    examples = _texts(request.links, suspects)
    return tuple(
        DanglingEnds(end=end, links=count, of=file.count, examples=texts)
        for end, file, count, texts in zip(request.ends, ends, counts, examples, strict=True)
        if count
    )


def _columns(links: str) -> Iterator[tuple[tuple[str, ...], ...]]:
    """The parts of the keys, batch by batch."""
    return (tuple(zip(*keys, strict=True)) for keys in sidecar_texts(links))


def _texts(links: str, hashes: list[set[int]]) -> list[tuple[str, ...]]:
    """A text for each hash, in the order of the links."""
    found: list[dict[KeyText, None]] = [{} for _ in hashes]
    if any(hashes):
        for columns in _columns(links):
            for wanted, there, texts in zip(hashes, found, columns, strict=True):
                there.update((text, None) for text in texts if hash(text) in wanted)
    return [tuple(map(str, there)) for there in found]
