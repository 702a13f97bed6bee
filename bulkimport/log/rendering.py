"""A log event as a line: JSON for programs, words for people."""

import json
from collections.abc import Mapping

from bulkimport.log.redaction import Plain
from bulkimport.wording import printable, printable_lines

_FIRST = ("timestamp", "level", "event", "run_id", "dataset", "stage")
_NOT_ON_CONSOLE = ("timestamp", "level", "event", "dataset", "run_id", "traceback")
_LEVEL_COLOURS = {"debug": "2", "info": "32", "warning": "33", "error": "31;1"}
_FAINT = "2"
_BOLD = "1"


def json_line(event: Mapping[str, Plain]) -> str:
    """One JSON object; what every event has comes first, then the rest in the order given."""
    ordered = {key: event[key] for key in _FIRST if key in event}
    return json.dumps(ordered | dict(event), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def console_line(event: Mapping[str, Plain], *, colour: bool) -> str:
    """`02:00:01Z warning people request.retried attempt=2`; a traceback follows on lines of its own.

    Times are UTC, as everywhere. The run's id is shown with the events of the run itself.
    """

    def styled(text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if colour else text

    level = str(event.get("level", "info"))
    name = printable(str(event.get("event", "")))
    words = [
        styled(str(event.get("timestamp", ""))[11:19] + "Z", _FAINT),
        styled(f"{level:7}", _LEVEL_COLOURS.get(level, _BOLD)),
    ]
    if "dataset" in event:
        words.append(styled(printable(str(event["dataset"])), _BOLD))
    words.append(name)
    shown = [key for key, value in event.items() if key not in _NOT_ON_CONSOLE and value is not None]
    if name.startswith("run.") and "run_id" in event:
        shown.insert(0, "run_id")
    words += [f"{styled(printable(key) + '=', _FAINT)}{_console_value(event[key])}" for key in shown]
    lines = [" ".join(words)]
    if "traceback" in event:
        lines += [f"    {line}" for line in printable_lines(str(event["traceback"])).splitlines()]
    return "\n".join(lines)


def _console_value(value: Plain) -> str:
    if isinstance(value, str):
        text = printable(value)
        return text if text and not set(text) & set(" \"'=") else json.dumps(text, ensure_ascii=False)
    return printable(json.dumps(value, ensure_ascii=False))
