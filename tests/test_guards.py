"""Every guard twice: once where it saves a dataset, once where it rightly says nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import GuardError
from bulkimport.guards import Allowance, Baseline, check_changes, check_links, check_rows, rekeyed_text, rerun
from bulkimport.model import Changes, DanglingEnds, Dataset, Guards, ImportOptions, KeyProblem, Payload, Stage
from bulkimport.wording import Typed
from tests.support.vocabulary import a_dataset, a_payload

TYPED = Typed("configs/all.yaml")
RERUN = "bulkimport run configs/all.yaml --only people"
NO_ALLOWANCE = Allowance()


def rows_refusal(payload: Payload, guards: Guards | None = None, dataset: Dataset | None = None) -> GuardError:
    own = dataset or a_dataset(guards=guards)
    with pytest.raises(GuardError) as caught:
        check_rows(own, payload, rerun(own, TYPED))
    return caught.value


def rows_pass(payload: Payload, guards: Guards | None = None) -> None:
    check_rows(a_dataset(guards=guards), payload, str)


def live(
    held: int, *, created: int = 0, updated: int = 0, deleted: int = 0, examples: tuple[str, ...] = ()
) -> Baseline:
    changes = Changes(created, updated, deleted, held - updated - deleted, deleted_examples=examples)
    return Baseline("live", held, changes)


def changes_refusal(
    baseline: Baseline,
    guards: Guards | None = None,
    *,
    rows: int = 100,
    allowed: int | None = None,
    dataset: Dataset | None = None,
) -> GuardError:
    own = dataset or a_dataset(guards=guards)
    with pytest.raises(GuardError) as caught:
        check_changes(own, a_payload(rows), baseline, Allowance(allowed), rerun(own, TYPED))
    return caught.value


def changes_pass(
    baseline: Baseline, guards: Guards | None = None, *, rows: int = 100, allowed: int | None = None
) -> None:
    check_changes(a_dataset(guards=guards), a_payload(rows), baseline, Allowance(allowed), str)


# ---- what can be said of the payload alone


def test_a_refusal_is_of_the_guard_stage() -> None:
    assert rows_refusal(a_payload(4), Guards(min_rows=5)).report().stage is Stage.GUARD


def test_min_rows() -> None:
    error = rows_refusal(a_payload(4_321), Guards(min_rows=5_000))
    assert error.message == "The source has 4,321 rows, fewer than guards.min_rows = 5,000."
    assert "lower guards.min_rows of `people`" in error.hint
    assert error.hint.endswith(RERUN)
    rows_pass(a_payload(5_000), Guards(min_rows=5_000))
    rows_pass(a_payload(1), Guards(min_rows=None))


def test_min_rows_leaves_an_empty_payload_to_the_look_at_orgvue() -> None:
    rows_pass(a_payload(0), Guards(min_rows=5))


def test_max_rows() -> None:
    error = rows_refusal(a_payload(6), Guards(max_rows=5))
    assert error.message == "The source has 6 rows, more than guards.max_rows = 5."
    assert error.hint.endswith(RERUN)
    rows_pass(a_payload(5), Guards(max_rows=5))
    rows_pass(a_payload(10_000_000))


def test_blank_keys() -> None:
    error = rows_refusal(a_payload(2_000, blank_keys=1_003, blank_examples=(7, 9, 12, 13, 14, 15)))
    assert "1,003 of 2,000 rows have a blank key (employeeID), the first in rows 7, 9, 12, 13, 14;" in error.message
    assert error.hint.endswith(RERUN)
    assert "the first in row 7;" in rows_refusal(a_payload(blank_keys=1, blank_examples=(7,))).message
    rows_pass(a_payload(blank_keys=0))


def test_duplicate_keys() -> None:
    problems = tuple(KeyProblem(f"E{number}", (number, number + 10)) for number in range(1, 6))
    payload = a_payload(duplicate_keys=1_234, duplicate_examples=problems)
    error = rows_refusal(payload, dataset=a_dataset(key=("from_id", "to_id")))
    assert "1,234 keys come more than once (from_id + to_id): " in error.message
    assert "E1 in rows 1, 11; E2 in rows 2, 12; E3 in rows 3, 13." in error.message
    assert "guards.duplicates" in error.hint
    one = a_payload(duplicate_keys=1, duplicate_examples=problems[:1])
    assert "1 key comes more than once" in rows_refusal(one).message


def test_required_columns_are_all_named_at_once() -> None:
    error = rows_refusal(a_payload(2_000, missing=(("name", 2_000), ("dept", 3))))
    assert error.message == "Required columns are blank or missing: name in 2,000, dept in 3 of 2,000 rows."
    assert "guards.required of `people`" in error.hint
    rows_pass(a_payload(missing=()))


# ---- what can be said with the items at hand


def test_max_delete_rows() -> None:
    error = changes_refusal(live(100_000, deleted=501, examples=tuple(f"E{n}" for n in range(9))))
    assert error.message == (
        "This load would delete 501 of 100,000 items (0.501%), among them E0, E1, E2, E3, E4, "
        "more than guards.max_delete_rows = 500."
    )
    assert error.hint == f"Look at the source first. If the deletions are right: {RERUN} --allow-delete people=501"
    changes_pass(live(100_000, deleted=500))
    changes_pass(live(100_000, deleted=5_000), Guards(max_delete_rows=None))


def test_max_delete_rows_of_zero_lets_no_item_go() -> None:
    changes_refusal(live(1_000, deleted=1), Guards(max_delete_rows=0))
    changes_pass(live(1_000), Guards(max_delete_rows=0))


def test_max_delete_percent() -> None:
    error = changes_refusal(live(1_000, deleted=51, examples=("E7",)))
    assert (
        "would delete 51 of 1,000 items (5.1%), among them E7, more than guards.max_delete_percent = 5."
        in error.message
    )
    assert error.hint.endswith("--allow-delete people=51")
    changes_pass(live(1_000, deleted=50))
    changes_pass(live(400, deleted=300), Guards(max_delete_percent=None))


def test_a_share_barely_over_the_limit_does_not_look_like_the_limit() -> None:
    assert "(5.01%)" in changes_refusal(live(10_000, deleted=501), Guards(max_delete_rows=None)).message


@pytest.mark.parametrize(("held", "deleted"), [(10, 10), (11, 10), (20, 10), (1, 1)])
def test_ten_deletions_or_fewer_never_break_the_percentage(held: int, deleted: int) -> None:
    changes_pass(live(held, created=50, deleted=deleted), Guards(max_delete_percent=0))


def test_eleven_deletions_do() -> None:
    assert "11 of 11 items (100%)" in changes_refusal(live(11, created=50, deleted=11)).message


def test_ten_deletions_can_still_break_max_delete_rows() -> None:
    changes_refusal(live(100, deleted=10), Guards(max_delete_rows=9))


def test_an_allowance_takes_the_place_of_both_delete_guards() -> None:
    changes_pass(live(1_000, deleted=700), allowed=700)
    error = changes_refusal(live(1_000, deleted=701, examples=("E1",)), allowed=700)
    assert (
        "would delete 701 of 1,000 items (70.1%), among them E1, more than the 700 that --allow-delete" in error.message
    )
    assert error.hint.endswith("--allow-delete people=701")


def test_an_allowance_can_be_stricter_than_the_guards() -> None:
    changes_refusal(live(1_000, deleted=1), allowed=0)
    changes_pass(live(1_000, deleted=0), allowed=0)


def test_an_allowance_of_deletions_leaves_the_other_guards_alone() -> None:
    changes_refusal(live(1_000, updated=11, deleted=700), Guards(max_update_percent=1), allowed=1_000)


def test_max_create_percent() -> None:
    error = changes_refusal(live(1_000, created=2_001), Guards(max_create_percent=200))
    assert "would create 2,001 items where Orgvue holds 1,000 (200.1%), more than guards.max_create_percent = 200" in (
        error.message
    )
    assert error.hint.endswith(RERUN)
    assert "(250,000%)" in changes_refusal(live(2, created=5_000), Guards(max_create_percent=10)).message
    changes_pass(live(1_000, created=2_000), Guards(max_create_percent=200))
    changes_pass(live(1_000, created=999_999))


def test_max_create_percent_lets_a_first_load_pass() -> None:
    changes_pass(live(0, created=100), Guards(max_create_percent=1))


def test_max_update_percent() -> None:
    error = changes_refusal(live(1_000, updated=101), Guards(max_update_percent=10))
    assert "would update 101 items where Orgvue holds 1,000 (10.1%), more than guards.max_update_percent = 10" in (
        error.message
    )
    changes_pass(live(1_000, updated=100), Guards(max_update_percent=10))
    changes_pass(live(1_000, updated=1_000))


def test_a_baseline_of_the_last_run_is_named_with_its_date() -> None:
    changes = Changes(0, 0, 600, 400)
    error = changes_refusal(Baseline("last_run", 1_000, changes, since="2026-11-22"))
    assert "600 of 1,000 items (60%), judged by the last successful run (2026-11-22), more than" in error.message
    assert "date unknown" in changes_refusal(Baseline("last_run", 1_000, changes)).message


def test_without_a_baseline_by_request_rows_pass() -> None:
    changes_pass(Baseline("none", None, None))


@pytest.mark.parametrize("kind", ["live", "last_run"])
def test_a_baseline_without_numbers_cannot_be_made(kind: str) -> None:
    with pytest.raises(ValueError, match="would let everything through"):
        Baseline(kind, 5, None)
    with pytest.raises(ValueError, match="would let everything through"):
        Baseline(kind, None, Changes(0, 0, 0, 0))


def test_items_under_new_keys_are_told_when_there_are_many() -> None:
    changes = Changes(900, 0, 900, 100, rekeyed=890, rekeyed_examples=(("007", "7"), ("042", "42")))
    error = changes_refusal(Baseline("live", 1_000, changes))
    assert error.message.endswith(rekeyed_text(changes))
    assert "890 of the items to delete" in error.message
    assert "007 → 7, 042 → 42" in error.message
    few = Changes(900, 0, 900, 100, rekeyed=10, rekeyed_examples=(("007", "7"),))
    assert "→" not in changes_refusal(Baseline("live", 1_000, few)).message


# ---- no rows


@pytest.mark.parametrize("min_rows", [None, 0, 1, 5])
def test_no_rows_never_empty_a_dataset_whatever_min_rows_says(min_rows: int | None) -> None:
    error = changes_refusal(live(3, deleted=3), Guards(min_rows=min_rows, max_delete_percent=None), rows=0)
    assert "The source has no rows, while Orgvue holds 3 items: sending it would delete them all." in error.message
    assert error.hint.endswith(f"{RERUN} --allow-delete people=3")


def test_keys_are_shown_cut_and_with_blanks_that_can_be_seen() -> None:
    pairs = (("7 ", " 7"), ("k" * 4000, "8"))
    changes = Changes(900, 0, 900, 100, deleted_examples=("7 ", "k" * 4000), rekeyed=890, rekeyed_examples=pairs)
    message = changes_refusal(Baseline("live", 1000, changes)).message
    assert f"among them 7␣, {'k' * 80}…, more than" in message
    assert f"(7␣ → ␣7, {'k' * 80}… → 8)" in message
    twice = a_payload(3, duplicate_keys=1, duplicate_examples=(KeyProblem("k" * 4000, (1, 2)),))
    assert f": {'k' * 80}… in rows 1, 2." in rows_refusal(twice).message


def test_no_rows_and_one_item() -> None:
    assert "Orgvue holds 1 item:" in changes_refusal(live(1, deleted=1), rows=0).message


def test_no_rows_are_refused_without_implicit_delete_too() -> None:
    dataset = a_dataset(import_options=ImportOptions(implicit_delete=False))
    assert "would change nothing" in changes_refusal(live(3), rows=0, dataset=dataset).message


def test_an_allowance_that_covers_all_items_lets_an_empty_source_through() -> None:
    changes_pass(live(3_000, deleted=3_000), rows=0, allowed=3_000)
    assert changes_refusal(live(3_000, deleted=3_000), rows=0, allowed=2_999).hint.endswith(
        "--allow-delete people=3000"
    )


def test_no_rows_for_an_empty_dataset_are_a_matter_of_min_rows() -> None:
    error = changes_refusal(live(0), rows=0)
    assert "no rows (guards.min_rows = 1)" in error.message
    assert "min_rows of `people` to 0" in error.hint
    changes_pass(live(0), Guards(min_rows=0), rows=0)
    changes_pass(live(0), Guards(min_rows=None), rows=0)


@pytest.mark.parametrize("allowed", [None, 0, 10**9])
def test_no_rows_are_refused_where_nobody_looked_at_the_items(allowed: int | None) -> None:
    """An allowance cannot be held against an unknown number, so the hint says how to learn it."""
    error = changes_refusal(Baseline("none", None, None), Guards(min_rows=0), rows=0, allowed=allowed)
    assert "guards.baseline = none" in error.message
    assert "guards.baseline of `people` set to `live`" in error.hint
    assert error.hint.endswith("--allow-delete people=COUNT")


@pytest.mark.parametrize("allowed", [None, 0, 10**9])
def test_no_rows_are_refused_where_only_the_last_run_says_that_there_is_nothing_to_lose(allowed: int | None) -> None:
    """Items may have come since then, and whoever sent nothing would delete them all."""
    nothing = Baseline("last_run", 0, Changes(0, 0, 0, 0), since="2026-11-22")
    error = changes_refusal(nothing, Guards(min_rows=0), rows=0, allowed=allowed)
    assert "no item, judged by the last successful run (2026-11-22), but" in error.message
    assert "guards.baseline of `people` set to `live`" in error.hint
    keeping = a_dataset(guards=Guards(min_rows=0), import_options=ImportOptions(implicit_delete=False))
    check_changes(keeping, a_payload(0), nothing, NO_ALLOWANCE, str)


def test_no_rows_are_judged_by_the_last_run_where_it_must_stand_in() -> None:
    error = changes_refusal(Baseline("last_run", 70, Changes(0, 0, 70, 0), since="2026-11-22"), rows=0)
    assert "70 items, judged by the last successful run (2026-11-22)" in error.message


def test_the_command_can_be_pasted_into_a_shell() -> None:
    dataset = a_dataset("sick days")
    again = rerun(dataset, Typed("my configs/all.yaml"))
    assert again() == "bulkimport run 'my configs/all.yaml' --only 'sick days'"
    error = changes_refusal(live(1_000, deleted=700), dataset=dataset)
    assert error.hint.endswith("--only 'sick days' --allow-delete 'sick days=700'")


# ---- as arithmetic

COUNTS = st.integers(0, 2_000)


@given(held=COUNTS, data=st.data(), rows_limit=st.none() | COUNTS, percent=st.none() | st.floats(0, 100))
def test_the_delete_guards_let_through_exactly_what_is_within_them(
    held: int, data: st.DataObject, rows_limit: int | None, percent: float | None
) -> None:
    deleted = data.draw(st.integers(0, held))
    within_rows = rows_limit is None or deleted <= rows_limit
    within_percent = percent is None or deleted <= 10 or deleted * 100 <= percent * held
    guards = Guards(max_delete_rows=rows_limit, max_delete_percent=percent)
    if within_rows and within_percent:
        changes_pass(live(held, deleted=deleted), guards)
    else:
        error = changes_refusal(live(held, deleted=deleted), guards)
        assert f"would delete {deleted:,} of {held:,} item" in error.message
        changes_pass(live(held, deleted=deleted), guards, allowed=deleted)


@given(held=st.integers(1, 2_000), allowed=st.none() | COUNTS, min_rows=st.none() | COUNTS)
def test_an_empty_source_passes_only_under_an_allowance_for_all(
    held: int, allowed: int | None, min_rows: int | None
) -> None:
    guards = Guards(min_rows=min_rows, max_delete_rows=None, max_delete_percent=None)
    baseline = live(held, deleted=held)
    if allowed is not None and allowed >= held:
        changes_pass(baseline, guards, rows=0, allowed=allowed)
    else:
        changes_refusal(baseline, guards, rows=0, allowed=allowed)


def test_an_allowance_that_cannot_be_counted_is_refused() -> None:
    uncounted = Baseline("none", None, None)
    error = changes_refusal(uncounted, allowed=10)
    assert "more than the 10 that --allow-delete permits cannot be told" in error.message
    assert f"{RERUN} --allow-delete people=10" in error.hint
    changes_pass(uncounted)


def test_an_allowance_is_not_needed_where_nothing_is_deleted() -> None:
    keeping = a_dataset(import_options=ImportOptions(implicit_delete=False))
    check_changes(keeping, a_payload(5), Baseline("none", None, None), Allowance(10), str)


# ---- links and what they join

DANGLING = (DanglingEnds("from_id", 1, 1_240, ("E9",)), DanglingEnds("to_id", 7, 1_240, ("P1", "P2", "P3", "P4", "P5")))
SIDES = ("people", "positions")


def test_dangling_links_are_told_with_their_numbers_and_some_of_their_ends() -> None:
    assert check_links(a_dataset("links"), DANGLING, SIDES, str) == (
        "1 of 1,240 links has a from_id that is no key of people or positions: E9. "
        "7 of 1,240 links have a to_id that is no key of people or positions: P1, P2, P3, P4, P5, …. "
        "Orgvue rejects links whose ends it does not hold."
    )


def test_dangling_links_may_be_refused_with_the_way_to_let_them_through() -> None:
    links = a_dataset("links", guards=Guards(dangling_links="refuse", allow_item_errors=7))
    with pytest.raises(GuardError) as caught:
        check_links(links, DANGLING, SIDES, rerun(links, TYPED))
    assert "7 of 1,240 links have a to_id" in caught.value.message
    assert caught.value.hint.endswith(
        "set guards.dangling_links of `links` to `warn`, then: bulkimport run configs/all.yaml --only links"
    )


def test_as_many_dangling_links_as_orgvue_may_reject_are_not_refused() -> None:
    links = a_dataset("links", guards=Guards(dangling_links="refuse", allow_item_errors=8))
    assert "1 of 1,240" in (check_links(links, DANGLING, SIDES, str) or "")


def test_nothing_is_said_of_links_whose_ends_are_there() -> None:
    assert check_links(a_dataset("links", guards=Guards(dangling_links="refuse")), (), SIDES, str) is None
