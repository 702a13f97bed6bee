"""The expectations of this project's own kinds of value: names, ids, addresses, tokens, paths."""

import codecs
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from bulkimport.config.expectations import (
    Expectation,
    MismatchError,
    any_text,
    finite_number,
    keep_zeros,
    text,
    whole_number,
)
from bulkimport.config.scalars import FromEnvironment
from bulkimport.hosts import is_loopback
from bulkimport.model import Secret
from bulkimport.sources.extract import compile_pattern

TENANT_ID_PATTERN = "^[A-Z][A-Z0-9_]{0,29}$"
_IN_NAMES = r"[^/\\,:*?=\[\]\x00-\x1f\x7f"
NAME_PATTERN = rf"^{_IN_NAMES}\s.+-]({_IN_NAMES}]{{0,62}}{_IN_NAMES}\s])?$"
DATASET_ID_PATTERN = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
TOKEN_PATTERN = "^[!-~]+$"  # noqa: S105 — the shape of a token, not a token
_HOST = r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])"
_LOOPBACK = r"(localhost|127(\.[0-9]{1,3}){3}|\[[0:]+:0*1\])"
_SEGMENT = r"(?:[^.\\]|\\[.\\])+"
_WAY = rf"{_SEGMENT}(\.{_SEGMENT})*"
_END = "(:[0-9]{1,5})?/?$"
FUNCTION_PATTERN = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"
PARAMETER_PATTERN = r"^[A-Za-z_]\w*$"
DATABASE_URL_PATTERN = r"^[A-Za-z][A-Za-z0-9_+]*://"
BASE_URL_PATTERN = rf"^sandbox$|^https://{_HOST}{_END}|^http://{_LOOPBACK}{_END}"

CHANNEL_URL_PATTERN = "^[A-Za-z][A-Za-z0-9+.-]*://[!-~]+$"
WEB_URL_PATTERN = "^https?://[!-~]+$"
HEADER_NAME_PATTERN = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
HEADER_VALUE_PATTERN = "^[!-~]([ -~]*[!-~])?$"

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


def _name(value: str) -> str:
    return _matching(value, NAME_PATTERN)


def _tenant_id(value: str) -> str:
    return _matching(value, TENANT_ID_PATTERN)


def _dataset_id(value: str) -> str:
    return str(uuid.UUID(_matching(value, DATASET_ID_PATTERN))).upper()


def parse_token(value: str) -> Secret:
    """Raises MismatchError for what cannot stand in an HTTP header; its text does not show the value."""
    if not value:
        raise MismatchError("it is empty: does the variable have a value?")
    if value.lower().startswith("bearer "):
        raise MismatchError("leave out the word Bearer")
    place, odd = next(((at, char) for at, char in enumerate(value, 1) if not "!" <= char <= "~"), (0, ""))
    if odd.isascii() and odd:
        raise MismatchError(f"character {place} of {len(value)} is white space or a control character")
    if odd:  # most often a sign that some program has put in place of a plain one, or one that cannot be seen
        raise MismatchError(
            f"character {place} of {len(value)} is outside ASCII: copy the token again from where it was issued"
        )
    return Secret(_matching(value, TOKEN_PATTERN))


def _matching(value: str, pattern: str) -> str:
    if not re.fullmatch(pattern.removeprefix("^").removesuffix("$"), value):
        raise MismatchError
    return value


def _path(value: str) -> str:
    if _CONTROL.search(value):
        raise MismatchError("control characters cannot be part of it")
    return value


def parse_channel_url(value: str) -> Secret:
    """Raises MismatchError for what is no URL at all; which services there are, `outlets` asks."""
    return Secret(_matching(value.strip(), CHANNEL_URL_PATTERN))


def parse_web_url(value: str) -> Secret:
    """Raises MismatchError for what is no http address; its text does not show the value."""
    url = _matching(value.strip(), WEB_URL_PATTERN)
    if not _host_of(url):
        raise MismatchError
    return Secret(url)


def _otlp_endpoint(value: str) -> str:
    if set(value) & set("@?#"):
        raise MismatchError("names, passwords and queries do not belong into it: use `headers`", is_secret=True)
    if not _host_of(_matching(value, WEB_URL_PATTERN)):
        raise MismatchError
    return value.rstrip("/")


