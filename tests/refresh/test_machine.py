"""The table, walked in every direction: what may happen, what may not, and what a resume makes of each state."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.model import Changes, DatasetStatus, ItemCounts
from bulkimport.refresh import events as e
from bulkimport.refresh.machine import (
    Command,
    IllegalEventError,
    Refresh,
    State,
    apply,
    next_command,
    replay,
)
from tests.support.vocabulary import a_payload, an_error

EVENT_TYPES: tuple[type[e.Event], ...] = get_args(e.Event)
LOCATION = e.LocationGenerated("https://get.example/1", "https://put.example/1", "2026-11-23T02:15:00.000Z", "Root=1-a")
CHANGES = Changes(created=1, updated=2, deleted=3, unchanged=4)

SAMPLES: dict[type[e.Event], e.Event] = {
    e.TurnCame: e.TurnCame(),
    e.EarlierImportSucceeded: e.EarlierImportSucceeded(
        "run-0", a_payload(10), e.PayloadChecked("live", 9, CHANGES), ItemCounts(created=10)
    ),
    e.SourceRead: e.SourceRead(a_payload(10)),
    e.PayloadChecked: e.PayloadChecked("live", 9, CHANGES, "cache-1"),
    e.NothingToSend: e.NothingToSend(9),
    e.UploadReused: e.UploadReused(),
    e.DatasetChanged: e.DatasetChanged(),
    e.LocationGenerated: LOCATION,
    e.LocationExpired: e.LocationExpired(an_error(trace_id="Root=1-x")),
    e.PayloadUploaded: e.PayloadUploaded(),
    e.UploadVerified: e.UploadVerified(),
    e.ImportRequested: e.ImportRequested(),
    e.ImportTurnedAway: e.ImportTurnedAway(an_error(trace_id="Root=1-t")),
    e.ImportAccepted: e.ImportAccepted("https://ticket.example/1", "Root=1-b"),
    e.ImportReplyLost: e.ImportReplyLost(an_error(trace_id="Root=1-l")),
    e.ImportFound: e.ImportFound(),
    e.ImportRuledOut: e.ImportRuledOut("the file is gone"),
    e.JobCompleted: e.JobCompleted("https://result.example/1"),
    e.ResultCollected: e.ResultCollected(DatasetStatus.SUCCEEDED, ItemCounts(created=10)),
    e.RefreshEnded: e.RefreshEnded(DatasetStatus.FAILED, an_error()),
    e.RefreshResumed: e.RefreshResumed(),
}

STRAIGHT: tuple[e.Event, ...] = tuple(
    SAMPLES[kind]
    for kind in (
        e.TurnCame,
        e.SourceRead,
        e.PayloadChecked,
        e.LocationGenerated,
        e.PayloadUploaded,
        e.UploadVerified,
        e.ImportRequested,
        e.ImportAccepted,
        e.JobCompleted,
        e.ResultCollected,
    )
)
STRAIGHT_STATES = (
    State.PENDING,
    State.READING,
    State.CHECKING,
    State.LOCATING,
    State.UPLOADING,
    State.VERIFYING,
    State.SUBMITTING,
    State.AWAITING,
    State.POLLING,
    State.COLLECTING,
    State.DONE,
)
BEFORE_IMPORT = STRAIGHT_STATES[:7]

PATHS: dict[State, tuple[e.Event, ...]] = {state: STRAIGHT[:number] for number, state in enumerate(STRAIGHT_STATES)} | {
    State.SEARCHING: (*STRAIGHT[:7], SAMPLES[e.ImportReplyLost])
}

LEGAL: dict[tuple[State, type[e.Event]], State] = {
    (State.PENDING, e.TurnCame): State.READING,
    (State.PENDING, e.EarlierImportSucceeded): State.DONE,
    (State.READING, e.SourceRead): State.CHECKING,
    (State.CHECKING, e.PayloadChecked): State.LOCATING,
    (State.CHECKING, e.NothingToSend): State.DONE,
    (State.LOCATING, e.LocationGenerated): State.UPLOADING,
    (State.LOCATING, e.UploadReused): State.VERIFYING,
    (State.UPLOADING, e.PayloadUploaded): State.VERIFYING,
    (State.UPLOADING, e.LocationExpired): State.LOCATING,
    (State.VERIFYING, e.UploadVerified): State.SUBMITTING,
    (State.VERIFYING, e.LocationExpired): State.LOCATING,
    (State.SUBMITTING, e.ImportRequested): State.AWAITING,
    (State.SUBMITTING, e.DatasetChanged): State.CHECKING,
    (State.SUBMITTING, e.LocationExpired): State.LOCATING,
    (State.AWAITING, e.ImportAccepted): State.POLLING,
    (State.AWAITING, e.ImportReplyLost): State.SEARCHING,
    (State.AWAITING, e.LocationExpired): State.LOCATING,
    (State.SEARCHING, e.ImportFound): State.COLLECTING,
    (State.AWAITING, e.ImportTurnedAway): State.SUBMITTING,
    (State.SEARCHING, e.ImportRuledOut): State.LOCATING,
    (State.POLLING, e.JobCompleted): State.COLLECTING,
    (State.COLLECTING, e.ResultCollected): State.DONE,
}
RESUMED: dict[State, State] = dict.fromkeys(BEFORE_IMPORT, State.PENDING) | {
    State.AWAITING: State.SEARCHING,
    State.SEARCHING: State.SEARCHING,
    State.POLLING: State.POLLING,
    State.COLLECTING: State.COLLECTING,
}
ENDS: dict[State, set[DatasetStatus]] = {
    state: {DatasetStatus.FAILED, DatasetStatus.REFUSED, DatasetStatus.BLOCKED, DatasetStatus.CANCELLED}
    for state in BEFORE_IMPORT
} | {
    State.AWAITING: {DatasetStatus.FAILED, DatasetStatus.UNKNOWN},
    State.SEARCHING: {DatasetStatus.UNKNOWN},
    State.POLLING: {DatasetStatus.FAILED, DatasetStatus.UNKNOWN},
    State.COLLECTING: {DatasetStatus.UNKNOWN},
    State.DONE: set(),
}


def at(state: State) -> Refresh:
    refresh = replay(PATHS[state])
    assert refresh.state is state
    return refresh


def ended(refresh: Refresh, status: DatasetStatus) -> Refresh:
    return apply(refresh, e.RefreshEnded(status, an_error(trace_id="Root=1-e")))


def legal_events(refresh: Refresh) -> Iterator[e.Event]:
    """Every event that the refresh accepts, by trying them."""
    ends = [e.RefreshEnded(status, an_error()) for status in DatasetStatus]
    for event in (*SAMPLES.values(), *ends):
        try:
            apply(refresh, event)
        except IllegalEventError:
            continue
        yield event


@st.composite
def legal_walks(draw: st.DrawFn) -> list[e.Event]:
    refresh, walk = Refresh(), []
    for _ in range(draw(st.integers(0, 30))):
        choices = list(legal_events(refresh))
        if not choices:
            break
        event = draw(st.sampled_from(choices))
        walk.append(event)
        refresh = apply(refresh, event)
    return walk


def test_every_state_and_every_event_is_covered_here() -> None:
    assert PATHS.keys() == set(State)
    assert SAMPLES.keys() == set(EVENT_TYPES)


@pytest.mark.parametrize(("state", "kind"), list(LEGAL), ids=lambda one: getattr(one, "__name__", one))
def test_a_legal_event_leads_to_its_state(state: State, kind: type[e.Event]) -> None:
    assert apply(at(state), SAMPLES[kind]).state is LEGAL[state, kind]


ILLEGAL = [
    (state, kind)
    for state, kind in product(State, EVENT_TYPES)
    if (state, kind) not in LEGAL and kind not in (e.RefreshEnded, e.RefreshResumed)
]


@pytest.mark.parametrize(("state", "kind"), ILLEGAL, ids=lambda one: getattr(one, "__name__", one))
def test_any_other_event_raises_and_changes_nothing(state: State, kind: type[e.Event]) -> None:
    refresh = at(state)
    before = replace(refresh)
    with pytest.raises(IllegalEventError, match=f"{kind.__name__} cannot happen while {state}"):
        apply(refresh, SAMPLES[kind])
    assert refresh == before


@pytest.mark.parametrize(("state", "status"), list(product(State, DatasetStatus)))
def test_a_refresh_ends_only_as_its_state_can_know(state: State, status: DatasetStatus) -> None:
    refresh = at(state)
    if status in ENDS[state]:
        after = ended(refresh, status)
        assert (after.state, after.status) == (State.DONE, status)
        assert after.error is not None
        assert after.trace_ids[-1] == "Root=1-e"
        assert next_command(after) is None
    else:
        with pytest.raises(IllegalEventError):
            ended(refresh, status)


@pytest.mark.parametrize("status", [one for one in DatasetStatus if one not in ("succeeded", "partial")])
def test_a_result_is_a_success_or_partial_and_nothing_else(status: DatasetStatus) -> None:
    with pytest.raises(IllegalEventError):
        apply(at(State.COLLECTING), e.ResultCollected(status, ItemCounts()))


@pytest.mark.parametrize("state", list(RESUMED))
def test_a_resume_takes_up_what_may_be_imported_and_starts_the_rest_again(state: State) -> None:
    after = apply(at(state), e.RefreshResumed())
    assert after.state is RESUMED[state]
    assert not after.payload_at_hand
    assert after.attempts == at(state).attempts


def test_a_resume_never_submits_an_upload_that_other_guards_let_through() -> None:
    """Another run may have loaded the dataset since: the old payload would undo that, unseen by its guards."""
    after = apply(at(State.SUBMITTING), e.RefreshResumed())
    assert next_command(after) is Command.AWAIT_TURN


@pytest.mark.parametrize(
    ("state", "taken_up_in"),
    [
        (State.AWAITING, State.SEARCHING),
        (State.SEARCHING, State.SEARCHING),
        (State.POLLING, State.POLLING),
        (State.COLLECTING, State.COLLECTING),
    ],
)
def test_unknown_is_looked_at_again_where_most_is_known(state: State, taken_up_in: State) -> None:
    unknown = ended(at(state), DatasetStatus.UNKNOWN)
    after = apply(unknown, e.RefreshResumed())
    assert after.state is taken_up_in
    assert (after.status, after.error, after.items) == (None, None, ItemCounts())


@pytest.mark.parametrize(
    "end",
    [
        SAMPLES[e.ResultCollected],
        e.ResultCollected(DatasetStatus.PARTIAL, ItemCounts(failed=1), an_error()),
    ],
)
def test_what_ended_with_a_result_is_not_resumed(end: e.Event) -> None:
    done = apply(at(State.COLLECTING), end)
    with pytest.raises(IllegalEventError, match="cannot be resumed"):
        apply(done, e.RefreshResumed())


@pytest.mark.parametrize("status", sorted(ENDS[State.READING] - {DatasetStatus.BLOCKED}))
def test_what_ended_before_its_import_is_not_resumed(status: DatasetStatus) -> None:
    with pytest.raises(IllegalEventError, match="cannot be resumed"):
        apply(ended(at(State.READING), status), e.RefreshResumed())


def test_what_was_blocked_may_wait_for_its_turn_again() -> None:
    after = apply(ended(at(State.PENDING), DatasetStatus.BLOCKED), e.RefreshResumed())
    assert (after.status, after.error, next_command(after)) == (None, None, Command.AWAIT_TURN)


def test_an_expired_location_leads_to_a_fresh_one_with_the_payload_at_hand() -> None:
    after = apply(at(State.UPLOADING), SAMPLES[e.LocationExpired])
    again = apply(after, replace(LOCATION, put_url="https://put.example/2"))
    assert (again.state, again.attempts) == (State.UPLOADING, 2)
    assert again.location is not None
    assert again.location.put_url == "https://put.example/2"


def test_an_import_ruled_out_after_a_resume_reads_and_checks_everything_anew() -> None:
    refresh = replay([*PATHS[State.SEARCHING], e.RefreshResumed(), SAMPLES[e.ImportRuledOut]])
    assert next_command(refresh) is Command.READ_SOURCE
    assert apply(refresh, SAMPLES[e.SourceRead]).state is State.CHECKING


def test_an_import_ruled_out_in_the_same_process_goes_on_with_its_payload() -> None:
    refresh = replay([*PATHS[State.SEARCHING], SAMPLES[e.ImportRuledOut]])
    assert next_command(refresh) is Command.GENERATE_LOCATION


def test_a_found_import_is_collected_from_its_location() -> None:
    assert apply(at(State.SEARCHING), e.ImportFound()).result_url == LOCATION.get_url


def test_a_source_read_again_makes_void_what_was_found_before() -> None:
    first = e.SourceRead(a_payload(10, warnings=("old source",)))
    checked = e.PayloadChecked("last_run", 9, CHANGES, "cache-1", warnings=("the items could not be read",))
    again = e.SourceRead(a_payload(11, warnings=("new source",)))
    refresh = replay([e.TurnCame(), first, checked, e.RefreshResumed(), e.TurnCame(), again])
    assert (refresh.baseline, refresh.held, refresh.changes, refresh.cache_key) == (None, None, None, None)
    assert refresh.warnings == ("new source",)
    assert refresh.payload == again.payload


def test_a_warning_that_does_not_concern_the_source_outlasts_its_reading() -> None:
    turn, read = e.TurnCame(("positions last ended failed",)), e.SourceRead(a_payload(10, warnings=("white space",)))
    assert replay([turn]).warnings == ("positions last ended failed",)
    assert replay([turn, read]).warnings == ("positions last ended failed", "white space")


def test_everything_that_was_learnt_is_kept_to_the_end() -> None:
    done = replay(STRAIGHT)
    assert done.payload == a_payload(10)
    assert (done.baseline, done.held, done.changes, done.cache_key) == ("live", 9, CHANGES, "cache-1")
    assert (done.status, done.items, done.attempts) == (DatasetStatus.SUCCEEDED, ItemCounts(created=10), 1)
    assert done.trace_ids == ("Root=1-a", "Root=1-b")


def test_warnings_and_trace_ids_are_not_repeated() -> None:
    checked = e.PayloadChecked("live", 9, CHANGES, warnings=("w", "v", "w"))
    lost = e.ImportReplyLost(an_error(trace_id="Root=1-a"))
    refresh = replay([*STRAIGHT[:2], checked, *STRAIGHT[3:7], lost])
    assert refresh.warnings == ("w", "v")
    assert refresh.trace_ids == ("Root=1-a",)


def test_no_presigned_url_shows_in_a_repr() -> None:
    assert "https:" not in repr(at(State.COLLECTING)) + repr(SAMPLES)


def test_every_state_has_a_command_of_its_own_but_the_end_and_what_the_step_that_submits_is_in() -> None:
    assert next_command(at(State.DONE)) is next_command(at(State.AWAITING)) is None
    commands = [next_command(at(state)) for state in State if state not in (State.AWAITING, State.DONE)]
    assert set(commands) == set(Command)
    assert len(commands) == len(Command)


def test_what_was_uploaded_is_still_there_after_an_import_request_that_was_turned_away() -> None:
    refresh = replay([*PATHS[State.AWAITING], SAMPLES[e.ImportTurnedAway]])
    assert refresh == replace(
        replay(PATHS[State.SUBMITTING]), trace_ids=(*replay(PATHS[State.SUBMITTING]).trace_ids, "Root=1-t")
    )
    assert refresh.uploaded is not None
    assert replay(PATHS[State.AWAITING]).uploaded is None


@given(legal_walks())
def test_replaying_the_events_of_any_walk_gives_the_same_refresh(walk: list[e.Event]) -> None:
    refresh = Refresh()
    for number, event in enumerate(walk):
        assert replay(walk[:number]) == refresh
        refresh = apply(refresh, event)
    assert replay(walk) == refresh


@given(legal_walks())
def test_the_next_command_depends_on_the_state_alone(walk: list[e.Event]) -> None:
    refresh = replay(walk)
    assert next_command(refresh) is next_command(Refresh(state=refresh.state))


@given(legal_walks())
def test_no_success_without_an_import_request_and_a_result(walk: list[e.Event]) -> None:
    refresh = replay(walk)
    kinds = [type(event) for event in walk]
    if kinds[-1:] == [e.EarlierImportSucceeded]:
        assert (refresh.status, refresh.attempts) == (DatasetStatus.SUCCEEDED, 0)
        return
    if refresh.status in (DatasetStatus.SUCCEEDED, DatasetStatus.PARTIAL):
        assert kinds[-1] is e.ResultCollected
        assert e.ImportRequested in kinds
    if refresh.items != ItemCounts():
        assert e.ImportRequested in kinds
    if refresh.status is DatasetStatus.UNKNOWN:
        assert e.ImportRequested in kinds
    if e.ImportRequested not in kinds:
        assert not refresh.state.may_have_imported


@given(legal_walks())
def test_an_open_import_is_never_forgotten(walk: list[e.Event]) -> None:
    """Between a request and what settles it no other location is generated and no harmless end is claimed."""
    settled = (e.LocationExpired, e.ImportTurnedAway, e.ImportRuledOut, e.ResultCollected)
    is_open = False
    for event in walk:
        if is_open:
            assert not isinstance(event, e.LocationGenerated | e.ImportRequested | e.SourceRead)
        if isinstance(event, e.ImportRequested):
            is_open = True
        elif isinstance(event, settled):
            is_open = False
        elif isinstance(event, e.RefreshEnded) and is_open:
            assert event.status in (DatasetStatus.UNKNOWN, DatasetStatus.FAILED)
            is_open = event.status is DatasetStatus.UNKNOWN


@given(legal_walks())
def test_attempts_count_the_generated_locations(walk: list[e.Event]) -> None:
    assert replay(walk).attempts == sum(isinstance(event, e.LocationGenerated) for event in walk)
