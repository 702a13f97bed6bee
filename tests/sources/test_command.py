from pathlib import Path

import pytest

from bulkimport.errors import SourceError
from bulkimport.model import CommandSource, CsvSource
from bulkimport.sources.command import fetch_output


def fetched(folder: Path, *argv: str, timeout: float = 60.0) -> str:
    source = CommandSource(argv, str(folder), CsvSource(()), timeout)
    content, _ = fetch_output(source, folder / "landing", lambda arrived, total: None)
    assert isinstance(content, CsvSource)
    return Path(content.paths[0]).read_text()


def complaint(folder: Path, *argv: str, timeout: float = 60.0) -> SourceError:
    with pytest.raises(SourceError) as caught:
        fetched(folder, *argv, timeout=timeout)
    return caught.value


def test_the_command_runs_in_the_folder_without_a_shell(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id\n1\n")
    assert fetched(tmp_path, "cat", "people.csv") == "id\n1\n"
    assert fetched(tmp_path / "..", "echo", "$HOME; *") == "$HOME; *\n"


def test_a_program_beside_the_config_can_be_named(tmp_path: Path) -> None:
    program = tmp_path / "export.sh"
    program.write_text("#!/bin/sh\necho id\n")
    program.chmod(0o700)
    assert fetched(tmp_path, "./export.sh") == "id\n"


def test_a_failure_counts_though_the_output_looks_whole(tmp_path: Path) -> None:
    error = complaint(tmp_path, "sh", "-c", "echo id; echo 1; echo 'gpg: bad passphrase' >&2; exit 2")
    assert error.message == (
        "The command sh ended with the exit code 2, so its output was not used: gpg: bad passphrase"
    )


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    error = complaint(tmp_path, "no-such-command")
    assert error.message == "The command no-such-command was not found"
    assert "PATH" in error.hint


def test_a_command_that_may_not_be_run(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id\n")
    error = complaint(tmp_path, str(tmp_path / "people.csv"))
    assert error.message.endswith("people.csv could not be started: Permission denied")


def test_a_command_that_takes_too_long(tmp_path: Path) -> None:
    error = complaint(tmp_path, "sh", "-c", "echo 'Enter passphrase:' >&2; sleep 1000", timeout=4.0)
    assert error.message == "The command sh had not ended after 4.0s and was stopped: Enter passphrase:"
    assert "`timeout`" in error.hint


def test_a_folder_that_has_gone(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="of the configuration does not exist any more"):
        fetched(tmp_path / "gone", "true")
