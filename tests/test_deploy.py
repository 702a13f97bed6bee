"""The files under configs/deploy, each read by what stands for its reader here; every command in them is real."""

import configparser
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from ruamel.yaml import YAML

from bulkimport.cli.main import commands
from bulkimport.config import load
from tests.support.program import Workplace, at_work, eventually, people, seed
from tests.support.readme import ROOT

DEPLOY = ROOT / "configs" / "deploy"
PROGRAM = "/opt/bulkimport/bin/bulkimport"


def assert_is_typed_right(words: list[str]) -> None:
    """The arguments of a `bulkimport` command as the command line itself takes them."""
    name, *rest = words
    assert name in commands.commands, words
    commands.commands[name].make_context(name, rest)


def test_every_file_there_is_tested_and_documented() -> None:
    names = {path.name for path in DEPLOY.iterdir() if path.is_file()}
    assert names == {
        *("Containerfile", "airflow_dag.py", "cronjob.yaml"),
        *("bulkimport.cron", "bulkimport.service", "bulkimport.timer"),
    }
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in names if f"configs/deploy/{name}" not in readme] == []


@pytest.mark.parametrize("words", [["run"], ["runn", "a.yaml"], ["run", "a.yaml", "--wait-lock", "ten"]])
def test_a_command_that_is_wrong_would_be_found(words: list[str]) -> None:
    with pytest.raises((click.UsageError, AssertionError)):
        assert_is_typed_right(words)


# ---- cron

FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def is_cron_field(text: str, low: int, high: int) -> bool:
    """One field of a crontab line: `*`, numbers, ranges, steps and lists of them."""
    for part in text.split(","):
        match = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
        if match is None or not all(low <= int(number) <= high for number in match.groups()[:2] if number):
            return False
    return True


@pytest.mark.parametrize(
    ("text", "right"), [("*", True), ("0-30/5,59", True), ("60", False), ("x", False), ("", False)]
)
def test_fields_of_a_crontab_are_told_from_others(text: str, right: bool) -> None:
    assert is_cron_field(text, 0, 59) is right


