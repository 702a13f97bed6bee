import json

from hypothesis import given
from hypothesis import strategies as st

from bulkimport.log.redaction import Plain
from bulkimport.log.rendering import console_line, json_line

EVENT: dict[str, Plain] = {
    "attempt": 2,
    "wait_s": 1.5,
    "message": "two words",
    "dataset": "people",
    "event": "request.retried",
    "level": "warning",
    "timestamp": "2026-11-23T02:00:01.000Z",
    "run_id": "R-1",
}
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def test_json_lines_begin_with_what_every_event_has() -> None:
    line = json_line(EVENT)
    assert json.loads(line) == EVENT
    assert list(json.loads(line)) == [
        "timestamp",
        "level",
        "event",
        "run_id",
        "dataset",
        "attempt",
        "wait_s",
        "message",
    ]


@given(st.dictionaries(st.text(st.characters(exclude_categories=[])), PLAIN))
def test_every_event_is_one_line_of_json(event: dict[str, Plain]) -> None:
    line = json_line(event)
    assert "\n" not in line
    assert json.loads(line) == event


def test_console_lines_are_concise_and_leave_the_run_id_to_the_run() -> None:
    assert console_line(EVENT, colour=False) == (
        '02:00:01Z warning people request.retried attempt=2 wait_s=1.5 message="two words"'
    )
    assert console_line({**EVENT, "event": "run.started"}, colour=False).startswith(
        "02:00:01Z warning people run.started run_id=R-1 attempt=2"
    )


def test_colours_appear_only_where_they_are_wanted() -> None:
    assert "\x1b[" not in console_line(EVENT, colour=False)
    assert "\x1b[33mwarning\x1b[0m" in console_line(EVENT, colour=True)


@given(st.dictionaries(st.text(), PLAIN), st.text())
def test_no_event_writes_a_second_line_or_a_control_character_to_the_console(
    fields: dict[str, Plain], name: str
) -> None:
    fields.pop("traceback", None)
    line = console_line({**fields, "event": name}, colour=False)
    assert line.isprintable() or all(character.isprintable() or ord(character) > 0x9F for character in line)
    assert len(line.splitlines()) == 1


def test_a_traceback_follows_on_indented_lines_of_its_own() -> None:
    line = console_line({**EVENT, "traceback": "Traceback:\n  here\x1b[2J\n"}, colour=False)
    assert line.splitlines()[1:] == ["    Traceback:", "      here\\x1b[2J"]
