"""Values that may be secrets: which of them are, and mappings that hold some beside others.

Kept as a `Secret` is what comes from the environment, and what stands under a key that says so: everything else may be
shown, and has to be, where it is a word of every other message (`json`, `eu-west-1`).
"""

import re
from collections.abc import Mapping

from bulkimport.config.expectations import Expectation, JsonSchema, MismatchError, keep_zeros
from bulkimport.config.scalars import FromEnvironment, scalar_value
from bulkimport.config.values import HEADER_NAME_PATTERN
from bulkimport.model import Opaque, Secret

_SECRET_NAME = re.compile(r"auth|cookie|credential|key|pass|pwd|secret|sig|token", re.IGNORECASE)
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]*")
_NOT_OURS = frozenset({"accept-encoding", "connection", "content-length", "host", "transfer-encoding"})


def _opaque(name: str, text: str) -> Opaque:
    """The text under a name, as a secret if it may be one."""
    is_secret = isinstance(text, FromEnvironment) or _SECRET_NAME.search(name) is not None
    return Secret(str(text)) if is_secret else str(text)


def _options(value: object) -> dict[str, object]:
    return {str(name): _option(str(name), inner) for name, inner in _mapping(value).items()}


def _option(name: str, value: object) -> object:
    match value:
        case Mapping():
            return _options(value)
        case list():
            return [_option(name, item) for item in value]
        case str():
            may_be_shown = isinstance(value, FromEnvironment) and not _SECRET_NAME.search(name)
            plain = scalar_value(value) if may_be_shown else value
            return plain if isinstance(plain, bool | int | float) else _opaque(name, value)
        case _:
            return value


def _params(value: object) -> dict[str, Opaque]:
    return {str(name): _parameter(str(name), inner) for name, inner in _mapping(value).items()}


def _parameter(name: str, value: object) -> Opaque:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            keep_zeros(value)
            return str(value)
        case str():
            return _opaque(name, value)
        case _:
            raise MismatchError(f"{name} is none of these", is_secret=True)


def _headers(value: object) -> dict[str, Opaque]:
    headers = {name: _parameter(name, inner) for name, inner in _mapping(value).items()}
    for name, text in headers.items():
        if not re.fullmatch(HEADER_NAME_PATTERN, name):
            raise MismatchError("a header's name has letters, digits and hyphens", is_secret=True)
        if name.lower() in _NOT_OURS:
            raise MismatchError(f"{name} is made by the program itself", is_secret=True)
        if not _HEADER_VALUE.fullmatch(text.reveal() if isinstance(text, Secret) else text):
            raise MismatchError(f"{name} has characters that cannot be sent, such as a line break", is_secret=True)
    return headers


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise MismatchError(is_secret=True)
    return value


def _any_name(of: JsonSchema) -> JsonSchema:
    return {"type": "object", "additionalProperties": of}


_SCALARS: JsonSchema = {"type": ["string", "number", "boolean"]}
OPTIONS = Expectation("a mapping of options to values", _options, _any_name({}), is_secret=True)
PARAMS = Expectation(
    "a mapping of names to texts, numbers, true or false",
    _params,
    _any_name(_SCALARS),
    is_secret=True,
)
HEADERS = Expectation("a mapping of names to texts", _headers, _any_name(_SCALARS), is_secret=True)
