"""The keys of the payload: noted in the sidecar, looked at for blanks, and hashed for the search for duplicates.

Two keys are the same if their texts are: Orgvue takes values as strings as well, so the number 5 and the text "5" name
one item. All spellings of a number have one text; a text is as it is.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from operator import lt
from pathlib import Path
from typing import Any

from bulkimport.payload.encode import dumps
from bulkimport.payload.hashes import HashFile
from bulkimport.payload.numbers import one_spelling
from bulkimport.payload.spool import PrivateFile
from bulkimport.sources import ExactNumber

KeyText = str | tuple[str, ...]
_EXAMPLES = 5


class TextKeys(ABC):
    """Keys of one batch that are texts, not (yet) a list of them."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def json(self) -> bytes:
        """A JSON array of the keys."""

    @abstractmethod
    def texts(self) -> list[str]: ...

    @abstractmethod
    def surely_filled(self) -> bool:
        """Whether a quick look shows that none is blank."""

    @abstractmethod
    def ascend(self) -> bool:
        """Whether each is greater than the one before."""

    @abstractmethod
    def ends(self) -> tuple[str, str]:
        """The first and the last."""


class KeyLedger:
    """Writes the sidecar: one JSON array of keys per batch and line; a composite key is an array of its parts.

    `blank` counts the rows whose key is null, empty or white space, in any of its parts; `blank_examples` are the
    1-based numbers of some of them. Without `hashes`, only the sidecar is written. As long as each key is greater than
    the one before, as in many an extract, none can be there twice, and nothing is hashed.
    """

    def __init__(self, sidecar: PrivateFile, hashes: HashFile | None) -> None:
        self._sidecar = sidecar
        self._hashes = hashes
        self._rows = 0
        self._last: str | None = ""  # None once a key was not greater
        self.blank = 0
        self.blank_examples: list[int] = []

    def add(self, keys: Sequence[Any] | TextKeys) -> None:
        """The keys of one batch: scalars, or a tuple of them for each row."""
        if self._hashes is not None:
            self._look_at(keys, self._hashes)
        self._sidecar.write((keys.json() if isinstance(keys, TextKeys) else dumps(keys)) + b"\n")
        self._rows += len(keys)

    def _look_at(self, keys: Sequence[Any] | TextKeys, hashes: HashFile) -> None:
        if self._last is not None:
            self._last = _last_of_ascending(keys, self._last)
            if self._last is not None:
                return
            for earlier in sidecar_texts(self._sidecar.path):
                hashes.add(earlier)
        texts = all_texts(keys)
        blank = blank_places(texts)
        if blank:
            self.blank += len(blank)
            self.blank_examples += [self._rows + 1 + index for index in blank][: _EXAMPLES - len(self.blank_examples)]
            places = set(blank)
            texts = [text for index, text in enumerate(texts) if index not in places]
        hashes.add(texts)


def sidecar_texts(path: str) -> Iterator[Sequence[KeyText]]:
    """The texts of the keys in a sidecar, batch by batch. Raises OSError."""
    with Path(path).open("rb") as file:
        for line in file:
            yield key_texts(json.loads(line, parse_int=one_spelling, parse_float=one_spelling))


def blank_count(keys: Sequence[Any] | TextKeys) -> int:
    """How many are null, empty or white space."""
    return 0 if isinstance(keys, TextKeys) and keys.surely_filled() else len(blank_places(all_texts(keys)))


def all_texts(keys: Sequence[Any] | TextKeys) -> Sequence[KeyText]:
    return keys.texts() if isinstance(keys, TextKeys) else key_texts(keys)


def key_texts(keys: Sequence[Any]) -> Sequence[KeyText]:
    """The text of each key; that of null is empty."""
    if isinstance(keys[0], tuple | list):
        if {str}.issuperset(map(type, chain.from_iterable(keys))):
            return list(map(tuple, keys))
        return [tuple(map(_text, key)) for key in keys]
    return keys if {str}.issuperset(map(type, keys)) else list(map(_text, keys))


def blank_places(texts: Sequence[KeyText]) -> list[int]:
    """The 0-based places of the texts that are blank, in any of their parts."""
    if not texts:
        return []
    if isinstance(texts[0], tuple):
        if all(map(str.strip, chain.from_iterable(texts))):
            return []
        return [index for index, parts in enumerate(texts) if not all(map(str.strip, parts))]
    if all(map(str.strip, texts)):  # type: ignore[arg-type]  # one kind of key per payload, and the first is a text
        return []
    return [index for index, text in enumerate(texts) if not text.strip()]  # type: ignore[union-attr]  # as above


def _last_of_ascending(keys: Sequence[Any] | TextKeys, before: str) -> str | None:
    """The last key, if none is blank and each is greater than the one before, the first than `before`; else None."""
    if isinstance(keys, TextKeys):
        first, last = keys.ends()
        return last if before < first and keys.surely_filled() and keys.ascend() else None
    texts = key_texts(keys)
    ordered = isinstance(texts[0], str) and before < texts[0] and all(map(lt, texts, islice(texts, 1, None)))
    return str(texts[-1]) if ordered and not blank_places(texts) else None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, ExactNumber):
        return one_spelling(value.text)
    return one_spelling(dumps(value).decode()) if type(value) is float else dumps(value).decode()
