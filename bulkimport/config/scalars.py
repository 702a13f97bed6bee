"""What a plain YAML scalar means: the core schema of YAML 1.2 (section 10.3.2), in which `no` and `on` are text."""

import re

Atom = None | bool | int | float | str

_NULL = re.compile(r"null|Null|NULL|~|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,400}")  # Python refuses to read thousands of digits
_PADDED = re.compile(r"0[0-9]+")
_OCTAL = re.compile(r"0o[0-7]{1,400}")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_NOT_A_NUMBER = re.compile(r"\.(nan|NaN|NAN)")


class FromEnvironment(str):
    """A text into which the value of an environment variable went.

    Its key decides whether it is read as text, number or switch: a tenant called `007` stays a text.
    """

    __slots__ = ()


class ZeroPadded(int):
    """A whole number written with zeros before it, as ids and codes are: `007`. As a number it is 7."""

    __slots__ = ()


def scalar_value(text: str) -> Atom:
    """The value of a plain (unquoted) scalar."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _PADDED.fullmatch(text) and _DECIMAL.fullmatch(text):
        return ZeroPadded(text)
    for pattern, base in ((_DECIMAL, 10), (_OCTAL, 8), (_HEXADECIMAL, 16)):
        if pattern.fullmatch(text):
            return int(text, base)
    return _resolve_float(text)


def _resolve_float(text: str) -> float | str:
    if _FLOAT.fullmatch(text):
        return float(text)
    if infinite := _INFINITE.fullmatch(text):
        return float(infinite[1] + "inf")
    return float("nan") if _NOT_A_NUMBER.fullmatch(text) else text
