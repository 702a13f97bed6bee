"""What a run was permitted and held to is in the journal, so that a later command goes on in the same way."""

import json
from dataclasses import replace

from bulkimport.cli.work import Work
from bulkimport.guards import Allowance
from bulkimport.plan import selection_of
from bulkimport.saved_plan import Approval, SavedPlan
from tests.support.clock import START
from tests.support.refreshing import a_record
from tests.support.vocabulary import a_dataset

PLAIN = Work(selection_of([a_dataset()]))
APPROVALS = {"people": Approval("ab", 3, "live", 5)}


def test_a_later_command_is_permitted_the_same() -> None:
    first = replace(
        PLAIN,
        selectors={"only": ["people"]},
        allowances={"people": Allowance(5), "links": Allowance()},
        accepted_changes=frozenset({"people"}),
        approvals=APPROVALS,
        plan=SavedPlan("a1", "", "", "", APPROVALS),
    )
    record = a_record("run-1", START, options=json.loads(json.dumps(first.options)))
    later = PLAIN.as_permitted(record)
    assert later.allowances == first.allowances
    assert later.accepted_changes == {"people"}
    assert later.approvals == APPROVALS
    assert later.plan is None  # it was applied: what remains is what it showed
    assert record.options["plan"] == "a1"
    assert record.options["selectors"] == {"only": ["people"]}


def test_a_plain_run_permits_nothing() -> None:
    assert PLAIN.as_permitted(a_record("run-1", START, options=PLAIN.options)) == PLAIN
    assert PLAIN.as_permitted(a_record("run-1", START)) == PLAIN
