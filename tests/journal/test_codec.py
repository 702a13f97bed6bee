import json
import math
from dataclasses import dataclass, make_dataclass
from typing import Any, Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import StateError
from bulkimport.journal import codec
from bulkimport.model import DatasetStatus, ErrorReport, ItemCounts, Stage
from bulkimport.refresh.events import Event, ImportAccepted, PayloadUploaded, RefreshEnded, UploadVerified
from tests.journal.samples import ERROR, SECRET_URL, source_read

ANY_EVENT: st.SearchStrategy[Event] = st.one_of([st.from_type(event_class) for event_class in get_args(Event)])


@given(event=ANY_EVENT)
def test_every_event_comes_back_as_it_was(event: Event) -> None:
    restored = codec.decode(codec.encode(event))
    assert restored == event
    assert type(restored) is type(event)
    assert codec.encode(restored) == codec.encode(event)


@pytest.mark.parametrize("event_class", get_args(Event))
def test_every_event_class_is_known_by_its_name(event_class: type[Any]) -> None:
    assert codec.EVENT_CLASSES[event_class.__name__] is event_class


def test_nested_values_get_their_types_back() -> None:
    event = RefreshEnded(DatasetStatus.BLOCKED, ErrorReport(Stage.GUARD, "m", "h", blocked_by=("a", "b")))
    restored = codec.decode(codec.encode(event))
    assert isinstance(restored, RefreshEnded)
    assert type(restored.status) is DatasetStatus
    assert type(restored.error.stage) is Stage
    assert restored.error.blocked_by == ("a", "b")
    assert type(restored.items) is ItemCounts


def test_the_text_is_one_line_of_ascii_whatever_the_event_holds() -> None:
    text = codec.encode(source_read(sha256="é\n\udcff€"))
    assert text.isascii()
    assert "\n" not in text


def test_a_file_name_that_is_not_utf8_survives() -> None:
    event = source_read(sha256="caf\udce9")
    assert codec.decode(codec.encode(event)) == event


def test_an_unknown_event_is_a_state_error_that_speaks_of_versions() -> None:
    with pytest.raises(StateError, match="'FutureEvent'") as caught:
        codec.decode('{"event":"FutureEvent","fields":{}}')
    assert "version" in caught.value.hint


def test_fields_of_a_newer_version_are_ignored() -> None:
    text = '{"event":"UploadVerified","fields":{"colour":"red"},"more":1}'
    assert codec.decode(text) == UploadVerified()


def test_a_missing_field_takes_its_default() -> None:
    assert codec.decode('{"event":"ImportAccepted","fields":{"ticket_url":"u"}}') == ImportAccepted("u", None)


def test_a_missing_field_without_default_is_a_state_error_that_names_it() -> None:
    with pytest.raises(StateError, match=r"ImportAccepted\.ticket_url is missing"):
        codec.decode('{"event":"ImportAccepted","fields":{}}')


def test_a_missing_nested_field_is_named_with_its_path() -> None:
    document = json.loads(codec.encode(source_read()))
    del document["fields"]["payload"]["sha256"]
    with pytest.raises(StateError, match=r"SourceRead\.payload\.sha256 is missing"):
        codec.decode(json.dumps(document))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("status",), "exploded"),
        (("status",), 3),
        (("error",), None),
        (("error",), "text"),
        (("error", "message"), 5),
        (("error", "http_status"), "403"),
        (("error", "http_status"), True),
        (("error", "retryable"), 1),
        (("error", "blocked_by"), "people"),
        (("error", "blocked_by"), [1]),
        (("items", "created"), 1.5),
        (("changes",), {}),
    ],
)
def test_a_value_of_another_type_is_a_state_error(path: tuple[str, ...], value: object) -> None:
    document = json.loads(codec.encode(RefreshEnded(DatasetStatus.FAILED, ERROR)))
    target = document["fields"]
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    with pytest.raises(StateError, match="RefreshEnded"):
        codec.decode(json.dumps(document))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "7", '"TurnCame"', "{}", '{"event":[],"fields":{}}', "[" * 100_000]
)
def test_a_text_that_is_no_event_is_a_state_error(text: str) -> None:
    with pytest.raises(StateError):
        codec.decode(text)


@given(text=st.text() | st.builds(json.dumps, st.recursive(st.none() | st.text(), st.lists)))
def test_no_text_causes_anything_but_a_state_error(text: str) -> None:
    with pytest.raises(StateError):
        codec.decode(text)


def test_errors_never_hold_a_presigned_url() -> None:
    document = json.loads(codec.encode(ImportAccepted(SECRET_URL)))
    document["fields"]["trace_id"] = [SECRET_URL]
    with pytest.raises(StateError) as caught:
        codec.decode(json.dumps(document))
    shown = f"{caught.value!r} {caught.value.hint} {caught.value.__cause__!r}"
    assert "s3cr3t" not in shown
    assert caught.value.__suppress_context__


@dataclass(frozen=True, slots=True)
class _Later:
    """An event class of a later version, with the kinds of types that none has today."""

    ratio: float
    pair: tuple[int, str]
    kind: Literal["a", "b"]
    either: ItemCounts | DatasetStatus | None = None


@given(event=st.from_type(_Later))
def test_event_classes_added_later_need_no_code(event: _Later) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(codec.EVENT_CLASSES, "_Later", _Later)
        restored: object = codec.decode(codec.encode(event))  # type: ignore[arg-type]  # not an event yet
        assert isinstance(restored, _Later)
        if math.isnan(event.ratio):
            assert math.isnan(restored.ratio)
        else:
            assert restored == event


@pytest.mark.parametrize(
    "change", [{"pair": [1]}, {"pair": [1, 2]}, {"kind": "c"}, {"either": "x"}, {"ratio": "1"}, {"ratio": None}]
)
def test_a_later_class_is_checked_as_strictly(change: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(codec.EVENT_CLASSES, "_Later", _Later)
    fields = {"ratio": 1, "pair": [1, "x"], "kind": "a", "either": "failed"}
    sound: object = codec.decode(json.dumps({"event": "_Later", "fields": fields}))
    assert sound == _Later(1.0, (1, "x"), "a", DatasetStatus.FAILED)
    with pytest.raises(StateError):
        codec.decode(json.dumps({"event": "_Later", "fields": fields | change}))


def test_an_event_that_json_cannot_hold_is_a_mistake_of_the_program() -> None:
    event = make_dataclass("Odd", [("secret", bytes)])(b"x")
    with pytest.raises(TypeError, match="bytes"):
        codec.encode(event)


def test_an_event_without_fields_is_small() -> None:
    assert codec.encode(PayloadUploaded()) == '{"event":"PayloadUploaded","fields":{}}'
