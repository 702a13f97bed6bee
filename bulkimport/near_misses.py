"""What a misspelt word was meant to be."""

import difflib
import re
from collections.abc import Iterable

_MOST = 3
_CUTOFF = 0.5


def near_misses(wrong: str, known: Iterable[str]) -> list[str]:
    """The known words that may have been meant, the likeliest first. Case, blanks and punctuation count for nothing."""
    spellings: dict[str, list[str]] = {}
    for word in known:
        spellings.setdefault(_plain(word), []).append(word)
    close = difflib.get_close_matches(_plain(wrong), spellings, n=_MOST, cutoff=_CUTOFF)
    return [word for plain in close for word in spellings[plain]]


def _plain(word: str) -> str:
    return re.sub(r"[\W_]+", "", word).casefold() or word
