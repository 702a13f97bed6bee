"""What the sample prints, as README.md shows it."""

import re
import tempfile
from pathlib import Path

from tests.support.program import Invocation, Started
from tests.support.readme import ROOT

_SHOWN_ROOT = "/srv/orgvue"
_SHOWN_STATE_DIR = f"{_SHOWN_ROOT}/.bulkimport"
_CHANCE = (
    (r"\d{8}T\d{6}Z-[0-9a-f]{4}", "RUN"),
    (r"\b(\d+m )?\d+(\.\d)?s\b", "TIME"),
    (r"\b\d+ requests?\b", "N requests"),
)


def stable(text: str) -> str:
    """The text without what differs from run to run: run ids, times, the number of requests, where lines break."""
    text = " ".join(text.split())
    for pattern, name in _CHANCE:
        text = re.sub(pattern, name, text)
    return text.replace(" ", "")


def run_sample(name: str, state_dir: Path) -> Invocation:
    """What `make run CONFIG=configs/…` does, in a state directory of its own."""
    with Started([f"configs/{name}"], cwd=ROOT, BULKIMPORT_STATE_DIR=str(state_dir)) as started:
        return started.end(100)


def first_run(found: Invocation) -> str:
    """All that it printed."""
    return _block(found.out)


def second_run(found: Invocation) -> str:
    """The totals alone."""
    return _block(_between(found.out, r"^5 datasets in ", r"^Run "))


def partial_run(found: Invocation, state_dir: Path) -> str:
    """From the problem to the command that comes next, with short folders in place of the test's own."""
    text = _between(found.out, r"^deputies: ", r"^    bulkimport ")
    match = re.search(r"are in\s+(\S.*?):\s+correct\s+them", text, re.DOTALL)
    assert match is not None, text
    path = "".join(match[1].split())  # a long one is broken over lines
    assert path.startswith(f"{state_dir}/runs/"), path
    text = text.replace(match[1], path)
    return _block(text.replace(str(state_dir), _SHOWN_STATE_DIR).replace(str(ROOT), _SHOWN_ROOT))


def _between(text: str, first: str, last: str) -> str:
    match = re.search(rf"{first}.*?{last}[^\n]*\n", text, re.MULTILINE | re.DOTALL)
    assert match is not None, text
    return match[0]


def _block(text: str) -> str:
    return f"```text\n{text.strip()}\n```\n"


def transcripts() -> dict[str, str]:
    """All of them, made by running the sample."""
    with tempfile.TemporaryDirectory() as folder:
        state_dir = Path(folder) / "s"
        runs = [run_sample(name, state_dir) for name in ("all.yaml", "all.yaml", "partial.yaml")]
        return {
            "first-run": first_run(runs[0]),
            "second-run": second_run(runs[1]),
            "partial-run": partial_run(runs[2], state_dir),
        }
