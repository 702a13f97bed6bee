"""Numbers as people and programs write them in text, digit for digit."""

import math
import re

from bulkimport.sources import ExactNumber

_NUMBER = re.compile(r"([+-]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]+))?")
_INTEGER_DIGITS = 18  # every integer of so many digits fits 64 bits with its sign
_FLOAT_DIGITS = 15  # every decimal of so many digits survives the way through a float,
_EXPONENT_DIGITS = 2  # unless its exponent is near the limits of one


def number_text(text: str) -> str:
    """The number as JSON writes it: no plus sign, no leading zeros, a digit before the point. Raises ValueError."""
    sign, whole, fraction, exponent = _parts(text)
    return f"{sign}{whole}{'.' * bool(fraction)}{fraction}{'e' * bool(exponent)}{exponent}"


def number_value(text: str) -> int | float | ExactNumber:
    """The number as a value that JSON will write with the same meaning to the last digit. Raises ValueError, also for
    one beyond all floats: most that read JSON know no such number."""
    sign, whole, fraction, exponent = _parts(text)
    if not fraction and not exponent and len(whole) <= _INTEGER_DIGITS:
        return int(sign + whole)
    significant = len((whole + fraction).lstrip("0"))
    if (fraction or exponent) and significant <= _FLOAT_DIGITS and len(exponent.lstrip("+-")) <= _EXPONENT_DIGITS:
        return float(f"{sign}{whole}.{fraction}e{exponent or 0}")
    written = number_text(text)
    if not math.isfinite(float(written)):
        raise ValueError("is a number too large for JSON")
    return ExactNumber(written)


def one_spelling(text: str) -> str:
    """The same text for all ways to write one number in JSON: 7 for 7.0 and 70e-1, 0 for -0. Raises ValueError."""
    sign, whole, fraction, exponent = _parts(text)
    digits = (whole + fraction).lstrip("0")
    stripped = digits.rstrip("0")
    if not stripped:
        return "0"
    power = int(exponent or 0) - len(fraction) + len(digits) - len(stripped)
    if 0 <= power <= _INTEGER_DIGITS:
        return f"{sign}{stripped}{'0' * power}"
    if -_INTEGER_DIGITS <= power < 0:
        padded = stripped.rjust(1 - power, "0")
        return f"{sign}{padded[:power]}.{padded[power:]}"
    return f"{sign}{stripped}e{power}"


def _parts(text: str) -> tuple[str, str, str, str]:
    """Sign (empty or minus), whole part, fraction, exponent (the latter two may be empty)."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError("is not a number")
    sign, whole, fraction, bare_fraction, exponent = found.groups(default="")
    return "-" if sign == "-" else "", whole.lstrip("0") or "0", fraction or bare_fraction, exponent
