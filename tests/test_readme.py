"""The two commands on README.md's first screen, done as they say; its transcripts are what the sample prints."""

import json
import re
from collections import Counter
from pathlib import Path

from tests.support import readme, transcripts
from tests.support.program import Invocation
from tests.support.readme import ROOT
from tests.support.transcripts import run_sample, stable

SAMPLE = {"people": 3000, "positions": 2500, "people-to-positions": 2480, "cost-centres": 36, "locations": 12}
CHANGED = "write it anew with `make docs`"


def summary(found: Invocation, state_dir: Path) -> dict[str, dict[str, object]]:
    """The datasets in the summary of the run that this was."""
    match = re.search(r"^Run (\S+)\.", found.out, re.MULTILINE)
    assert match is not None, found.err
    document = json.loads((state_dir / "runs" / match[1] / "summary.json").read_bytes())
    return {one["name"]: one for one in document["datasets"]}


def test_the_commands_of_the_first_screen_are_those_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    screen = "\n".join(readme.text().splitlines()[:20])
    assert re.search(r"^CONFIG \?= configs/all\.yaml$", makefile, re.MULTILINE)
    assert re.search(r"^run: setup .*\n\t\$\(BIN\)/python -m bulkimport \$\(CONFIG\)$", makefile, re.MULTILINE)
    assert re.search(r"^test: setup .*\n\t\$\(BIN\)/python -m pytest$", makefile, re.MULTILINE)
    assert re.search(r"^make run\b.*\nmake test\b", screen, re.MULTILINE)
    assert "`python -m bulkimport configs/all.yaml`" in screen


def test_make_run_creates_the_sample_and_a_second_one_skips_it_all(tmp_path: Path) -> None:
    first = run_sample("all.yaml", tmp_path)
    assert first.code == 0, first.err
    assert stable(readme.part("first-run")) == stable(transcripts.first_run(first)), CHANGED
    nothing = dict.fromkeys(("created", "updated", "deleted", "skipped", "failed"), 0)
    found = summary(first, tmp_path)
    assert {name: one["items"] for name, one in found.items()} == {
        name: nothing | {"created": rows} for name, rows in SAMPLE.items()
    }

    second = run_sample("all.yaml", tmp_path)
    assert second.code == 0, second.err
    assert stable(readme.part("second-run")) == stable(transcripts.second_run(second)), CHANGED
    assert {name: one["items"] for name, one in summary(second, tmp_path).items()} == {
        name: nothing | {"skipped": rows} for name, rows in SAMPLE.items()
    }


def test_the_sample_with_mistakes_ends_1_and_tells_of_a_partial_dataset(tmp_path: Path) -> None:
    """Without a first run beside it only the totals of the other datasets differ from the transcript."""
    found = run_sample("partial.yaml", tmp_path)
    assert found.code == 1, found.err
    datasets = summary(found, tmp_path)
    assert Counter(one["status"] for one in datasets.values()) == {"succeeded": 2, "partial": 1}
    shown, printed = (
        re.sub(r"Items:.*?failed\.", "", stable(text))
        for text in (readme.part("partial-run"), transcripts.partial_run(found, tmp_path))
    )
    assert shown == printed, CHANGED
    check_summary(json.loads((next(tmp_path.glob("runs/*/summary.json"))).read_bytes()))


def check_summary(document: dict[str, object]) -> None:
    """The summary that README shows has the keys of a real one, and of its failed dataset."""
    (text,) = (block.text for block in readme.blocks("json") if block.kind == "summary")
    assert shape(json.loads(text)) == shape(document)


def shape(value: object) -> object:
    """The keys of a document, lists by their first item."""
    match value:
        case dict():
            return {key: shape(inner) for key, inner in value.items()}
        case [first, *_]:
            return [shape(first)]
        case _:
            return None


def test_transcripts_that_differ_by_more_than_chance_are_told_apart() -> None:
    printed = "5 datasets in 4.6s: 5 succeeded. 45 requests\nRun 20261123T231121Z-63dd."
    assert stable(printed) == stable("5 datasets in 1m 04s: 5 succeeded. 7\nrequests Run 20270101T000000Z-0000.")
    assert stable(printed) != stable(printed.replace("5 succeeded", "4 succeeded"))
