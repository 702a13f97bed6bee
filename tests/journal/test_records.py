import random
import re
from datetime import UTC, datetime, timedelta, timezone

from bulkimport.errors import StateError
from bulkimport.journal.records import Entry, RunIdTakenError, new_run_id
from bulkimport.refresh.events import ImportAccepted, JobCompleted, LocationGenerated
from tests.journal.samples import SECRET_URL, START


def test_a_run_id_holds_the_moment_and_four_hex_digits() -> None:
    assert re.fullmatch(r"20261123T020000Z-[0-9a-f]{4}", new_run_id(START, random.Random(1)))


def test_a_run_id_is_in_utc() -> None:
    moment = datetime(2026, 11, 23, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert new_run_id(moment, random.Random(1)).startswith("20261122T233000Z-")
    assert new_run_id(moment.astimezone(UTC), random.Random(1)) == new_run_id(moment, random.Random(1))


def test_run_ids_of_one_second_differ_and_repeat_with_the_seed() -> None:
    rng = random.Random(5)
    ids = [new_run_id(START, rng) for _ in range(20)]
    assert len(set(ids)) == 20
    assert ids[0] == new_run_id(START, random.Random(5))


def test_entries_show_no_presigned_url() -> None:
    for event in (ImportAccepted(SECRET_URL), JobCompleted(SECRET_URL), LocationGenerated(SECRET_URL, SECRET_URL, "x")):
        assert "s3cr3t" not in repr(Entry("run-1", "people", 1, START, event))


def test_a_taken_run_id_is_a_state_error() -> None:
    assert issubclass(RunIdTakenError, StateError)
