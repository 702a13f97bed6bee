"""What happens to one dataset, as a table.

Two rules: an event that the table does not know raises `IllegalEventError` and changes nothing; and the next command
depends on the refresh alone, so that resuming is replaying the journal's events, then `RefreshResumed`, and going on.

    PENDING → READING → CHECKING → LOCATING → UPLOADING → VERIFYING → SUBMITTING
            → AWAITING → POLLING → COLLECTING → DONE

SUBMITTING is before, AWAITING after the moment from which the import may be running; the step that submits goes from
one to the other as its request goes out or is turned away. The ways back: an expired location leads to a fresh one, a
lost reply to SEARCHING. A resumed refresh starts again from its turn unless its import was requested: what its guards
saw may have changed meanwhile, by another run or by hand.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bulkimport.model import Changes, DatasetStatus, ErrorReport, ItemCounts, Payload
from bulkimport.refresh import events as e

MAX_RECHECKS = 3
"""How often the guards are asked again because the dataset has changed since; constant change must end as well."""

MAX_LOCATIONS = 5
"""How many temporary files one refresh may use up before it fails: each lives 15 minutes (API page, step 1)."""


class State(StrEnum):
    """What a refresh is busy with."""

    PENDING = "pending"
    READING = "reading"
    CHECKING = "checking"
    LOCATING = "locating"
    UPLOADING = "uploading"
    VERIFYING = "verifying"
    SUBMITTING = "submitting"
    AWAITING = "awaiting"
    SEARCHING = "searching"
    POLLING = "polling"
    COLLECTING = "collecting"
    DONE = "done"

    @property
    def may_have_imported(self) -> bool:
        """Whether an import of this refresh may be running or applied, its end not yet known."""
        return self in (State.AWAITING, State.SEARCHING, State.POLLING, State.COLLECTING)


class Command(StrEnum):
    """What the driver is to do next; each is answered with one of the events the table knows in that state."""

    AWAIT_TURN = "await turn"
    READ_SOURCE = "read source"
    CHECK_PAYLOAD = "check payload"
    GENERATE_LOCATION = "generate location"
    UPLOAD_PAYLOAD = "upload payload"
    VERIFY_UPLOAD = "verify upload"
    SUBMIT_IMPORT = "submit import"
    SEARCH_IMPORT = "search import"
    POLL_JOB = "poll job"
    COLLECT_RESULT = "collect result"


@dataclass(frozen=True, slots=True)
class Refresh:
    """Everything known of one refresh: the fold of its events.

    `attempts` counts generated locations, `locations` those of this process, `rechecks` how often the dataset changed
    meanwhile. `location_error` is why a location was given up, `uploaded` the SHA-256 of what lies at the present one,
    `lost` how the import request went whose ticket never came.
    """

    state: State = State.PENDING
    payload: Payload | None = None
    payload_at_hand: bool = False
    baseline: str | None = None
    held: int | None = None
    changes: Changes | None = None
    cache_key: str | None = None
    rechecks: int = 0
    location: e.LocationGenerated | None = None
    uploaded: str | None = None
    lost: ErrorReport | None = None
    attempts: int = 0
    locations: int = 0
    location_error: str = ""
    ticket_url: str | None = field(default=None, repr=False)
    result_url: str | None = field(default=None, repr=False)
    status: DatasetStatus | None = None
    items: ItemCounts = field(default_factory=ItemCounts)
    error: ErrorReport | None = None
    turn_warnings: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()


class IllegalEventError(RuntimeError):
    """An event that cannot happen in the present state: a defect of the program or a damaged journal."""


_COMMANDS: dict[State, Command] = {
    State.PENDING: Command.AWAIT_TURN,
    State.READING: Command.READ_SOURCE,
    State.CHECKING: Command.CHECK_PAYLOAD,
    State.LOCATING: Command.GENERATE_LOCATION,
    State.UPLOADING: Command.UPLOAD_PAYLOAD,
    State.VERIFYING: Command.VERIFY_UPLOAD,
    State.SUBMITTING: Command.SUBMIT_IMPORT,
    State.SEARCHING: Command.SEARCH_IMPORT,
    State.POLLING: Command.POLL_JOB,
    State.COLLECTING: Command.COLLECT_RESULT,
}

_TRANSITIONS: dict[tuple[State, type[e.Event]], State] = {
    (State.PENDING, e.TurnCame): State.READING,
    (State.PENDING, e.EarlierImportSucceeded): State.DONE,
    (State.READING, e.SourceRead): State.CHECKING,
    (State.CHECKING, e.PayloadChecked): State.LOCATING,
    (State.CHECKING, e.NothingToSend): State.DONE,
    (State.LOCATING, e.UploadReused): State.VERIFYING,
    (State.LOCATING, e.LocationGenerated): State.UPLOADING,
    (State.UPLOADING, e.PayloadUploaded): State.VERIFYING,
    (State.VERIFYING, e.UploadVerified): State.SUBMITTING,
    (State.SUBMITTING, e.ImportRequested): State.AWAITING,
    (State.AWAITING, e.ImportAccepted): State.POLLING,
    (State.AWAITING, e.ImportReplyLost): State.SEARCHING,
    (State.SEARCHING, e.ImportFound): State.COLLECTING,
    (State.POLLING, e.JobCompleted): State.COLLECTING,
    (State.COLLECTING, e.ResultCollected): State.DONE,
    # the ways back
    (State.UPLOADING, e.LocationExpired): State.LOCATING,
    (State.VERIFYING, e.LocationExpired): State.LOCATING,
    (State.SUBMITTING, e.DatasetChanged): State.CHECKING,
    (State.SUBMITTING, e.LocationExpired): State.LOCATING,
    (State.AWAITING, e.LocationExpired): State.LOCATING,
    (State.AWAITING, e.ImportTurnedAway): State.SUBMITTING,
    (State.SEARCHING, e.ImportRuledOut): State.LOCATING,
    # what a later process finds
    (State.AWAITING, e.RefreshResumed): State.SEARCHING,
    (State.SEARCHING, e.RefreshResumed): State.SEARCHING,
    (State.POLLING, e.RefreshResumed): State.POLLING,
    (State.COLLECTING, e.RefreshResumed): State.COLLECTING,
    (State.DONE, e.RefreshResumed): State.SEARCHING,  # only after `unknown` and `blocked`; see `_look_again`
}
for _state in State:
    if not (_state.may_have_imported or _state is State.DONE):
        _TRANSITIONS[_state, e.RefreshResumed] = State.PENDING
    if _state is not State.DONE:
        _TRANSITIONS[_state, e.RefreshEnded] = State.DONE

_ENDS_BEFORE_IMPORT = frozenset(
    {DatasetStatus.FAILED, DatasetStatus.REFUSED, DatasetStatus.BLOCKED, DatasetStatus.CANCELLED}
)
_ENDS_AFTER_IMPORT: dict[State, frozenset[DatasetStatus]] = {
    State.AWAITING: frozenset({DatasetStatus.FAILED, DatasetStatus.UNKNOWN}),
    State.SEARCHING: frozenset({DatasetStatus.UNKNOWN}),
    State.POLLING: frozenset({DatasetStatus.FAILED, DatasetStatus.UNKNOWN}),
    State.COLLECTING: frozenset({DatasetStatus.UNKNOWN}),
}
_OfLocation = e.LocationGenerated | e.LocationExpired | e.PayloadUploaded | e.ImportRequested | e.ImportTurnedAway
_End = e.ResultCollected | e.NothingToSend | e.EarlierImportSucceeded | e.RefreshEnded
_JUDGEMENTS = frozenset({DatasetStatus.SUCCEEDED, DatasetStatus.PARTIAL})


def next_command(refresh: Refresh) -> Command | None:
    """What to do next; None when the refresh is done, and in AWAITING, which is the step's own that submits."""
    return _COMMANDS.get(refresh.state)


