"""The expectations of this project's own kinds of value: names, ids, addresses, tokens, paths."""

import codecs
import ipaddress
import re
import uuid

from bulkimport.config.expectations import Expectation, MismatchError, finite_number, text
from bulkimport.model import Secret

TENANT_ID_PATTERN = "^[A-Z][A-Z0-9_]{0,29}$"
_IN_NAMES = r"[^/\\,:*?=\[\]\x00-\x1f\x7f"
NAME_PATTERN = rf"^{_IN_NAMES}\s.+-]({_IN_NAMES}]{{0,62}}{_IN_NAMES}\s])?$"
DATASET_ID_PATTERN = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
TOKEN_PATTERN = "^[!-~]+$"  # noqa: S105 — the shape of a token, not a token
_HOST = r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])"
_LOOPBACK = r"(localhost|127(\.[0-9]{1,3}){3}|\[[0:]+:0*1\])"
_END = "(:[0-9]{1,5})?/?$"
BASE_URL_PATTERN = rf"^sandbox$|^https://{_HOST}{_END}|^http://{_LOOPBACK}{_END}"

_ORIGIN = re.compile(rf"(?P<scheme>https?)://(?P<host>{_HOST})(:(?P<port>[0-9]{{1,5}}))?/?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LARGEST_PORT = 65535


def _base_url(value: str) -> str:
    """`sandbox`, or an origin in lower case without the trailing slash."""
    if value == "sandbox":
        return value
    if set(value) & set("@?#"):
        raise MismatchError("names, passwords and queries do not belong into it", is_secret=True)
    origin = _ORIGIN.fullmatch(value)
    if origin is None:
        raise MismatchError
    host, port = origin["host"].lower(), origin["port"]
    if port is not None and not 0 < int(port) <= _LARGEST_PORT:
        raise MismatchError("which has no such port")
    if origin["scheme"] == "http" and not is_loopback(host):
        raise MismatchError("plain http would show the token to everyone on the way; it is for this machine alone")
    return f"{origin['scheme']}://{host}" + (f":{port}" if port is not None else "")


def is_loopback(host: str) -> bool:
    """Whether a host (IPv6 addresses in brackets) can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _name(value: str) -> str:
    return _matching(value, NAME_PATTERN)


def _tenant_id(value: str) -> str:
    return _matching(value, TENANT_ID_PATTERN)


def _dataset_id(value: str) -> str:
    return str(uuid.UUID(_matching(value, DATASET_ID_PATTERN))).upper()


def parse_token(value: str) -> Secret:
    """Raises MismatchError for what cannot stand in an HTTP header; its text does not show the value."""
    if value.lower().startswith("bearer "):
        raise MismatchError("leave out the word Bearer")
    return Secret(_matching(value, TOKEN_PATTERN))


def _matching(value: str, pattern: str) -> str:
    if not re.fullmatch(pattern.removeprefix("^").removesuffix("$"), value):
        raise MismatchError
    return value


def _path(value: str) -> str:
    if _CONTROL.search(value):
        raise MismatchError("control characters cannot be part of it")
    return value


def _encoding(value: str) -> str:
    try:
        codecs.lookup(value)
        "".encode(value)  # refuses the codecs that do not read text, such as base64
    except (LookupError, ValueError):
        raise MismatchError from None
    return value


def _delimiter(value: str) -> str:
    delimiter = "\t" if value in (r"\t", "tab") else value
    if len(delimiter) != 1 or delimiter in "\r\n\0":
        raise MismatchError
    return delimiter


def _quotechar(value: str) -> str:
    if len(value) != 1 or value in "\r\n\0":
        raise MismatchError
    return value


def _property(value: str) -> str:
    if value.startswith("_"):
        raise MismatchError("names with a leading _, such as _action and _id, are Orgvue's own")
    return value


def _scalar(value: object) -> object:
    if isinstance(value, str | bool):
        return value
    return finite_number(value)


VERSION_WORDS = "1, the only version of this file format"
NAME = text(
    "a name of up to 64 characters, without slashes, colons, commas, equals signs and wildcards", _name, NAME_PATTERN
)
DATASET_ID = text("a UUID such as 6586F21B-AD4D-4D06-A309-712AF47184A2", _dataset_id, DATASET_ID_PATTERN)
TENANT_ID = text(
    "a tenant id: up to 30 capital letters, digits and underscores, a letter first", _tenant_id, TENANT_ID_PATTERN
)
BASE_URL = text(
    "`sandbox` or an https address without a path, such as https://orgvue.eu-west-1.concentra.io",
    _base_url,
    BASE_URL_PATTERN,
)
_TOKEN_TEXT = text("a token without blanks or line breaks", parse_token, TOKEN_PATTERN)
TOKEN = Expectation(_TOKEN_TEXT.words, _TOKEN_TEXT.parse, _TOKEN_TEXT.schema, is_secret=True)
FILE_PATH = text("a path", _path)
ENCODING = text("a text encoding that Python knows, such as utf-8 or cp1252", _encoding)
DELIMITER = text(r"one character (a tab may be written \t or tab)", _delimiter, r"^([^\r\n]|\\t|tab)$")
QUOTECHAR = text("one character", _quotechar, r"^[^\r\n]$")
COLUMN = text("the name of a column")
PROPERTY = text("a property key")
OWN_PROPERTY = text("a property key", _property, "^[^_]")
TAG = text("a tag")
DATASET_NAME = text("the name of a dataset")
MARK = text("a text")
QUERY = text("a query in SQL")
DATE_PATTERN = text("a date pattern such as %d/%m/%Y")
SCALAR = Expectation("a text, a number, true or false", _scalar, {"type": ["string", "number", "boolean"]}).or_null()
