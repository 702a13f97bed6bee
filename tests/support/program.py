"""The program as its users have it: a folder with a config and its sources, and the command line."""

import contextlib
import csv
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bulkimport.cli import run_command_line
from bulkimport.sandbox.world import Address, DatasetSeed, python_environment
from tests.support.sandbox import ThreadedSandbox, quick_options, sandbox_thread

TOKEN = "token-that-nobody-may-see-4711"
TENANT = "ACME"
QUICK: dict[str, Any] = {
    "timeouts": {"connect": "60s", "read": "60s"},
    "retries": {"attempts": 3, "max_wait": "20ms", "total": "100s"},
    "defaults": {"poll": {"initial": "10ms", "max": "50ms", "timeout": "60s"}},
}
"""Short waits, and limits that nothing honest reaches on a busy machine. A test in which one has to run out sets it."""
Row = Mapping[str, Any]


def id_of(name: str) -> str:
    """The dataset id that stands for a name."""
    return str(uuid5(NAMESPACE_URL, name)).upper()


def seed(name: str, items: Sequence[Row] = (), **options: Any) -> DatasetSeed:
    """A dataset of the sandbox that learns its properties; its auto id is `id`."""
    return DatasetSeed(id_of(name), name, auto_id="id", items=tuple(dict(item) for item in items), **options)


def people(count: int, start: int = 1, **more: object) -> list[Row]:
    """Rows with an `id` each."""
    return [{"id": f"{number}", "name": f"Person {number}", **more} for number in range(start, start + count)]


@dataclass
class Invocation:
    """What a command did: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        assert self.out, self.err
        document: dict[str, Any] = json.loads(self.out)
        return document

    def dataset(self, name: str) -> dict[str, Any]:
        return next(one for one in self.document["datasets"] if one["name"] == name)

    @property
    def statuses(self) -> dict[str, str]:
        return {one["name"]: one["status"] for one in self.document["datasets"]}


@dataclass
class Workplace:
    """A folder in which the program is used: its config, its sources and its state directory."""

    folder: Path
    address: Address
    settings: dict[str, Any] = field(default_factory=lambda: deepcopy(QUICK))
    datasets: list[dict[str, Any]] = field(default_factory=list)
    config_name: str = "all.yaml"

    @property
    def config(self) -> Path:
        return self.folder / self.config_name

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def source(self, name: str, rows: Sequence[Row]) -> Path:
        """Writes the CSV of a dataset."""
        path = self.folder / f"{name}.csv"
        columns = list(rows[0]) if rows else ["id", "name"]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
        return path

    def add(self, name: str, rows: Sequence[Row] | None = None, **settings: Any) -> None:
        """A dataset of the config, its source written unless `rows` is None."""
        if rows is not None:
            self.source(name, rows)
        entry = {"name": name, "dataset_id": id_of(name), "source": f"{name}.csv", "key": "id"}
        self.datasets.append(entry | settings)

    def write_config(self) -> None:
        """JSON is YAML. Files that another process may be reading are replaced whole."""
        secret = self.folder / "token"
        _replace(secret, TOKEN)
        tenant = {"base_url": self.address.base_url, "tenant_id": TENANT, "token_file": "token"}
        document = {"version": 1, "tenant": tenant, **self.settings, "datasets": self.datasets}
        _replace(self.config, json.dumps(document, indent=1))

    def arguments(self, command: str, *options: str, output: str = "json") -> list[str]:
        named = () if command in ("status", "history", "report") else (str(self.config),)
        return [command, *named, "--state-dir", str(self.state), "--output", output, *options]

    def invoke(self, command: str, *options: str, output: str = "json") -> Invocation:
        """Runs a command in this process; not from within an event loop."""
        self.write_config()
        return invoke(*self.arguments(command, *options, output=output))

    def run(self, *options: str, output: str = "json") -> Invocation:
        return self.invoke("run", *options, output=output)

    def start(self, command: str, *options: str, output: str = "json", prelude: str = "") -> "Started":
        """Starts a command as a process of its own, which executes `prelude` first."""
        self.write_config()
        return Started(self.arguments(command, *options, output=output), prelude=prelude)

    def written(self, *, journal: bool = False) -> dict[str, bytes]:
        """Every file under the state directory by its path, the journal's own only if asked for."""
        return {
            str(path.relative_to(self.state)): path.read_bytes()
            for path in sorted(self.state.rglob("*"))
            if path.is_file() and (journal or not path.name.startswith("journal.db"))
        }


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text)
    beside.chmod(0o600)
    beside.replace(path)


def invoke(*arguments: str) -> Invocation:
    """Runs the command line in this process."""
    out, err = _Captured(), _Captured()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_command_line(arguments)
    return Invocation(code, out.text, err.text)


class _Captured(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    @property
    def text(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode()


class Started:
    """The program as a process that can be stopped and killed; its stderr is at hand while it runs."""

    def __init__(
        self, arguments: Sequence[str], cwd: Path | None = None, prelude: str = "", **environment: str
    ) -> None:
        after = f"{prelude}\nfrom bulkimport.__main__ import main\nmain()"
        program = ["-c", after] if prelude else ["-m", "bulkimport"]
        self._process = subprocess.Popen(
            [sys.executable, *program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=python_environment() | environment,
            cwd=cwd,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def read_line(self) -> str:
        """The next line on stdout."""
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def error_lines(self) -> Iterator[str]:
        """The lines on stderr as they come."""
        assert self._process.stderr is not None
        return iter(self._process.stderr.readline, "")

    def close_output(self) -> None:
        """Nobody reads stdout any more."""
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.stdout = None

    def kill_alone(self) -> None:
        """SIGKILL for the program itself, not for the processes it has started."""
        self._process.kill()
        self._process.wait()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def end(self, timeout: float = 120) -> Invocation:
        """Waits for its end; kills it and fails where that takes too long."""
        try:
            out, err = self._process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, err = self._process.communicate()
            raise AssertionError(f"the program did not end within {timeout:g} s\n{err}") from None
        return Invocation(self._process.returncode, out or "", err)

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, *exception: object) -> None:
        if self.running:
            self._process.kill()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        self._process.wait()


def eventually(happened: Callable[[], object], what: str, seconds: float = 120.0) -> None:
    """Returns once `happened()` is true; fails when time is up."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"it never came to this: {what}"
        time.sleep(0.01)


@contextlib.contextmanager
def at_work(
    folder: Path, *seeds: DatasetSeed, faults: Sequence[dict[str, Any]] = (), **options: Any
) -> Iterator[tuple[Workplace, ThreadedSandbox]]:
    """A workplace and the sandbox it works against; `options` are those of the sandbox."""
    with sandbox_thread(quick_options(folder / "sandbox", seeds=seeds, **options)) as sandbox:
        if faults:
            sandbox.set_faults(*faults)
        yield Workplace(folder, sandbox.address), sandbox


def fault(step: str, action: dict[str, Any], dataset: str | None = None, **when: Any) -> dict[str, Any]:
    """A rule of the sandbox's fault plan."""
    return {"match": {"step": step, **({"dataset": dataset} if dataset else {}), **when}, "action": action}


def ids(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys of a dataset's items in the order of their numbers."""
    return sorted((str(item["id"]) for item in items), key=int)
