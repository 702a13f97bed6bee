"""Durations as the configuration and the command line write them: `500ms`, `30s`, `15m`, `2h`, `1d`."""

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")

LONGEST = 366 * 86400.0
"""Seconds. Anything longer is a slip of the keyboard, and too much for some clocks."""

PATTERN = r"^(?=.*[1-9])[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$"
"""As a JSON Schema has it, for durations above 0."""


def parse_duration(text: str) -> float:
    """Seconds, from 0 to `LONGEST`. Raises ValueError, whose text says what is wrong, for anything else."""
    match = _DURATION.fullmatch(text)
    if match is None:
        number = re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", text)
        raise ValueError(f"a unit is missing: write {text}s for seconds" if number else "")
    seconds = float(match[1]) * _UNITS[match[2]]
    if seconds > LONGEST:
        raise ValueError("the longest is 366d")
    return seconds
