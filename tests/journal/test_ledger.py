from datetime import date

import pytest

from bulkimport.errors import StateError
from bulkimport.journal import ledger
from bulkimport.journal.records import PlanUse
from tests.journal.samples import TENANT, a_connection, moment

TODAY, TOMORROW = date(2026, 11, 23), date(2026, 11, 24)


def test_requests_add_up_per_tenant_and_day() -> None:
    connection = a_connection()
    assert ledger.add_requests(connection, TENANT, TODAY, 100) == 100
    assert ledger.add_requests(connection, TENANT, TODAY, 5) == 105
    assert ledger.add_requests(connection, TENANT, TOMORROW, 7) == 7
    assert ledger.add_requests(connection, "https://other", TODAY, 1) == 1


def test_unused_requests_are_given_back_but_never_more_than_there_were() -> None:
    connection = a_connection()
    ledger.add_requests(connection, TENANT, TODAY, 100)
    assert ledger.add_requests(connection, TENANT, TODAY, -40) == 60
    assert ledger.add_requests(connection, TENANT, TODAY, -100) == 0
    assert ledger.add_requests(connection, TENANT, TOMORROW, -1) == 0
    assert ledger.add_requests(connection, TENANT, TODAY, 0) == 0


def test_a_plan_is_used_by_one_run() -> None:
    connection = a_connection()
    assert ledger.use_plan(connection, "plan-1", "run-1", moment(0)) is None
    assert ledger.use_plan(connection, "plan-1", "run-2", moment(9)) == PlanUse("run-1", moment(0))
    assert ledger.use_plan(connection, "plan-2", "run-2", moment(9)) is None


def test_a_resumed_run_may_go_on_with_its_plan() -> None:
    connection = a_connection()
    ledger.use_plan(connection, "plan-1", "run-1", moment(0))
    assert ledger.use_plan(connection, "plan-1", "run-1", moment(9)) is None


def test_a_damaged_plan_use_is_a_state_error() -> None:
    connection = a_connection()
    ledger.use_plan(connection, "plan-1", "run-1", moment(0))
    connection.execute("UPDATE plans SET at = 'x'")
    with pytest.raises(StateError, match="damaged"):
        ledger.use_plan(connection, "plan-1", "run-2", moment(0))


def test_the_last_accepted_fingerprint_is_remembered() -> None:
    connection = a_connection()
    assert ledger.accepted_fingerprint(connection, TENANT, "ID-people") is None
    ledger.accept_fingerprint(connection, TENANT, "ID-people", "one")
    ledger.accept_fingerprint(connection, TENANT, "ID-people", "two")
    assert ledger.accepted_fingerprint(connection, TENANT, "ID-people") == "two"
    assert ledger.accepted_fingerprint(connection, TENANT, "ID-links") is None
