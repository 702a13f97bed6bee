import shlex
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.wording import (
    Typed,
    counted,
    duration,
    listed,
    number,
    percent,
    printable,
    printable_lines,
    safe_text,
    size,
)

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJuaWdodCJ9.c2lnbmF0dXJl"


def test_commands_can_be_pasted_into_a_shell_and_name_the_state_directory_that_was_named() -> None:
    assert Typed("all.yaml").command("run", "--only", "a") == "bulkimport run all.yaml --only a"
    named = Typed("my configs/all.yaml", "/it's")
    own = ["--state-dir", "/it's"]
    assert shlex.split(named.command("plan", "--only", "sick days")) == [
        *("bulkimport", "plan", "my configs/all.yaml", "--only", "sick days"),
        *own,
    ]
    assert shlex.split(named.status("r1")) == ["bulkimport", "status", "r1", "--config", "my configs/all.yaml", *own]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_234_567, "1.2 MB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (345_000_000, "345 MB"),
        (5 * 10**12, "5.0 TB"),
        (5 * 10**18, "5,000 PB"),
    ],
)
def test_bytes_are_written_in_decimal_units_of_three_digits(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0.0s"),
        (0.04, "0.0s"),
        (9.94, "9.9s"),
        (9.96, "10s"),
        (59.4, "59s"),
        (59.6, "1m 00s"),
        (65, "1m 05s"),
        (3599.7, "1h 00m"),
        (7384, "2h 03m"),
    ],
)
def test_durations_carry_over_into_the_next_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_counts_agree_with_their_nouns() -> None:
    assert [counted(1, "dataset"), counted(0, "dataset"), counted(2000, "match", "matches")] == [
        "1 dataset",
        "0 datasets",
        "2,000 matches",
    ]
    assert number(1234567) == "1,234,567"


def test_a_hundred_percent_means_all() -> None:
    assert [percent(999, 1000), percent(1000, 1000), percent(1001, 1000), percent(1, 0)] == [
        "99%",
        "100%",
        "100%",
        "0%",
    ]


@pytest.mark.parametrize(
    ("words", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_lists_read_as_sentences(words: list[str], text: str) -> None:
    assert listed(words) == text


def test_terminal_escapes_become_visible() -> None:
    assert printable("a\x1b[2Jb\u202ec\ud800") == "a\\x1b[2Jb\\u202ec\\ud800"
    assert printable("  two\r\n lines\tand tabs ") == "two lines and tabs"
    assert printable_lines("a\r\n\tb\x07\n") == "a\n    b\\x07"


@given(st.text(st.characters(exclude_categories=[])))
def test_nothing_printable_can_move_the_cursor_or_break_the_encoding(text: str) -> None:
    shown = printable(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"}
    shown.encode()


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"])))
def test_harmless_words_stay_as_they_are(text: str) -> None:
    assert printable(text) == text


@given(st.integers(0, 300), st.sampled_from([" ", '"', "<b>", "\n", "("]))
def test_neither_tokens_nor_signatures_survive_a_quote(padding: int, before: str) -> None:
    text = (
        f"{'x' * padding}{before}https://s.example/a?X-Amz-Signature=5ecre7&b=c Bearer 0paque5ecre7 {JWT}"
        f" X-Amz-Security-Token=5ecre7 token=5ecre7"
    )
    safe = safe_text(text)
    assert "5ecre7" not in safe
    assert JWT[:20] not in safe
    assert len(safe) <= 200