def replay(events: Iterable[e.Event]) -> Refresh:
    """The refresh after these events."""
    refresh = Refresh()
    for event in events:
        refresh = apply(refresh, event)
    return refresh


def apply(refresh: Refresh, event: e.Event) -> Refresh:
    """The refresh after one more event.

    Raises IllegalEventError where the table has no such transition, or where the event claims an end that the state
    cannot know of: no success without a result, no `cancelled` once an import may be running.
    """
    target = _TRANSITIONS.get((refresh.state, type(event)))
    if target is None:
        raise IllegalEventError(f"{type(event).__name__} cannot happen while {refresh.state}")
    if isinstance(event, e.RefreshEnded | e.ResultCollected) and event.status not in _ends(refresh.state, event):
        raise IllegalEventError(f"a refresh cannot end {event.status} by {type(event).__name__} while {refresh.state}")
    if isinstance(event, e.RefreshResumed) and refresh.state is State.DONE:
        target = _look_again(refresh)
    after = _learn(replace(refresh, state=target), event)
    return replace(after, state=State.READING) if target is State.LOCATING and not after.payload_at_hand else after


def _ends(state: State, event: e.RefreshEnded | e.ResultCollected) -> frozenset[DatasetStatus]:
    """The statuses with which a refresh in this state may end by such an event."""
    if isinstance(event, e.ResultCollected):
        return _JUDGEMENTS
    return _ENDS_AFTER_IMPORT[state] if state.may_have_imported else _ENDS_BEFORE_IMPORT


