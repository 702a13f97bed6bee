import pytest

from bulkimport.errors import StateError
from bulkimport.journal import runs
from bulkimport.journal.records import RunIdTakenError
from bulkimport.model import RunStatus
from tests.journal.samples import a_connection, a_dataset, a_run, moment


def test_a_run_comes_back_as_it_was_registered() -> None:
    connection = a_connection()
    plain = a_run("run-1")
    full = a_run(
        "run-2",
        command="resume",
        sandbox=True,
        parent_run_id="run-1",
        finished_at=moment(60),
        status=RunStatus.FAILED,
        requests=412,
        throttled=3,
    )
    for run in (plain, full):
        runs.insert(connection, run, [])
    assert runs.select(connection) == [full, plain]


def test_the_datasets_come_back_by_position() -> None:
    connection = a_connection()
    people, links = a_dataset("people", position=1), a_dataset("links", position=0)
    runs.insert(connection, a_run(), [people, links])
    assert runs.datasets_of(connection, "run-1") == [links, people]
    assert runs.datasets_of(connection, "run-2") == []


def test_a_run_id_is_taken_once() -> None:
    connection = a_connection("run-1")
    with pytest.raises(RunIdTakenError, match="run-1"):
        runs.insert(connection, a_run("run-1", command="failed"), [a_dataset("other")])
    assert [run.command for run in runs.select(connection)] == ["run"]


def test_runs_are_chosen_by_config_command_and_number() -> None:
    connection = a_connection()
    for number in range(6):
        config_key = "/a.yaml" if number % 2 else "/b.yaml"
        command = "restore" if number > 3 else "run"
        runs.insert(connection, a_run(f"run-{number}", config_key=config_key, command=command), [])
    assert [run.run_id for run in runs.select(connection, limit=2)] == ["run-5", "run-4"]
    assert [run.run_id for run in runs.select(connection, config_key="/a.yaml")] == ["run-5", "run-3", "run-1"]
    assert [run.run_id for run in runs.select(connection, config_key="/a.yaml", commands=["run", "failed"])] == [
        "run-3",
        "run-1",
    ]
    assert [run.run_id for run in runs.select(connection, run_ids=["run-0", "run-4", "nope"])] == ["run-4", "run-0"]
    assert runs.select(connection, config_key="/c.yaml") == []


def test_runs_are_chosen_by_what_came_before_and_by_a_dataset() -> None:
    connection = a_connection("run-1", "run-2", datasets=("people", "links"))
    runs.insert(connection, a_run("run-3"), [a_dataset("people")])
    assert [run.run_id for run in runs.select(connection, before="run-3", limit=1)] == ["run-2"]
    assert runs.select(connection, before="run-1") == runs.select(connection, before="nope") == []
    assert [run.run_id for run in runs.select(connection, dataset="links")] == ["run-2", "run-1"]
    assert [run.run_id for run in runs.select(connection, dataset="people", limit=1)] == ["run-3"]
    assert runs.select(connection, dataset="peo_le") == []


def test_the_last_run_is_the_one_started_last_even_if_the_clock_was_set_back() -> None:
    connection = a_connection()
    runs.insert(connection, a_run("before", started_at=moment(0)), [])
    runs.insert(connection, a_run("after", started_at=moment(-3600)), [])
    assert [run.run_id for run in runs.select(connection, limit=1)] == ["after"]


def test_a_config_path_that_is_not_utf8_can_be_found_again() -> None:
    connection = a_connection()
    runs.insert(connection, a_run(config_key="/caf\udce9.yaml", config_path="caf\udce9.yaml"), [])
    assert len(runs.select(connection, config_key="/caf\udce9.yaml")) == 1


def test_traffic_and_end_are_written() -> None:
    connection = a_connection("run-1", "run-2")
    runs.update_traffic(connection, "run-1", 10, 2)
    runs.finish(connection, "run-1", RunStatus.SUCCEEDED, moment(5))
    assert runs.select(connection, run_ids=["run-1"]) == [
        a_run("run-1", requests=10, throttled=2, status=RunStatus.SUCCEEDED, finished_at=moment(5))
    ]
    assert runs.select(connection, run_ids=["run-2"]) == [a_run("run-2")]


def test_a_reopened_run_runs_in_its_new_process() -> None:
    connection = a_connection("run-1")
    runs.finish(connection, "run-1", RunStatus.INTERRUPTED, moment(5))
    (as_read,) = runs.select(connection)
    runs.reopen(connection, as_read, "there", 99)
    assert runs.select(connection) == [a_run("run-1", host="there", pid=99)]


@pytest.mark.parametrize("has_ended", [False, True])
def test_a_run_that_another_process_has_taken_up_is_not_reopened(has_ended: bool) -> None:
    """What this process knows of it is of before that."""
    connection = a_connection("run-1")
    (as_read,) = runs.select(connection)
    runs.reopen(connection, as_read, "there", 99)
    if has_ended:
        runs.finish(connection, "run-1", RunStatus.SUCCEEDED, moment(5))
    after = runs.select(connection)
    with pytest.raises(StateError, match=r"taken up by another process meanwhile \(process 99 on there\)"):
        runs.reopen(connection, as_read, "here", 1)
    assert runs.select(connection) == after


def test_what_concerns_an_unknown_run_is_a_state_error() -> None:
    connection = a_connection("run-1")
    with pytest.raises(StateError, match="no run 'run-2'"):
        runs.finish(connection, "run-2", RunStatus.FAILED, moment(0))
    with pytest.raises(StateError, match="no run 'run-2'"):
        runs.reopen(connection, a_run("run-2"), "here", 1)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE runs SET status = 'runing'",
        "UPDATE runs SET started_at = ''",
        "UPDATE runs SET options = '[1]'",
        "UPDATE datasets SET spec = '{'",
    ],
)
def test_damaged_rows_are_a_state_error(damage: str) -> None:
    connection = a_connection("run-1")
    connection.execute(damage)
    with pytest.raises(StateError, match="damaged"):
        (runs.select(connection), runs.datasets_of(connection, "run-1"))
