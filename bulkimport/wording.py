"""How numbers, times and foreign text are written for people. Pure; imports nothing of ours."""

import re
import shlex
from collections.abc import Iterable
from typing import NamedTuple, Protocol

# C0 and C1 controls, line separators, marks that turn the reading direction, halves of surrogate pairs: what could
# move the cursor, hide text or make it unencodable.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_BLANKS = re.compile(r"\s+")
_BLANK_ENDS = re.compile(r"\A\s+|\s+\Z")
LONGEST_QUOTE = 200
_LONGEST_KEY = 80
_BYTE_UNITS = ("kB", "MB", "GB", "TB", "PB")


class _Config(Protocol):
    """What commands about a loaded config need of it."""

    @property
    def path(self) -> str: ...

    @property
    def full_path(self) -> str | None: ...

    @property
    def named_state_dir(self) -> str | None: ...


class Typed(NamedTuple):
    """Commands about one config as a person types them, wherever that may be: the report is read elsewhere than the
    run was started. `state_dir` only where the config does not name it."""

    config: str
    state_dir: str | None = None

    @classmethod
    def about(cls, config: _Config) -> "Typed":
        """Of a config that was loaded."""
        return cls(config.full_path or config.path, config.named_state_dir)

    def command(self, verb: str, *words: str) -> str:
        """Quoted for a shell."""
        return shlex.join(("bulkimport", verb, self.config, *words, *self._own))

    def status(self, run_id: str) -> str:
        return shlex.join(("bulkimport", "status", run_id, "--config", self.config, *self._own))

    def restore(self, name: str, run_id: str | None, *words: str) -> str:
        """Puts the dataset back to before the run, however often it is typed."""
        return self.command("restore", name, *(("--run", run_id) if run_id else ()), *words)

    @property
    def _own(self) -> tuple[str, ...]:
        return ("--state-dir", self.state_dir) if self.state_dir else ()


def restore_again(command: str) -> str:
    """What to do about a restore whose import may still be running; `command` is the one that makes it once more."""
    return f"Restore again: that first waits until this import cannot be running, then sends what is left: {command}"


def number(value: int) -> str:
    """1234567 → `1,234,567`."""
    return f"{value:,}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 dataset`, `2,000 datasets`; `plural` where it is not noun + s."""
    return f"{number(count)} {noun if count == 1 else plural or noun + 's'}"


def size(count: int) -> str:
    """Bytes in decimal units: `999 B`, `1.2 MB`, `345 MB`; three digits at most."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in _BYTE_UNITS:
        value /= 1000
        text = f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
        if float(text) < 1000:
            return f"{text} {unit}"
    return f"{value:,.0f} {_BYTE_UNITS[-1]}"


def duration(seconds: float) -> str:
    """`0.4s`, `42s`, `1m 05s`, `2h 03m`; negative times (a clock was set back) are shown as `0.0s`."""
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, odd_minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {odd_minutes:02}m"
    return f"{minutes}m {rest:02}s" if minutes else f"{rest}s"


def percent(part: float, whole: float) -> str:
    """Whole percents, rounded down so that 100% means all; `0%` of nothing."""
    return f"{int(100 * min(part, whole) / whole)}%" if whole > 0 else "0%"


def composite(parts: Iterable[str]) -> str:
    """A key of several parts, or the names of their properties: `ACME + 17`."""
    return " + ".join(parts)


def listed(words: Iterable[str], conjunction: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = list(words) or [""]
    return f"{', '.join(most)} {conjunction} {last}" if most else last


def printable(text: str) -> str:
    """The text on one line, without anything that a terminal would obey: runs of blanks become one space, other control
    characters their escape (`\\x1b`)."""
    return _UNPRINTABLE.sub(_escape, _BLANKS.sub(" ", text)).strip()


def key_shown(key: str) -> str:
    """A key among others in a sentence: cut if it is very long, and with white space at its ends that can be seen."""
    cut = key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}…"
    return _BLANK_ENDS.sub(lambda blanks: "␣" * len(blanks[0]), cut)


def printable_lines(text: str) -> str:
    """Like `printable`, but the text keeps its lines."""
    return "\n".join(_UNPRINTABLE.sub(_escape, line.replace("\t", "    ")).rstrip() for line in text.splitlines())


def safe_text(text: str) -> str:
    """A short, single-line quote of foreign text without tokens or signatures in it."""
    text = re.sub(r"(?i)(https?://[^\s?\"'<>]*)\?[^\s\"'<>]*", r"\1?…", text)
    text = re.sub(r"(?i)\b(bearer)\s+\S+", r"\1 …", text)
    text = re.sub(r"\beyJ[\w-]{8,}[.\w-]*", "…", text)
    text = re.sub(r"(?i)\b((?:x-amz-)?(?:signature|security-token|credential)|token|sig)=[^\s&\"'<>]+", r"\1=…", text)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"


def quoted(text: bytes | bytearray) -> str:
    """A piece of a text in quotes, whatever its bytes are."""
    return repr(text.decode(errors="replace"))
