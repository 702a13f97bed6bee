"""Takes secrets out of everything that is logged, printed or reported."""

import base64
import dataclasses
import json
import math
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from enum import Enum
from pathlib import PurePath
from typing import Any
from urllib.parse import unquote, urlsplit

from bulkimport.clock import timestamp
from bulkimport.model import Secret

MARK = "[redacted]"
MIN_SECRET_LENGTH = 4  # hiding anything shorter would garble every sentence and protect nothing

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]

_MAX_DEPTH = 8
_MIN_URL_PATH = 12
_MIN_BASE64_CORE = 8
_BACKSLASHES = r"\\{1,256}+"  # possessive: a run of them is matched in one way only
_HIDDEN_URL = (
    r"""\b(https?):(?:\\{0,8}/){2}(?:[^\s/?#"'<>@]*+@)?([^\s/?#"'<>\\]*+)[^\s"<>?]*+\?[^\s"<>]*"""
    r"""[^\s"<>'),.;\]}\\]"""  # at the end of a sentence or a repr, it does not own the punctuation
)


def _rule(pattern: str, replacement: str) -> tuple[re.Pattern[str], str]:
    return re.compile(pattern, re.IGNORECASE), replacement


_RULES = (
    # A URL with a query may be presigned: neither its query nor its path is anybody's business.
    _rule(_HIDDEN_URL, rf"\1://\2/…?{MARK}"),
    # The same, percent-encoded (once or more) as a part of another URL or form.
    _rule(
        r"""\bhttps?%(?:25)*3A(?:%(?:25)*2F){2}[^\s"'<>&?%]*+(?:%(?!(?:25)*3F)[^\s"'<>&?%]*+)*+%(?:25)*3F[^\s"'<>&]*""",
        MARK,
    ),
    # A user and password in front of the host.
    _rule(r"""\b(https?:(?:\\{0,8}/){2})[^\s/?#"'<>@]++@""", rf"\1{MARK}@"),
    # Signatures that lost their URL: in a query, a header or the repr of a dict.
    _rule(
        r"""\b(x-(?:amz|goog|ms)-[a-z0-9-]{1,64}+)((?:\\{0,8}["'])?\s*(?:=|:|%(?:25)*3D)\s*(?:\\{0,8}["'])?)[^\s"'&,;<>)}\]]+""",
        rf"\1\2{MARK}",
    ),
    _rule(r"""([?&][a-z0-9_.-]*(?:token|sig|signature|credential|secret|password|key)=)[^\s"'&<>]+""", rf"\1{MARK}"),
    _rule(r"""\b(authorization\\{0,8}["']?\s*[:=]\s*\\{0,8}["']?)(?:\w+\s+)?[^\s"',}\])]+""", rf"\1{MARK}"),
    _rule(r"\b(bearer(?:\s|%20|\+)+)[a-z0-9._~+/=%-]{16,}", rf"\1{MARK}"),
    # A JWT, whole or cut short.
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}"), MARK),
)


