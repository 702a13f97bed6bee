import base64
import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkimport.model import DatasetStatus, ErrorReport, ItemCounts, RunStatus, Stage
from bulkimport.refresh import events as e
from bulkimport.report.account import Account
from bulkimport.report.meaning import SANDBOX_NOTICE, UNTOUCHED
from bulkimport.report.page import MOST_REASONS, page
from bulkimport.report.rejected import Reason, Rejected
from bulkimport.wording import printable
from tests.report.examples import BLOCKED, EXPIRED, PARTIAL, SUCCEEDED, TRACE, UNKNOWN, ended, run_of
from tests.report.markup import Page, assert_accessible, assert_harmless, read_page
from tests.report.nights import WHOLE, an_account, entries, in_order

FAILED = ended(DatasetStatus.FAILED, "people", EXPIRED)
REFUSED = ended(DatasetStatus.REFUSED, "cost-centres", ErrorReport(Stage.GUARD, "Too many deletions.", "Look."))
REJECTED = Rejected("training", "/state/x.failed.ndjson", True, (Reason("salary: '…' is wrong", 5, ("K-1", "K-2")),))
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; alert(1) //",
    "</style><script>alert(1)</script>",
    "</textarea></title>-->",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;b&gt; &amp;#x27;",
    "\u202eright to left\u2066",
    "https://evil.example/x.js",
    "\x00\x1b[2J\r\n\udce9",
]
DASH = "\u2013"
FOREIGN = st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=40))


def mixed(**changes: object) -> Account:
    facts = run_of(SUCCEEDED, FAILED, REFUSED, PARTIAL, BLOCKED, UNKNOWN)
    facts = replace(facts, warnings=("The config is odd.",))
    quiet = [run_of(SUCCEEDED, PARTIAL, status=RunStatus.SUCCEEDED)] * 3
    values: dict[str, object] = {
        "written": in_order(entries("locations", WHOLE), entries("people", WHOLE[:2])),
        "depends_on": {"links": ["people", "positions"]},
        "earlier": quiet,
        "rejected": [REJECTED],
    }
    return an_account(facts, **(values | changes))  # type: ignore[arg-type]  # values by name


def read(account: Account) -> Page:
    found = read_page(page(account))
    assert_harmless(found)
    assert_accessible(found)
    return found


def test_a_mixed_run_is_a_whole_page_that_tells_all_of_it() -> None:
    text = read(mixed()).text
    for part in (
        "Failed: 5 of 6 datasets did not succeed",
        "bulkimport run configs/all.yaml --resume 20261123T020000Z-7f3a",
        "bulkimport run configs/all.yaml --failed 20261123T020000Z-7f3a",
        "Exit code 1: 5 datasets did not succeed.",
        f"What The API token has expired. [HTTP 403, 40302, ApiTokenExpired] Data {UNTOUCHED} Next Put a new token",
        f"Trace {TRACE}",
        "Warning: The config is odd.",
        "+1 ~2 \u22123,456",
        "links blocked after people and positions",
        "Compared with the last 3 runs of this config",
        "5 of 24 items",
        "5 salary: '…' is wrong K-1, K-2, …",
        "/state/x.failed.ndjson",
        f"trace {TRACE}",
        "took 3m 10s",
        "412 requests, 3 throttled",
    ):
        assert part in text, part


def test_what_needs_attention_comes_first() -> None:
    text = read(mixed()).text
    outcome, problems, datasets = (text.index(part) for part in ("did not succeed", "What The API", "Skipped Failed"))
    assert outcome < problems < datasets
    table = text[datasets : text.index("Expected is what")]
    places = [table.index(f" {name} ") for name in ("people", "positions", "cost-centres", "training", "links")]
    assert places == sorted(places)


def test_a_good_run_has_no_problems_and_nothing_to_type() -> None:
    found = read(an_account(run_of(SUCCEEDED, status=RunStatus.SUCCEEDED)))
    assert "Succeeded: 1 dataset, all as they should be" in found.text
    assert "problems" not in found.ids
    assert not {"comparison", "rejected"} & set(found.ids)
    assert "No dataset of this run waited for another." in found.text
    assert found.tags["pre"] == 0


def test_counts_are_dashes_where_no_result_was_seen() -> None:
    text = read(an_account(run_of(FAILED, SUCCEEDED))).text
    assert f"people failed 24 {' '.join(6 * [DASH])} 12s" in text
    assert "locations succeeded 24 +3 ~20 \u22121 3 20 1 0 0 12s" in text


@pytest.mark.parametrize("status", list(RunStatus))
def test_a_run_in_any_state_without_any_dataset_is_a_page(status: RunStatus) -> None:
    read(an_account(run_of(status=status)))
    read(an_account(replace(run_of(status=status), finished_at=None)))


def test_a_running_run_shows_what_its_datasets_are_at() -> None:
    running = replace(SUCCEEDED, status=None, state="polling")
    text = read(an_account(run_of(running, status=RunStatus.RUNNING), written=entries("locations", WHOLE[:8]))).text
    assert "Running: 0 of 1 dataset ended" in text
    assert "running polling" in text


def test_the_sandbox_is_named_at_the_beginning_and_at_the_end() -> None:
    text = read(an_account(run_of(SUCCEEDED, status=RunStatus.SUCCEEDED, sandbox=True))).text
    assert text.count(SANDBOX_NOTICE) == 2
    assert text.endswith(SANDBOX_NOTICE)
    assert SANDBOX_NOTICE not in read(an_account()).text


