"""The keys of the payload: noted in the sidecar, looked at for blanks, and hashed for the search for duplicates.

Two keys are the same if their texts are: Orgvue takes values as strings as well, so the number 5 and the text "5" name
one item. The text of a number is the one it has in the payload.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from bulkimport.payload.encode import dumps
from bulkimport.payload.hashes import HashFile
from bulkimport.payload.spool import PrivateFile
from bulkimport.sources import ExactNumber

KeyText = str | tuple[str, ...]
_EXAMPLES = 5


class KeyLedger:
    """Writes the sidecar: one JSON array of keys per batch and line; a composite key is an array of its parts.

    `blank` counts the rows whose key is null, empty or white space, in any of its parts; `blank_examples` are the
    1-based numbers of some of them. Without `hashes`, only the sidecar is written.
    """

    def __init__(self, sidecar: PrivateFile, hashes: HashFile | None) -> None:
        self._sidecar = sidecar
        self._hashes = hashes
        self._rows = 0
        self.blank = 0
        self.blank_examples: list[int] = []

    def add(self, keys: Sequence[Any]) -> None:
        """The keys of one batch: scalars, or a tuple of them for each row."""
        self._sidecar.write(dumps(keys) + b"\n")
        if self._hashes is not None:
            texts = key_texts(keys)
            blank = blank_places(texts)
            if blank:
                self.blank += len(blank)
                self.blank_examples += [self._rows + 1 + index for index in blank][
                    : _EXAMPLES - len(self.blank_examples)
                ]
                places = set(blank)
                texts = [text for index, text in enumerate(texts) if index not in places]
            self._hashes.add(texts)
        self._rows += len(keys)


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


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return value.text if isinstance(value, ExactNumber) else dumps(value).decode()