def _look_again(refresh: Refresh) -> State:
    """Where a refresh that ended `unknown` or `blocked` is taken up: an import's end may be seen by now."""
    if refresh.status is DatasetStatus.BLOCKED:
        return State.PENDING
    if refresh.status is not DatasetStatus.UNKNOWN:
        raise IllegalEventError(f"a refresh that ended {refresh.status} cannot be resumed")
    if refresh.result_url is not None:
        return State.COLLECTING
    return State.POLLING if refresh.ticket_url is not None else State.SEARCHING


def _learn(refresh: Refresh, event: e.Event) -> Refresh:
    if isinstance(event, _OfLocation):
        return _learn_of_location(refresh, event)
    match event:
        case e.TurnCame(warnings=warnings):
            return replace(refresh, warnings=warnings, turn_warnings=warnings)
        case e.SourceRead(payload=payload):
            return _started_over(refresh, payload)
        case e.PayloadChecked():
            known = replace(refresh, baseline=event.baseline, held=event.held, changes=event.changes)
            return replace(known, cache_key=event.cache_key, warnings=_joined(refresh, event.warnings))
        case e.DatasetChanged():
            return replace(refresh, rechecks=refresh.rechecks + 1)
        case e.ImportAccepted():
            return replace(_traced(refresh, event.trace_id), ticket_url=event.ticket_url)
        case e.ImportReplyLost(error=error):
            return replace(_traced(refresh, error.trace_id), lost=error)
        case e.ImportFound() if refresh.location is not None:
            return replace(refresh, result_url=refresh.location.get_url)
        case e.JobCompleted(result_url=result_url):
            return replace(refresh, result_url=result_url)
        case e.ResultCollected() | e.NothingToSend() | e.EarlierImportSucceeded() | e.RefreshEnded():
            return _ended(refresh, event)
        case e.RefreshResumed():
            return replace(
                refresh, payload_at_hand=False, status=None, error=None, items=ItemCounts(), locations=0, rechecks=0
            )
        case _:
            return refresh


def _learn_of_location(refresh: Refresh, event: _OfLocation) -> Refresh:
    """What lies at the location may be imported once: after that, the result takes its place."""
    match event:
        case e.LocationGenerated():
            attempts, locations = refresh.attempts + 1, refresh.locations + 1
            traced = _traced(refresh, event.trace_id)
            return replace(traced, location=event, uploaded=None, attempts=attempts, locations=locations)
        case e.PayloadUploaded():
            return replace(refresh, uploaded=refresh.payload.sha256 if refresh.payload else None)
        case e.ImportTurnedAway(error=error):
            return _learn_of_location(_traced(refresh, error.trace_id), e.PayloadUploaded())  # it still lies there
        case e.LocationExpired(error=error):
            return replace(_traced(refresh, error.trace_id), uploaded=None, location_error=error.message)
        case e.ImportRequested():
            return replace(refresh, uploaded=None, lost=None)


def _started_over(refresh: Refresh, payload: Payload) -> Refresh:
    """A source that is read, perhaps again, makes void what was said about the payload before."""
    return replace(
        refresh,
        payload=payload,
        payload_at_hand=True,
        baseline=None,
        held=None,
        changes=None,
        cache_key=None,
        warnings=(*refresh.turn_warnings, *payload.warnings),
    )


def _ended(refresh: Refresh, event: _End) -> Refresh:
    if isinstance(event, e.NothingToSend):
        return replace(refresh, baseline="live", held=event.held, status=DatasetStatus.UNCHANGED)
    if isinstance(event, e.EarlierImportSucceeded):
        known = replace(_learn(refresh, event.checked), payload=event.payload, items=event.items)
        return replace(known, status=DatasetStatus.SUCCEEDED, warnings=_joined(known, event.warnings))
    after = _traced(refresh, event.error.trace_id if event.error else None)
    after = replace(after, status=event.status, items=event.items, error=event.error)
    after = replace(after, warnings=_joined(refresh, event.warnings))
    if isinstance(event, e.RefreshEnded):
        return replace(after, changes=event.changes or refresh.changes, baseline=event.baseline or refresh.baseline)
    return after


def _traced(refresh: Refresh, trace_id: str | None) -> Refresh:
    if trace_id is None or trace_id in refresh.trace_ids:
        return refresh
    return replace(refresh, trace_ids=(*refresh.trace_ids, trace_id))


def _joined(refresh: Refresh, warnings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*refresh.warnings, *warnings)))
