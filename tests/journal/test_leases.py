import sqlite3

from bulkimport.journal import leases
from bulkimport.journal.records import LeaseOwner
from tests.journal.samples import TENANT, a_connection, an_owner, moment

FIRST, SECOND = an_owner("run-1"), an_owner("run-2", pid=4712)
FAR = an_owner("run-2", pid=4712, host="there")


def acquire(
    connection: sqlite3.Connection,
    owner: LeaseOwner,
    *,
    at: float = 0,
    alive: tuple[str, ...] = ("run-1", "run-2"),
    dataset_id: str = "ID-people",
    tenant: str = TENANT,
) -> LeaseOwner | None:
    """Asks for ten seconds."""
    return leases.acquire(
        connection, tenant, dataset_id, owner, moment(at), moment(at + 10), is_alive=lambda run_id: run_id in alive
    )


def test_the_first_gets_it_and_the_second_learns_who_has_it() -> None:
    connection = a_connection()
    assert acquire(connection, FIRST) is None
    assert acquire(connection, SECOND) == FIRST
    assert acquire(connection, SECOND, at=9.999) == FIRST


def test_the_case_of_the_dataset_id_does_not_open_a_second_door() -> None:
    connection = a_connection()
    assert acquire(connection, FIRST, dataset_id="6586f21b") is None
    assert acquire(connection, SECOND, dataset_id="6586F21B") == FIRST


def test_datasets_and_tenants_are_independent() -> None:
    connection = a_connection()
    assert acquire(connection, FIRST) is None
    assert acquire(connection, SECOND, dataset_id="ID-links") is None
    assert acquire(connection, SECOND, tenant="https://other") is None


def test_an_expired_lease_is_taken_over_by_another_host_and_lost_to_its_owner() -> None:
    connection = a_connection()
    acquire(connection, FIRST)
    assert acquire(connection, FAR, at=10) is None
    assert acquire(connection, FIRST, at=11) == FAR
    assert leases.renew(connection, TENANT, "ID-people", FIRST, moment(30)) is False
    leases.release(connection, TENANT, "ID-people", FIRST)
    assert acquire(connection, FIRST, at=12) == FAR


def test_a_run_that_is_frozen_but_alive_on_the_same_host_keeps_its_lease() -> None:
    connection = a_connection()
    acquire(connection, FIRST)
    assert acquire(connection, SECOND, at=1000) == FIRST


def test_a_dead_run_on_the_same_host_loses_its_lease_at_once() -> None:
    connection = a_connection()
    acquire(connection, FIRST)
    assert acquire(connection, SECOND, at=1, alive=("run-2",)) is None


def test_a_run_on_another_host_keeps_its_lease_until_it_expires() -> None:
    connection = a_connection()
    far = an_owner("run-1", host="there")
    acquire(connection, far)
    assert acquire(connection, SECOND, at=1, alive=("run-2",)) == far
    assert acquire(connection, SECOND, at=10, alive=("run-2",)) is None


def test_the_run_that_has_it_gets_it_again_also_in_a_later_process() -> None:
    connection = a_connection()
    acquire(connection, FIRST)
    resumed = an_owner("run-1", pid=99)
    assert acquire(connection, resumed, at=5) is None
    assert leases.renew(connection, TENANT, "ID-people", FIRST, moment(99)) is False
    assert acquire(connection, SECOND, at=14) == resumed


def test_a_renewed_lease_lasts_longer() -> None:
    connection = a_connection()
    acquire(connection, FIRST)
    assert leases.renew(connection, TENANT, "ID-people", FIRST, moment(19)) is True
    assert acquire(connection, FAR, at=18) == FIRST
    assert acquire(connection, FAR, at=19) is None


def test_a_lease_given_back_is_free() -> None:
    connection = a_connection()
    acquire(connection, FIRST)
    leases.release(connection, TENANT, "ID-people", FIRST)
    assert leases.renew(connection, TENANT, "ID-people", FIRST, moment(99)) is False
    assert acquire(connection, SECOND) is None
