from pathlib import Path

import click
import pytest

from bulkimport.cli.completing import complete_allowances, complete_selectors
from tests.config.support import HEAD, dataset

INCLUDED = "datasets:\n" + dataset("positions", 1)
CONFIG = (
    "version: 1\ninclude: [more.yaml]\ntenant: {base_url: sandbox, token: '${NOT_SET}'}\nlimits: nonsense\ndatasets:\n"
    + dataset("people", 0)
    + dataset("people-old", 2)
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "more.yaml").write_text(INCLUDED)
    path = tmp_path / "all.yaml"
    path.write_text(CONFIG)
    return path


def asked(config: object, *args: str) -> tuple[click.Context, click.Parameter]:
    """As click asks: the config parsed, or among the words that were not."""
    context = click.Context(click.Command("run"), resilient_parsing=True)
    context.params["config"] = config
    context.args = list(args)
    return context, click.Option(["--only"])


@pytest.mark.parametrize(
    ("incomplete", "names"),
    [
        ("", ["people", "people-old", "positions"]),
        ("pos", ["positions"]),
        ("people,", ["people,people-old", "people,positions"]),
        ("people,po", ["people,positions"]),
        ("+po", ["+positions"]),
        ("x", []),
    ],
)
def test_names_come_from_the_config_and_what_it_includes_mistakes_or_not(
    config: Path, incomplete: str, names: list[str]
) -> None:
    assert complete_selectors(*asked(config), incomplete) == names
    assert complete_selectors(*asked(None, str(config)), incomplete) == names


def test_an_allowance_waits_for_its_number(config: Path) -> None:
    assert complete_allowances(*asked(config), "people") == ["people=", "people-old="]


@pytest.mark.parametrize("text", ["", "just: [", "version: 1\ndatasets: 5\n", HEAD, "\0"])
def test_what_cannot_be_read_has_no_names(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    assert complete_selectors(*asked(tmp_path / "a.yaml"), "") == []
    assert complete_selectors(*asked(tmp_path / "absent.yaml"), "") == []
    assert complete_selectors(*asked(None), "") == []
