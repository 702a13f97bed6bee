from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bulkimport.model import DatasetStatus, RunStatus
from bulkimport.report.account_text import account_text
from bulkimport.report.layout import Layout
from bulkimport.report.meaning import SANDBOX_NOTICE
from bulkimport.report.rejected import Reason, Rejected
from bulkimport.report.text import summary_text
from tests.report.examples import BLOCKED, PARTIAL, SUCCEEDED, TRACE, ended, run_of
from tests.report.nights import WHOLE, an_account, entries

WIDE = Layout(100)
REJECTED = Rejected("training", "/x", True, (Reason("salary: '…' is wrong", 5, ("K-1", "K-2")),))


def test_a_report_is_the_summary_and_its_own_parts_below() -> None:
    run = run_of(SUCCEEDED, PARTIAL, BLOCKED)
    account = an_account(
        run,
        written=entries("locations", WHOLE),
        depends_on={"links": ["training"]},
        earlier=[run_of(replace(SUCCEEDED, rows=20)), run_of(replace(SUCCEEDED, rows=22))],
        rejected=[REJECTED],
    )
    text = account_text(account, WIDE)
    assert text.startswith(summary_text(run, WIDE))
    squeezed = " ".join(text.split())
    for part in (
        "1. locations, training 2. links (after training)",
        "locations 24 21 12s 12s 1 1",
        "Usually: the median of 2 runs before.",
        "Rejected items of training 5 items: salary: '…' is wrong keys K-1, K-2, …",
        f"trace {TRACE}",
        "Run by: bulkimport 0.1.0",
    ):
        assert part in squeezed, part


def test_earlier_runs_that_cannot_be_read_are_told() -> None:
    told = "1 earlier run could not be read and is left out."
    account = an_account(run_of(SUCCEEDED), earlier=[run_of(SUCCEEDED)])
    several = account_text(replace(account, comparison=replace(account.comparison, unreadable=1)), WIDE)
    assert f"Usually: the median of 1 run before. {told}" in several
    account = an_account(run_of(SUCCEEDED))
    alone = account_text(replace(account, comparison=replace(account.comparison, unreadable=1)), WIDE)
    assert f"Compared with the runs before\n  {told}\n" in alone


def test_the_timeline_is_drawn_in_letters() -> None:
    events = [(10 * at, event) for at, event in WHOLE]
    account = an_account(run_of(SUCCEEDED, BLOCKED, status=RunStatus.SUCCEEDED), written=entries("locations", events))
    account = replace(account, timeline=replace(account.timeline, end=entries("x", events)[-1].at))
    lines = account_text(account, Layout(60)).partition("Timeline\n")[2].splitlines()
    bar = lines[0].split()[1]
    assert list(dict.fromkeys(bar)) == ["·", "s", "g", "u", "p", "r"]
    assert bar.count("p") > bar.count("u") > bar.count("s") > bar.count("·") > 0
    assert set(lines[1].split()[1]) == {"·"}


def test_a_short_report_leaves_out_what_it_has_nothing_for() -> None:
    text = account_text(an_account(run_of(SUCCEEDED, status=RunStatus.SUCCEEDED, sandbox=True)), WIDE)
    assert not any(title in text for title in ("Dependency order", "Compared", "Rejected"))
    assert text.rstrip().endswith(SANDBOX_NOTICE)


def test_values_of_items_are_told_where_the_account_has_them_and_a_lost_file_is_named() -> None:
    shown = replace(REJECTED, reasons=(Reason("wrong", 1, ("K",), ('{"a":"b"}',)),) * 12)
    text = account_text(an_account(run_of(PARTIAL), rejected=[shown], with_values=True), WIDE)
    assert '{"a":"b"}' in text
    assert "and 2 more reasons for 2 items" in text
    torn = account_text(an_account(run_of(PARTIAL), rejected=[replace(REJECTED, unreadable=1)]), WIDE)
    assert "1 line of the file could not be read." in torn
    gone = account_text(an_account(run_of(PARTIAL), rejected=[replace(REJECTED, is_there=False)]), WIDE)
    assert "Their file is no longer there: /x" in gone


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60), st.integers(20, 120))
def test_no_line_is_wider_than_the_layout_whatever_a_dataset_is_called(name: str, width: int) -> None:
    account = an_account(run_of(ended(DatasetStatus.SUCCEEDED, name), SUCCEEDED), written=entries("locations", WHOLE))
    text = account_text(account, Layout(width))
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert "\x1b" not in text