def test_a_pause_is_told_in_words_too() -> None:
    events: list[tuple[float, e.Event]] = [(10, e.TurnCame()), (170, e.RefreshResumed()), (180, e.TurnCame())]
    text = read(an_account(run_of(SUCCEEDED), written=entries("locations", events))).text
    assert "it was not at work for 2m 40s, which the timeline leaves out" in text


def test_values_are_on_the_page_only_if_they_were_asked_for_and_then_it_says_so() -> None:
    rejected = replace(REJECTED, reasons=(Reason("wrong", 1, ("K",), ('{"salary":"a lot"}',)),))
    open_page = read(mixed(rejected=[rejected], with_values=True))
    assert '{"salary":"a lot"}' in open_page.text
    assert "holds values of items: personal data" in open_page.text
    assert "--include-values" not in open_page.text
    assert "--include-values" in read(mixed()).text


def test_a_file_of_rejected_items_that_is_gone_or_damaged_and_too_many_reasons_are_told() -> None:
    gone = read(mixed(rejected=[replace(REJECTED, is_there=False, reasons=())])).text
    assert "Their file is no longer there: /state/x.failed.ndjson" in gone
    reasons = tuple(Reason(f"reason {number}", 2, ("K",)) for number in range(MOST_REASONS + 3))
    many = read(mixed(rejected=[replace(REJECTED, reasons=reasons, unreadable=1)])).text
    assert "And 3 more reasons for 6 items." in many
    assert "1 line of the file could not be read." in many


def test_earlier_runs_that_cannot_be_read_are_owned_up_to() -> None:
    account = mixed()
    account = replace(account, comparison=replace(account.comparison, unreadable=2))
    assert "2 earlier runs could not be read and are left out." in read(account).text


def foreign(name: str, message: str, other: str, *, with_values: bool) -> Account:
    """An account in which every text that comes from elsewhere is one of these."""
    error = ErrorReport(Stage.POLL, message, other, 400, other, message, other)
    dataset = replace(
        ended(DatasetStatus.PARTIAL, name, error),
        dataset_id=other,
        state=message,
        items=ItemCounts(failed=1),
        trace_ids=(message, f"{other}!"),
        warnings=(message,),
    )
    running = replace(dataset, name=f"{name}!", status=None)
    facts = replace(run_of(dataset, running), config=message, warnings=(other,))
    return an_account(
        facts,
        written=[replace(entry, dataset=name) for entry in entries("people", WHOLE)],
        depends_on={f"{name}!": [name]},
        earlier=[facts],
        rejected=[Rejected(name, other, True, (Reason(message, 1, (other,), (message,) * with_values),))],
        with_values=with_values,
        config_key=other,
        host=message,
        options={"selectors": {"only": [name]}, "allow_delete": {name: 3}},
    )


@settings(max_examples=40)
@given(FOREIGN, FOREIGN, FOREIGN, st.booleans())
def test_no_text_from_elsewhere_can_break_the_page_or_act_in_it(
    name: str, message: str, other: str, with_values: bool
) -> None:
    html = page(foreign(name, message, other, with_values=with_values))
    html.encode("utf-8")
    found = read_page(html)
    assert_harmless(found)
    assert found.tags == read_page(page(foreign("name", "message", "other", with_values=with_values))).tags
    assert {printable(name), printable(message)} <= {"", *(printable(text) for text in found.texts)}


def test_the_policy_names_the_style_sheet_by_its_hash_so_that_no_other_can_be_used() -> None:
    found = read(mixed())
    expected = base64.b64encode(hashlib.sha256(found.style.encode()).digest()).decode()
    assert any(f"style-src 'sha256-{expected}'" in value for _, _, value in found.attributes)


def test_pictures_are_told_in_words() -> None:
    labels = [value for tag, name, value in read(mixed()).attributes if (tag, name) == ("svg", "aria-label")]
    assert (
        "waiting 1.0s, source 2.0s, guard 4.0s, generate 1.0s, upload 5.0s, import 2.0s, poll 10s, result 2.0s"
        in labels
    )
    assert "outcomes, the oldest first: succeeded, succeeded, succeeded, failed" in labels
    assert "outcomes, the oldest first: no part of it, no part of it, no part of it, unknown" in labels
    assert "rows of 4 runs, the oldest first: 24, 24, 24, 24" in labels


def test_every_class_that_is_a_status_or_a_stage_has_its_colour_in_light_in_dark_and_in_print() -> None:
    style = read(mixed()).style
    for name in (*DatasetStatus, "running"):
        assert re.search(rf"\.{name}\b", style), name
    variables = set(re.findall(r"var\((--\w+)\)", style))
    light, dark, printed = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    for part in (light, dark, printed):
        assert variables == set(re.findall(r"(--\w+):", part))
    assert {f"--{stage}" for stage in Stage} <= variables


def test_every_status_has_a_shape_of_its_own() -> None:
    found = read(mixed())
    assert {f"i-{name}" for name in (*DatasetStatus, "running")} <= set(found.ids)


def test_the_template_engine_is_loaded_only_where_a_page_is_made() -> None:
    code = "import sys; import bulkimport.cli; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


def test_the_moment_of_telling_is_shown_while_the_run_is_alive() -> None:
    account = an_account(run_of(SUCCEEDED, status=RunStatus.RUNNING))
    later = replace(account, told_at=account.told_at + timedelta(minutes=5))
    assert "as of 03:08:10 UTC" in read(later).text
