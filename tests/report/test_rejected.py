import json
from pathlib import Path
from typing import Any

from bulkimport.report.rejected import EXAMPLES, MOST_REASONS, OTHERS, Reason, read_rejected


def write(folder: Path, *items: Any) -> Path:
    path = folder / "people.failed.ndjson"
    path.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in items))
    return path


def item(key: Any, reason: str, **entry: Any) -> dict[str, Any]:
    return {"key": key, "reason": reason, "entry": {"_status": "error", **entry}}


def test_items_are_grouped_by_reason_the_commonest_first_with_a_few_keys(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        item("7", "the name is blank"),
        *(item(f"{number}", f"salary: '{number}k' is not a number") for number in range(8)),
    )
    found = read_rejected("people", path)
    assert (found.dataset, found.path, found.is_there, found.unreadable) == ("people", str(path), True, 0)
    assert found.reasons == (
        Reason("salary: '…' is not a number", 8, ("0", "1", "2", "3", "4")),
        Reason("the name is blank", 1, ("7",)),
    )
    assert len(found.reasons[0].keys) == EXAMPLES


def test_values_are_told_only_if_they_are_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, item("7", "salary: 'a lot' is wrong", salary="a lot", name="Ann"))
    (hidden,) = read_rejected("people", path).reasons
    assert "a lot" not in repr(hidden)
    assert "Ann" not in repr(hidden)
    (shown,) = read_rejected("people", path, include_values=True).reasons
    assert shown.text == "salary: 'a lot' is wrong"
    assert json.loads(shown.entries[0]) == {"_status": "error", "salary": "a lot", "name": "Ann"}


def test_composite_and_missing_keys_can_be_shown(tmp_path: Path) -> None:
    path = write(tmp_path, item(["a", "b"], "x"), item(["a", None], "x"), item(None, "x"), item(17, "x"))
    assert read_rejected("links", path).reasons[0].keys == ("a + b", "a + ?", "?", "17")


def test_secrets_and_control_characters_do_not_come_through(tmp_path: Path) -> None:
    path = write(tmp_path, item("SECRET\x1b[2J", "SECRET\nnone", note="SECRET"))
    for include_values in (False, True):
        found = read_rejected(
            "people", path, include_values=include_values, redact=lambda text: text.replace("SECRET", "*")
        )
        assert "SECRET" not in repr(found)
        assert "\x1b" not in repr(found)
        assert "\n" not in found.reasons[0].text


def test_items_of_the_same_trouble_cost_no_redaction_each(tmp_path: Path) -> None:
    redacted = []

    def redact(text: str) -> str:
        redacted.append(text)
        return text

    path = write(tmp_path, *(item(f"{number}", f"salary: '{number}' is wrong") for number in range(500)))
    assert [reason.count for reason in read_rejected("people", path, redact=redact).reasons] == [500]
    assert redacted == ["salary: '…' is wrong", "0", "1", "2", "3", "4"]


def test_long_texts_are_cut_and_too_many_reasons_are_lumped(tmp_path: Path) -> None:
    letters = [
        f"{chr(97 + number // 676)}{chr(97 + number // 26 % 26)}{chr(97 + number % 26)}" for number in range(1100)
    ]
    path = write(tmp_path, *(item("k" * 500, f"{letter} reason") for letter in letters))
    found = read_rejected("people", path)
    assert len(found.reasons) == MOST_REASONS + 1
    assert found.reasons[0] == Reason(OTHERS, 100, found.reasons[0].keys)
    assert len(found.reasons[0].keys[0]) == 200


def test_lines_that_make_no_sense_are_counted_and_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "{", "[]", '{"key": 1}', '{"key": 1, "reason": "x", "entry": 7}', item("1", "x"))
    found = read_rejected("people", path)
    assert (found.unreadable, [reason.count for reason in found.reasons]) == (4, [1])
    gone = read_rejected("people", tmp_path / "absent")
    assert (gone.is_there, gone.reasons) == (False, ())
