"""The signals that end the program, before and after it is loaded, and while nothing has begun."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bulkimport.cli.options import stop_error
from bulkimport.report.complaint import error_only
from bulkimport.sandbox.world import python_environment
from bulkimport.signals import Stopped

ENDING = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]

WHILE_IT_IS_LOADED = """
class Sender:
    def find_spec(self, name, path=None, target=None):
        if name == "bulkimport.cli":
            os.kill(os.getpid(), NUMBER)

sys.meta_path.insert(0, Sender())
"""
BEFORE_IT_BEGINS = """
import bulkimport.cli.run
bulkimport.cli.run.load_config = lambda *_: os.kill(os.getpid(), NUMBER)
"""
BETWEEN_LOOP_AND_RUN = """
import bulkimport.cli.run
async def work(*_):
    os.kill(os.getpid(), NUMBER)
    await bulkimport.cli.run.anyio.sleep_forever()

bulkimport.cli.run._work = work
"""


def program(prelude: str, *arguments: str, number: int) -> subprocess.CompletedProcess[str]:
    """The program, sent the signal at a moment that `prelude` chooses."""
    code = f"import os, sys\nNUMBER = {int(number)}\nfrom bulkimport import __main__\n{prelude}\n__main__.main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=python_environment(),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "people.csv").write_text("id\n1\n")
    source = {
        "name": "people",
        "dataset_id": "6586F21B-AD4D-4D06-A309-712AF47184A2",
        "source": "people.csv",
        "key": "id",
    }
    settings = {"tenant": {"base_url": "sandbox", "tenant_id": "A"}, "run": {"state_dir": str(tmp_path / "state")}}
    path = tmp_path / "all.yaml"
    path.write_text(json.dumps({"version": 1, **settings, "datasets": [source]}))
    return str(path)


@pytest.mark.parametrize(("number", "code"), ENDING)
@pytest.mark.parametrize("moment", [WHILE_IT_IS_LOADED, BEFORE_IT_BEGINS, BETWEEN_LOOP_AND_RUN])
def test_a_run_that_is_stopped_before_it_has_begun_says_so_and_ends_with_the_signals_code(
    moment: str, number: signal.Signals, code: int, config: str
) -> None:
    done = program(moment, "run", config, "--output", "json", number=number)
    assert done.returncode == code, done.stderr
    assert json.loads(done.stdout) == error_only(stop_error(Stopped(number)))
    assert f"Stopped by {number.name} before anything was sent." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("moment", [WHILE_IT_IS_LOADED, BEFORE_IT_BEGINS])
def test_where_the_log_is_in_json_so_is_what_a_signal_leaves_and_stdout_stays_empty(moment: str, config: str) -> None:
    done = program(moment, "run", config, "--log-format=json", number=signal.SIGTERM)
    (event,) = map(json.loads, done.stderr.splitlines())
    assert (done.returncode, done.stdout) == (143, "")
    assert (event["event"], event["level"]) == ("command.failed", "error")
    assert event["error"] == "Stopped by SIGTERM before anything was sent."
    assert event["timestamp"].endswith("Z")


@pytest.mark.parametrize("moment", [WHILE_IT_IS_LOADED, BEFORE_IT_BEGINS])
def test_a_program_that_is_to_outlive_its_terminal_does(moment: str, config: str) -> None:
    """As `nohup` starts it."""
    ignored = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{moment}"
    if moment is BEFORE_IT_BEGINS:
        ignored += "from bulkimport.cli.settings import load_config as load\n"
        ignored += "hang_up = bulkimport.cli.run.load_config\n"
        ignored += "bulkimport.cli.run.load_config = lambda *given: hang_up() or load(*given)\n"
    done = program(ignored, "run", config, "--output", "json", number=signal.SIGHUP)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "succeeded"


HANGING_SOURCE = """
import threading
import time
import bulkimport.cli.interruption
import bulkimport.refresh.reading

def hang(*_):
    os.kill(os.getpid(), NUMBER)
    time.sleep(0.5)
    os.kill(os.getpid(), NUMBER)
    time.sleep(600)

bulkimport.cli.interruption.LONGEST_END = 0.5
bulkimport.refresh.reading.prepare = hang
"""


@pytest.mark.parametrize(("number", "code"), ENDING)
def test_what_cannot_be_ended_does_not_hold_the_program_after_a_second_signal(
    number: signal.Signals, code: int, config: str, tmp_path: Path
) -> None:
    """The source is small and so read in a thread, as from a network folder that does not answer."""
    done = program(HANGING_SOURCE, "run", config, "--output", "json", number=number)
    assert done.returncode == code, done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["message"].startswith(f"Stopped by {number.name}, without a summary")
    run_id = error["hint"].split("`")[1].removeprefix("bulkimport status ")
    again = program("", "run", config, "--resume", run_id, "--output", "json", number=number)
    assert again.returncode == 0, again.stderr
    assert [one["status"] for one in json.loads(again.stdout)["datasets"]] == ["succeeded"]