def _host_of(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for what is no port
        return parts.hostname
    except ValueError:
        return None


def _header_name(value: str) -> str:
    if not re.fullmatch(HEADER_NAME_PATTERN, value):
        raise MismatchError("it has letters, digits and hyphens")
    return value


def _header_value(value: str) -> Secret:
    return Secret(_matching(value, HEADER_VALUE_PATTERN))


def _prom_file(value: str) -> str:
    if not value.endswith(".prom"):
        raise MismatchError("node_exporter reads only files whose name ends in .prom")
    return _path(value)


def _secret(words: str, parse: Callable[[str], object], pattern: str | None = None) -> Expectation:
    return replace(text(words, parse, pattern), is_secret=True)


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


def _way(value: str) -> tuple[str, ...]:
    r"""`data.workers` → its names; a dot that is part of a name is written `\.`, a backslash twice."""
    if not re.fullmatch(_WAY, value):
        raise MismatchError
    parts = re.findall(rf"({_SEGMENT})(?:\.|$)", value)
    return tuple(re.sub(r"\\(.)", r"\1", part) for part in parts)


def _name_pattern(value: str) -> str:
    try:
        compile_pattern(value)
    except ValueError as error:
        raise MismatchError(str(error)) from None
    return value


def _property(value: str) -> str:
    if value.startswith("_"):
        raise MismatchError("names with a leading _, such as _action and _id, are Orgvue's own")
    return value


def _scalar(value: object) -> object:
    if isinstance(value, str | bool):
        return value
    keep_zeros(value)
    return finite_number(value)


def _argument(value: object) -> str:
    if not isinstance(value, str):
        raise MismatchError("" if value is None or isinstance(value, list | dict) else "put it in quotes")
    if "\0" in value:
        raise MismatchError("no program can be given a NUL character")
    return str(value)


def _function(value: str) -> str:
    return _matching(value, FUNCTION_PATTERN)


def _parameter(value: str) -> str:
    return _matching(value, PARAMETER_PATTERN)


def _sheet(value: object) -> object:
    if isinstance(value, str) and value and not (isinstance(value, FromEnvironment) and value.isdigit()):
        return str(value)
    return whole_number(1).parse(value)


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
TOKEN = _secret("a token of ASCII characters without blanks or line breaks", parse_token, TOKEN_PATTERN)
CHANNEL_URL = _secret(
    "an Apprise URL without blanks, such as mailtos://user:password@example.com", parse_channel_url, CHANNEL_URL_PATTERN
)
WEB_URL = _secret("an http or https address without blanks", parse_web_url, WEB_URL_PATTERN)
OTLP_ENDPOINT = text("an http or https address, such as http://localhost:4318", _otlp_endpoint, "^https?://[^@?#]+$")
HEADER_NAME = text("the name of a header", _header_name, HEADER_NAME_PATTERN)
HEADER_VALUE = _secret("a text that a header can hold", _header_value, HEADER_VALUE_PATTERN)
PROM_FILE = text("a path that ends in .prom", _prom_file, r"\.prom$")
SECRET = _secret("a text", Secret)
ADDRESS = _secret("an address such as https://host/report", lambda value: Secret(_path(value)))
PARAMETER = text("the name of a parameter")
FILE_PATH = text("a path", _path)
ENCODING = text("a text encoding that Python knows, such as utf-8 or cp1252", _encoding)
DELIMITER = text(r"one character (a tab may be written \t or tab)", _delimiter, r"^([^\r\n]|\\t|tab)$")
QUOTECHAR = text("one character", _quotechar, r"^[^\r\n]$")
MEMBER = text("the name of a file in the archive, or a pattern for it")
RECORDS = text(
    r"the names on the way to an array, such as data.workers (a dot within a name is written \.)",
    _way,
    f"^{_WAY}$",
)
PLACE = text(
    r"the names on the way to a value, such as links.next (a dot within a name may be written \.)", _way, f"^{_WAY}$"
)
COLUMN = text("the name of a column")
PROPERTY = text("a property key")
OWN_PROPERTY = text("a property key", _property, "^[^_]")
TAG = text("a tag")
ARGUMENT = Expectation("a text", _argument, {"type": "string"})
FUNCTION = text("a function as package.module:function", _function, FUNCTION_PATTERN)
QUERY = text("a query")
PARAMETER_NAME = text("a name of letters, digits and underscores", _parameter, PARAMETER_PATTERN)
SHEET = Expectation(
    "the name of a sheet, or a whole number of at least 1",
    _sheet,
    {"anyOf": [{"type": "string", "minLength": 1}, {"type": "integer", "minimum": 1}]},
)
DATASET_NAME = text("the name of a dataset")
NAME_PATTERN_OF_DATE = text("a pattern such as people-{year}{month}{day}*.csv", _name_pattern)
MARK = text("a text")
ANY_TEXT = any_text()
NULL_VALUE = any_text("in quotes, such as 'NULL'")
DATE_PATTERN = text("a date pattern such as %d/%m/%Y")
SCALAR = Expectation("a text, a number, true or false", _scalar, {"type": ["string", "number", "boolean"]}).or_null()
