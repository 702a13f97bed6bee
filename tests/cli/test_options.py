import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click
import pytest

from bulkimport.cli.options import Common, DurationType, common_options, complain, layout_for
from bulkimport.errors import ConfigError, ConfigProblem, StateError, UsageError
from bulkimport.log import Redactor
from bulkimport.model import RunOptions
from bulkimport.sandbox.world import python_environment
from tests.support.vocabulary import a_config


def common(state_dir: str | None = None) -> Common:
    return Common("text", "console", "info", state_dir, progress=False, redactor=Redactor())


def test_the_state_directory_is_the_options_the_configs_the_environments_or_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BULKIMPORT_STATE_DIR", "/from/environment")
    config = a_config()
    configured = replace(config, run=RunOptions(state_dir="/from/config"))
    assert common("given").state_directory(configured) == tmp_path / "given"
    assert common().state_directory(configured) == Path("/from/config")
    assert common().state_directory(config) == Path("/from/environment")
    assert common().state_directory() == Path("/from/environment")
    monkeypatch.setenv("BULKIMPORT_STATE_DIR", "")
    assert common().state_directory() == tmp_path / ".bulkimport"
    assert common("~/state").state_directory() == Path.home() / "state"


def test_a_working_directory_that_is_gone_is_told_where_the_state_would_be_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.delenv("BULKIMPORT_STATE_DIR", raising=False)
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UsageError, match="working directory does not exist") as error:
        common().state_directory()
    assert "--state-dir" in error.value.hint
    assert common(str(tmp_path)).state_directory() == tmp_path


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("30s", 30.0), ("15m", 900.0), ("2h", 7200.0)])
def test_durations_are_written_as_in_the_config(text: str, seconds: float) -> None:
    assert DurationType().convert(text, None, None) == seconds
    assert DurationType().convert(seconds, None, None) == seconds


@pytest.mark.parametrize("text", ["", "soon", "10", "-5s", "5 s"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(click.UsageError):
        DurationType().convert(text, None, None)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("wrong", hint="right"), 2),
        (ConfigError([ConfigProblem("all.yaml", 3, "key", "wrong")]), 2),
        (StateError("full", hint="room"), 1),
    ],
)
def test_an_error_of_the_command_becomes_its_exit_code(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    @common_options
    def command(common: Common) -> int:
        raise error

    assert command.main([], standalone_mode=False) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Error" in captured.err


def test_complaints_do_not_show_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    redactor = Redactor()
    redactor.add("token-4711-abcdef")
    complain(StateError("It said token-4711-abcdef.", hint="Hide token-4711-abcdef."), redactor)
    assert "4711" not in capsys.readouterr().err


def test_a_pipe_has_a_width_of_its_own() -> None:
    assert layout_for(io.StringIO()).width == 100


@pytest.mark.parametrize(("encoding", "symbols"), [("utf-8", True), ("latin-1", False), ("ascii", False)])
def test_ticks_are_shown_where_the_encoding_has_them(encoding: str, symbols: bool) -> None:
    assert layout_for(io.TextIOWrapper(io.BytesIO(), encoding=encoding)).symbols is symbols


def test_a_reader_that_has_gone_is_no_failure() -> None:
    """As in `bulkimport schema | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "bulkimport", "schema"],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=python_environment(),
        timeout=200,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
