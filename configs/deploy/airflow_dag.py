"""Airflow: one task a dataset. Copy into the DAGs folder; the worker needs the program, the config and the state.

What happens to a task by the program's exit code:

    0          the task has succeeded
    1          the dataset did not succeed: the task failed, and Airflow tries it again as `retries` says
    2          the command line or the config is wrong: the task failed for good, as trying again changes nothing
    130, 143   the program was stopped: the task failed; by hand, `bulkimport run CONFIG --resume` goes on
"""

import os
import subprocess
from datetime import UTC, datetime, timedelta

from airflow.exceptions import AirflowException, AirflowFailException

try:  # Airflow 3
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.operators.python import PythonOperator

PROGRAM = os.environ.get("BULKIMPORT_PROGRAM", "/opt/bulkimport/bin/bulkimport")
CONFIG = os.environ.get("BULKIMPORT_CONFIG", "/etc/bulkimport/nightly.yaml")
STATE_DIR = os.environ.get("BULKIMPORT_STATE_DIR", "/var/lib/bulkimport")

# The datasets of the config and what each depends on. Within a run of one dataset nothing waits: here, Airflow does.
DATASETS = {
    "people": [],
    "positions": [],
    "people-to-positions": ["people", "positions"],
    "cost-centres": [],
    "locations": [],
}

# Every task is a run of its own and keeps the tenant's limits by itself. Before more than one may run at once, give the
# config so much less: with 4, a quarter of requests_per_second and concurrent_requests.
TASKS_AT_ONCE = 1
SECONDS_TO_STOP = 60


def command(dataset: str) -> list[str]:
    """The command line that refreshes one dataset."""
    options = ["--only", dataset, "--state-dir", STATE_DIR, "--wait-lock", "10m", "--output", "json"]
    return [PROGRAM, "run", CONFIG, *options, "--log-format", "json"]


def refresh(dataset: str) -> None:
    """Runs the program; its output becomes the task's log. If Airflow ends the task, it gets SIGTERM and its time."""
    with subprocess.Popen(command(dataset)) as process:  # noqa: S603 - the command above, without a shell
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    judge(dataset, code)


def judge(dataset: str, code: int) -> None:
    """Turns the exit code into what Airflow understands."""
    if code == 2:
        raise AirflowFailException(f"{dataset}: the command line or the config is wrong; nothing was sent.")
    if code in (130, 143, -2, -15):
        raise AirflowException(f"{dataset}: stopped. Continue by hand: bulkimport run {CONFIG} --resume")
    if code != 0:
        raise AirflowException(f"{dataset}: did not succeed (exit code {code}); the log above says why.")


with DAG(
    dag_id="bulkimport",
    description="Refreshes Orgvue datasets",
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    max_active_tasks=TASKS_AT_ONCE,
    default_args={"retries": 1, "retry_delay": timedelta(minutes=10)},
    tags=["orgvue"],
) as dag:
    tasks = {
        name: PythonOperator(task_id=name, python_callable=refresh, op_kwargs={"dataset": name}) for name in DATASETS
    }
    for name, upstream in DATASETS.items():
        for other in upstream:
            tasks[other] >> tasks[name]