def test_the_crontab_has_one_line_that_runs_the_program_as_its_user() -> None:
    text = (DEPLOY / "bulkimport.cron").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    settings = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    (job,) = [line for line in lines if not re.match(r"[A-Z_]+=", line)]
    *fields, user, command = job.split(None, 6)
    assert len(fields) == 5
    assert all(is_cron_field(field, *bounds) for field, bounds in zip(fields, FIELDS, strict=True))
    assert user == "bulkimport"
    assert str(Path(PROGRAM).parent) in settings["PATH"].split(":")
    assert "%" not in command  # cron makes a line break of it
    assert text.endswith("\n")  # cron ignores a last line without
    program, *words = shlex.split(re.sub(r"\s\d?>>?\S+", "", command))
    assert program == "bulkimport"
    assert_is_typed_right(words)
    done = subprocess.run(["/bin/sh", "-n", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# ---- systemd


class _Unit(configparser.ConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr


def unit(name: str) -> _Unit:
    parser = _Unit(interpolation=None, strict=False, delimiters=("=",))
    parser.read_string((DEPLOY / name).read_text())
    return parser


def test_the_service_runs_the_program_without_rights_and_lets_it_end_by_itself() -> None:
    service = unit("bulkimport.service")["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert program == PROGRAM
    assert_is_typed_right(words)
    assert service["Type"] == "oneshot"
    assert service["User"] not in ("root", "0", "")
    assert service["KillSignal"] == "SIGTERM"
    assert int(service["TimeoutStopSec"]) > 30  # requests in flight, then telling of the end
    assert service["ProtectSystem"] == "strict"
    state = words[words.index("--state-dir") + 1]
    assert state == f"/var/lib/{service['StateDirectory']}"


def test_the_timer_makes_up_for_a_missed_night() -> None:
    timer = unit("bulkimport.timer")
    assert timer["Timer"]["Persistent"] == "yes"
    assert timer["Install"]["WantedBy"] == "timers.target"
    assert "Unit" not in timer["Timer"]  # the service of the same name


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_itself_finds_nothing_wrong(tmp_path: Path) -> None:
    """In a copy whose program is one that exists here."""
    for name in ("bulkimport.service", "bulkimport.timer"):
        text = (DEPLOY / name).read_text()
        (tmp_path / name).write_text(text.replace(PROGRAM, sys.executable))

    def verified() -> str:
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(tmp_path / "bulkimport.timer")],
            env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
            capture_output=True,
            text=True,
        )
        return "\n".join(line for line in done.stderr.splitlines() if "bulkimport" in line)

    assert verified() == ""
    service = tmp_path / "bulkimport.service"
    service.write_text(service.read_text().replace("KillMode=mixed", "KillMode=gently"))
    assert "gently" in verified()
    calendar = unit("bulkimport.timer")["Timer"]["OnCalendar"]
    subprocess.run(["systemd-analyze", "calendar", calendar], check=True, capture_output=True)


# ---- Kubernetes


def documents() -> list[dict[str, Any]]:
    return list(YAML(typ="safe", pure=True).load_all((DEPLOY / "cronjob.yaml").read_text()))


def test_the_cron_job_runs_the_program_once_a_night_without_rights() -> None:
    claim, job = documents()
    assert (claim["kind"], job["apiVersion"], job["kind"]) == ("PersistentVolumeClaim", "batch/v1", "CronJob")
    spec = job["spec"]
    fields = spec["schedule"].split()
    assert all(is_cron_field(field, *bounds) for field, bounds in zip(fields, FIELDS, strict=True))
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["jobTemplate"]["spec"]["backoffLimit"] == 0
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert pod["terminationGracePeriodSeconds"] > 30
    (container,) = pod["containers"]
    assert_is_typed_right(container["args"])
    assert "command" not in container  # the image's own entry point
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    user, _, group = next(value for name, value in instructions() if name == "USER").partition(":")
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == (int(user), int(group))


def test_the_cron_job_keeps_its_state_on_a_volume_that_outlives_it() -> None:
    claim, job = documents()
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert volumes.keys() == mounts.keys()
    assert volumes["state"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    (state_dir,) = [word.partition("=")[2] for word in container["args"] if word.startswith("--state-dir=")]
    assert Path(state_dir).is_relative_to(mounts["state"]["mountPath"])
    assert [name for name, mount in mounts.items() if not mount.get("readOnly")] == ["state", "tmp"]


# ---- the image


def instructions() -> list[tuple[str, str]]:
    """The Containerfile's instructions, lines joined."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines if line.strip())]


def test_the_image_is_built_from_what_is_there_with_known_extras() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    copied = [
        source
        for name, value in instructions()
        if name == "COPY" and not value.startswith("--from")
        for source in value.split()[:-1]
    ]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    version_file = project["tool"]["hatch"]["version"]["path"]
    needed = {
        "pyproject.toml",
        project["project"]["readme"],
        *project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"],
    }
    assert needed | {"constraints.txt"} == set(copied)
    assert Path(version_file).parts[0] in copied
    (install,) = [value for name, value in instructions() if name == "RUN" and "pip install" in value]
    (extras,) = re.findall(r'"\.\[([\w,]+)\]"', install)
    assert set(extras.split(",")) <= project["project"]["optional-dependencies"].keys()
    assert "--constraint constraints.txt" in install


def test_the_image_runs_the_program_itself_as_an_ordinary_user() -> None:
    found = instructions()
    names = [name for name, _ in found]
    last = dict(found)
    assert names.count("FROM") == 2
    assert names.index("USER") > names.index("FROM", 1)
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last["USER"])
    assert json.loads(last["ENTRYPOINT"]) == ["bulkimport"]  # no shell in between, which would keep SIGTERM
    assert json.loads(last["CMD"]) == ["--help"]
    assert last["STOPSIGNAL"] == "SIGTERM"
    environment = dict(word.split("=", 1) for word in last["ENV"].split())
    assert environment["PATH"].startswith(f"{Path(PROGRAM).parent}:")
    assert environment["BULKIMPORT_STATE_DIR"] == last["VOLUME"]
    (setup,) = [value for name, value in found if name == "RUN" and "useradd" in value]
    assert f"--uid {last['USER'].partition(':')[0]} " in setup
    assert f"install -d -o 10001 -g 10001 -m 0700 {last['VOLUME']}" in setup
    (release,) = {value.split()[0] for name, value in found if name == "FROM"}
    python = re.search(r"python:3\.(\d+)", release)
    assert python is not None
    assert int(python[1]) >= 11


# ---- Airflow


class AirflowError(Exception):
    """Stands for AirflowException."""


class AirflowFinalError(AirflowError):
    """Stands for AirflowFailException."""


class Task:
    def __init__(self, *, task_id: str, python_callable: Any, op_kwargs: dict[str, Any]) -> None:
        self.name = task_id
        self.upstream: list[str] = []
        self.python_callable = python_callable
        self.op_kwargs = op_kwargs

    def __rshift__(self, other: "Task") -> "Task":
        other.upstream.append(self.name)
        return other

    def execute(self) -> None:
        self.python_callable(**self.op_kwargs)


class Dag:
    def __init__(self, **options: Any) -> None:
        self.options = options

    def __enter__(self) -> "Dag":
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The DAG's module, executed with a stand-in for Airflow."""
    parts: dict[str, dict[str, Any]] = {
        "airflow": {},
        "airflow.exceptions": {"AirflowException": AirflowError, "AirflowFailException": AirflowFinalError},
        "airflow.sdk": {"DAG": Dag},
        "airflow.providers": {},
        "airflow.providers.standard": {},
        "airflow.providers.standard.operators": {},
        "airflow.providers.standard.operators.python": {"PythonOperator": Task},
    }
    for name, members in parts.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    namespace: dict[str, Any] = {"__name__": "airflow_dag"}
    exec(compile((DEPLOY / "airflow_dag.py").read_text(), "airflow_dag.py", "exec"), namespace)
    return namespace


def test_the_dag_has_the_samples_datasets_and_their_order(airflow: dict[str, Any]) -> None:
    sample = load(ROOT / "configs" / "all.yaml", {})
    wanted = {dataset.name: sorted(dataset.depends_on) for dataset in sample.datasets}
    assert {name: sorted(task.upstream) for name, task in airflow["tasks"].items()} == wanted
    options = airflow["dag"].options
    assert options["max_active_tasks"] == 1
    assert options["catchup"] is False
    assert all(
        is_cron_field(*field)
        for field in ((text, *b) for text, b in zip(options["schedule"].split(), FIELDS, strict=True))
    )


def test_the_dags_command_is_one_of_the_program(airflow: dict[str, Any]) -> None:
    program, *words = airflow["command"]("people")
    assert program == PROGRAM
    assert_is_typed_right(words)
    assert words[words.index("--only") + 1] == "people"


@pytest.mark.parametrize(
    ("code", "error"), [(0, None), (1, AirflowError), (2, AirflowFinalError), (130, AirflowError), (143, AirflowError)]
)
def test_exit_codes_become_what_airflow_understands(
    airflow: dict[str, Any], code: int, error: type[Exception] | None
) -> None:
    if error is None:
        airflow["judge"]("people", code)
        return
    with pytest.raises(error) as caught:
        airflow["judge"]("people", code)
    assert type(caught.value) is error
    assert ("--resume" in str(caught.value)) is (code > 2)


def use(airflow: dict[str, Any], work: Workplace) -> None:
    """Points the DAG to a workplace and to the program as it is here."""
    program = work.folder / "bulkimport"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m bulkimport "$@"\n')
    program.chmod(0o755)
    work.write_config()
    airflow.update(PROGRAM=str(program), CONFIG=str(work.config), STATE_DIR=str(work.state))


def test_a_task_refreshes_its_dataset_and_no_other(airflow: dict[str, Any], tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people"), seed("positions")) as (work, sandbox):
        work.add("people", people(3))
        work.add("positions", None)
        use(airflow, work)
        airflow["tasks"]["people"].execute()
        assert {job.dataset_id for job in sandbox.jobs()} == {work.datasets[0]["dataset_id"]}
        with pytest.raises(AirflowError, match=r"positions: did not succeed \(exit code 1\)"):
            airflow["tasks"]["positions"].execute()
        with pytest.raises(AirflowFinalError):
            airflow["tasks"]["locations"].execute()


class TaskEndedError(Exception):
    """What Airflow raises in a task that it ends."""


def test_a_task_that_airflow_ends_ends_the_program_and_waits_for_it(airflow: dict[str, Any], tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(
        f"#!/bin/sh\ntrap 'touch {tmp_path}/ended; exit 143' TERM\ntouch {tmp_path}/ready\n"
        "while :; do sleep 0.05; done\n"
    )
    program.chmod(0o755)
    airflow["PROGRAM"] = str(program)

    def end(_number: int, _frame: object) -> None:
        raise TaskEndedError

    def when_ready() -> None:
        eventually((tmp_path / "ready").exists, "the program runs")
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, end)
    helper = threading.Thread(target=when_ready)
    try:
        helper.start()
        with pytest.raises(TaskEndedError):
            airflow["refresh"]("people")
    finally:
        helper.join()
        signal.signal(signal.SIGUSR1, before)
    assert (tmp_path / "ended").exists()