class Redactor:
    """Knows the secrets of a run; also a structlog processor.

    Besides the registered texts, in the spellings in which they may turn up (percent-encoded, escaped for JSON or
    Python, inside Base64), it hides what looks like a secret: URLs with a query, signatures, bearer tokens, JWTs.
    """

    def __init__(self, secrets: Iterable[str | Secret] = ()) -> None:
        self._patterns: dict[str, str] = {}
        self._known: re.Pattern[str] | None = None
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str | Secret) -> None:
        """From now on hides this text; blank ones and those below `MIN_SECRET_LENGTH` characters are ignored."""
        text = (secret.reveal() if isinstance(secret, Secret) else secret).strip()
        if len(text) < MIN_SECRET_LENGTH or text in self._patterns:
            return
        spellings = [_spellings(text), *map(re.escape, _base64_cores(text))]
        self._patterns[text] = "|".join(spellings)
        longest_first = sorted(self._patterns, key=len, reverse=True)  # a secret within another leaves no rest of it
        self._known = re.compile("|".join(self._patterns[known] for known in longest_first))

    def add_url(self, url: str | Secret) -> None:
        """Hides a URL that is a secret as a whole, and by themselves its password and its path with query, which
        others may quote; a short path tells nothing and may be a common word."""
        text = (url.reveal() if isinstance(url, Secret) else url).strip()
        self.add(text)
        parts = urlsplit(text)
        self.add(unquote(parts.netloc.rpartition("@")[0].partition(":")[2]))
        target = parts._replace(scheme="", netloc="", fragment="").geturl().strip("/")
        if len(target) >= _MIN_URL_PATH:
            self.add(target)

    def text(self, text: str) -> str:
        """The text without secrets; a text that holds none comes back unchanged."""
        if self._known is not None:
            text = self._known.sub(MARK, text)
        for pattern, replacement in _RULES:
            text = pattern.sub(replacement, text)
        return text

    def value(self, value: object) -> Plain:
        """Any value as plain data (what JSON can hold) without secrets. Never raises."""
        try:
            return self._value(value, _MAX_DEPTH)
        except Exception:  # noqa: BLE001 — a foreign collection may do anything, and a log line must not fail
            return _unshowable(value)

    def __call__(self, _logger: object, _method: str, event_dict: Mapping[str, Any]) -> dict[str, Any]:
        return {self.text(str(key)): self.value(value) for key, value in event_dict.items()}

    def __repr__(self) -> str:
        return f"Redactor({len(self._patterns)} secrets)"

    def _value(self, value: object, depth: int) -> Plain:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float) and not isinstance(value, Enum):
            return self._number(value)
        if depth and isinstance(value, Mapping):
            return {self.text(_shown(key)): self._value(inner, depth - 1) for key, inner in value.items()}
        if depth and isinstance(value, list | tuple | AbstractSet):
            return [self._value(inner, depth - 1) for inner in value]
        return self.text(_shown(value))

    def _number(self, value: int | float) -> Plain:
        try:
            shown = repr(value)
        except ValueError:  # an integer of more digits than Python converts
            return "a very large number"
        if self._known is not None and self._known.search(shown):
            return MARK
        return value if math.isfinite(value) else shown


def _shown(value: object) -> str:
    """A value that is neither a number nor a collection as text."""
    try:
        match value:
            case Enum():
                return str(value.value)
            case str() | PurePath():
                return str(value)
            case bytes() | bytearray():
                return value.decode("utf-8", "backslashreplace")
            case BaseException():
                text = str(value)
                return f"{type(value).__name__}: {text}" if text else type(value).__name__
            case datetime():
                return timestamp(value) if value.tzinfo else value.isoformat()
            case _ if dataclasses.is_dataclass(value):
                return repr(value)
            case _:
                return str(value)
    except Exception:  # noqa: BLE001 — a foreign __str__ may do anything, and a log line must not fail
        return _unshowable(value)


def _unshowable(value: object) -> str:
    return f"<{type(value).__name__} that cannot be shown>"


def _spellings(secret: str) -> str:
    """A pattern for the secret in every spelling that quoting and escaping give it. Takes linear time to fail."""
    return "".join(map(_part_pattern, re.findall(r"\\+|[^\\]", secret)))


def _part_pattern(part: str) -> str:
    """A run of backslashes, or any other character."""
    if part.isascii() and part.isalnum():
        return part
    if part.startswith("\\"):
        return rf"(?:{_BACKSLASHES}|(?:%(?:25)*5[cC])++)"
    spellings = {part, json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1], repr(part)[1:-1]}
    if part == " ":
        spellings.add("+")
    patterns = [_nested(spelling) for spelling in sorted(spellings, key=len, reverse=True)]
    encoded = "".join(f"%(?:25)*(?i:{byte:02x})" for byte in part.encode("utf-8", "surrogatepass"))
    return f"(?:{'|'.join([*patterns, encoded])})"


def _nested(spelling: str) -> str:
    """The spelling as it looks in text quoted within quoted text: backslashes are doubled, and others come in front.

    None at all in front will do, because a backslash of the secret right before may have taken them all.
    """
    parts = [part for part in re.split(r"(\\+)", spelling) if part]
    if parts[0].startswith("\\"):
        del parts[0]
    return r"\\{0,256}+" + "".join(_BACKSLASHES if part.startswith("\\") else re.escape(part) for part in parts)


def _base64_cores(secret: str) -> set[str]:
    """What the secret contributes to the Base64 of any text that holds it, for each of its three alignments."""
    data = secret.encode("utf-8", "surrogatepass")
    cores = set()
    for before in range(3):
        whole = base64.b64encode(bytes(before) + data).decode("ascii")
        first = -(-8 * before // 6)
        last = 8 * (before + len(data)) // 6  # characters that depend on what follows are left out
        core = whole[first:last]
        if len(core) >= _MIN_BASE64_CORE:
            cores |= {core, core.replace("+", "-").replace("/", "_")}
    return cores
