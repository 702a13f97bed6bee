import json
from pathlib import Path

import click
import pytest

from bulkimport import __version__
from bulkimport.cli import main
from bulkimport.cli.defects import TRACEBACK_VARIABLE
from bulkimport.cli.main import commands, run_command_line
from bulkimport.cli.options import Common, common_options
from tests.support.program import invoke


def test_a_first_argument_that_is_no_command_is_the_config_of_a_run() -> None:
    for arguments in (["absent.yaml"], ["--output", "json", "absent.yaml"]):
        found = invoke(*arguments)
        assert found.code == 2
        assert "absent.yaml" in found.err


@pytest.mark.parametrize(
    "before",
    [
        ["--output", "json"],
        ["--output=json", "--no-progress"],
        ["--no-progress", "--log-level", "error", "--output", "json"],
    ],
)
def test_common_options_may_stand_before_a_command(before: list[str], tmp_path: Path) -> None:
    """And a value of theirs that looks like a command is none."""
    found = invoke(*before, "--state-dir", str(tmp_path / "history"), "history")
    assert (found.code, found.document) == (0, {"schema": "bulkimport.history/1", "runs": []})
    wrong = invoke(*before, "--state-dir", "history", "no.yaml")
    assert wrong.code == 2
    assert "no.yaml: cannot be read" in wrong.err


def test_a_wrong_command_line_is_a_document_as_well_where_one_is_asked_for() -> None:
    for arguments in (["run", "--unheard-of", "--output", "json"], ["plan", "--output=json"]):
        found = invoke(*arguments)
        assert (found.code, found.document["schema"]) == (2, "bulkimport.error/1")
        assert found.document["error"]["message"] in found.err
    assert invoke("run", "--unheard-of").out == ""


def test_help_and_version_end_0_on_stdout() -> None:
    for arguments in (["--version"], ["run", "--version"], ["--no-progress", "--version"], ["history", "--version"]):
        found = invoke(*arguments)
        assert (found.code, found.err) == (0, "")
        assert found.out.strip().endswith(__version__)
    for arguments in (["--help"], ["-h"], *([name, "--help"] for name in commands.commands)):
        found = invoke(*arguments)
        assert (found.code, found.err) == (0, "")
        assert "Usage: bulkimport" in found.out


@pytest.mark.parametrize("name", list(commands.commands))
def test_every_command_has_the_common_options(name: str) -> None:
    text = invoke(name, "--help").out
    for option in ("--output", "--log-format", "--log-level", "--state-dir", "--no-progress"):
        assert option in text


@pytest.mark.parametrize(
    "arguments",
    [["--output", "json", "--version"], ["--version", "--output=json"], ["plan", "--version", "--output", "json"]],
)
def test_the_version_is_a_document_where_one_is_asked_for(arguments: list[str]) -> None:
    found = invoke(*arguments)
    assert (found.code, found.document) == (0, {"schema": "bulkimport.version/1", "version": __version__})


@pytest.mark.parametrize("arguments", [["--unheard-of"], ["absent.yaml"], ["caf\udce9.yaml"]])
def test_what_ends_a_command_is_an_event_where_the_log_is_in_json(arguments: list[str]) -> None:
    found = invoke("run", *arguments, "--log-format", "json")
    assert (found.code, found.out) == (2, "")
    (event,) = map(json.loads, found.err.splitlines())
    assert (event["event"], event["level"]) == ("command.failed", "error")
    assert event["error"]
    assert event["hint"]


def test_a_defect_is_told_in_words_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def broken() -> int:
        try:
            raise ZeroDivisionError("a defect")
        except ZeroDivisionError as error:
            raise ExceptionGroup("several", [error]) from None

    monkeypatch.setitem(main.commands.commands, "broken", broken)
    monkeypatch.delenv(TRACEBACK_VARIABLE, raising=False)
    found = invoke("broken")
    assert found.code == 1
    assert found.out == ""
    assert "ZeroDivisionError" in found.err
    assert "Traceback" not in found.err
    monkeypatch.setenv(TRACEBACK_VARIABLE, "1")
    assert "Traceback" in invoke("broken").err


def test_a_defect_is_told_without_the_secrets_that_the_command_knew(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    @common_options
    def leaky(common: Common) -> int:
        common.redactor.add("correct horse")
        raise ValueError("cannot parse 'correct horse'")

    monkeypatch.setitem(main.commands.commands, "leaky", leaky)
    monkeypatch.setenv(TRACEBACK_VARIABLE, "1")
    found = invoke("leaky", "--output", "json")
    assert found.code == 1
    assert found.document["schema"] == "bulkimport.error/1"
    assert "itself failed: ValueError" in found.document["error"]["message"]
    assert "cannot parse" in found.err
    assert "correct horse" not in found.err + found.out


def test_ctrl_c_before_a_run_has_begun_ends_130(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(main.commands.commands, "interrupted", interrupted)
    assert run_command_line(["interrupted"]) == 130


@pytest.mark.parametrize("arguments", [["run", "caf\udce9.yaml"], ["history", "--state-dir", "caf\udce9"]])
def test_a_name_that_is_not_utf_8_is_told_as_a_mistake_of_the_command_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(arguments) == 2
    assert r"caf\udce9" in capsys.readouterr().err
    document = invoke(*arguments, "--output", "json").document
    assert document["schema"] == "bulkimport.error/1"
    assert r"caf\udce9" in document["error"]["message"]
