import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkimport.errors import StateError
from bulkimport.journal import database, runs, schema
from tests.journal.samples import a_dataset, a_run


@pytest.fixture
def state_dir(tmp_path: Path) -> Iterator[Path]:
    """A state directory that is not there yet, made under the loosest umask."""
    before = os.umask(0)
    yield tmp_path / "deep" / "state"
    os.umask(before)


def connect(state_dir: Path, *, read_only: bool = False, busy_timeout: float = 5) -> sqlite3.Connection:
    return database.connect(state_dir, read_only=read_only, busy_timeout=busy_timeout)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_journal_and_its_companions_are_private(state_dir: Path) -> None:
    connection = connect(state_dir)
    runs.insert(connection, a_run(), [a_dataset()])
    assert mode(state_dir) == 0o700
    assert {path.name: mode(path) for path in state_dir.iterdir()} == {
        "journal.db": 0o600,
        "journal.db-wal": 0o600,
        "journal.db-shm": 0o600,
    }
    connection.close()


def test_files_that_were_opened_up_are_closed_again(state_dir: Path) -> None:
    connect(state_dir).close()
    (state_dir / "journal.db").chmod(0o644)
    connect(state_dir).close()
    assert mode(state_dir / "journal.db") == 0o600


def test_an_existing_directory_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    connect(tmp_path).close()
    assert mode(tmp_path) == 0o755


def test_commits_are_synced_and_readers_do_not_block_writers(state_dir: Path) -> None:
    connection = connect(state_dir)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    connection.close()


def test_what_was_written_is_there_after_reopening(state_dir: Path) -> None:
    assert not database.exists(state_dir)
    first = connect(state_dir)
    runs.insert(first, a_run(), [a_dataset()])
    first.close()
    assert database.exists(state_dir)
    second = connect(state_dir)
    assert runs.select(second) == [a_run()]
    second.close()


def test_a_connection_for_looking_changes_nothing(state_dir: Path) -> None:
    connect(state_dir).close()
    connection = connect(state_dir, read_only=True)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        runs.insert(connection, a_run(), [])
    connection.close()


def test_a_file_name_with_odd_characters_is_taken_as_it_is(tmp_path: Path) -> None:
    state_dir = tmp_path / "50% of? #state;ö"
    connect(state_dir).close()
    assert database.exists(state_dir)


@pytest.mark.parametrize("contents", [b"not a database\n" * 300, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_not_sqlite_is_named_and_left_alone(contents: bytes, tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(contents)
    with pytest.raises(StateError, match=r"journal\.db is not a SQLite database|journal\.db is damaged") as caught:
        connect(tmp_path)
    assert str(tmp_path) in caught.value.message
    assert "move journal.db" in caught.value.hint
    assert (tmp_path / "journal.db").read_bytes() == contents


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "journal.db")
    other.execute("CREATE TABLE notes (text)")
    other.close()
    before = (tmp_path / "journal.db").read_bytes()
    with pytest.raises(StateError, match="not a journal"):
        connect(tmp_path)
    assert (tmp_path / "journal.db").read_bytes() == before


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_a_file_cut_short_is_a_state_error(keep: float, state_dir: Path) -> None:
    connect(state_dir).close()
    file = state_dir / "journal.db"
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * keep)])
    with pytest.raises(StateError, match=r"journal\.db"):
        connect(state_dir)


def test_an_empty_file_is_an_empty_journal(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch()
    connection = connect(tmp_path)
    assert runs.select(connection) == []
    connection.close()


def test_a_state_directory_that_is_a_file_is_a_state_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("x")
    with pytest.raises(StateError, match="cannot be used") as caught:
        connect(tmp_path / "state")
    assert "--state-dir" in caught.value.hint
    with pytest.raises(StateError, match="cannot be used"):
        database.exists(tmp_path / "state")


def test_a_state_directory_that_cannot_be_looked_into_is_a_state_error() -> None:
    with pytest.raises(StateError, match="File name too long"):
        database.exists(Path("/") / ("x" * 300))


def test_a_directory_in_place_of_the_file_is_a_state_error(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(StateError, match="cannot be used"):
        connect(tmp_path)


def test_a_journal_held_by_another_process_for_too_long_is_a_state_error(state_dir: Path) -> None:
    connect(state_dir).close()
    holder = sqlite3.connect(state_dir / "journal.db", isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StateError, match="is locked") as caught:
        connect(state_dir, busy_timeout=0.05)
    assert "process" in caught.value.hint
    holder.close()


def test_what_a_killed_process_left_in_the_wal_is_there(state_dir: Path, tmp_path: Path) -> None:
    connection = connect(state_dir)
    runs.insert(connection, a_run(), [a_dataset()])
    shutil.copytree(state_dir, tmp_path / "as the kill left it")
    connection.close()
    recovered = connect(tmp_path / "as the kill left it")
    assert runs.select(recovered) == [a_run()]
    recovered.close()


def test_a_power_cut_in_the_middle_of_a_write_loses_that_write_alone(state_dir: Path, tmp_path: Path) -> None:
    connection = connect(state_dir)
    runs.insert(connection, a_run("kept"), [])
    whole = (state_dir / "journal.db-wal").stat().st_size
    connection.execute("BEGIN")
    runs.insert(connection, a_run("torn"), [a_dataset(f"d{number}", position=number) for number in range(100)])
    connection.execute("COMMIT")
    for cut in range(whole + 1000, (state_dir / "journal.db-wal").stat().st_size, 3000):
        copy = tmp_path / f"cut at {cut}"
        shutil.copytree(state_dir, copy)
        os.truncate(copy / "journal.db-wal", cut)
        recovered = connect(copy)
        assert [run.run_id for run in runs.select(recovered)] == ["kept"]
        assert runs.datasets_of(recovered, "torn") == []
        recovered.close()
    connection.close()


def test_errors_that_are_no_trouble_of_the_journal_stay_as_they_are() -> None:
    mistake = sqlite3.ProgrammingError("a mistake")
    assert database.translate(mistake, Path("/state/journal.db")) is mistake
    other = KeyError("x")
    assert database.translate(other, Path("/state/journal.db")) is other


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_FULL, "disk is full"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "locked"),
        (sqlite3.SQLITE_IOERR_FSYNC, "disk reports an error"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "cannot be written"),
        (sqlite3.SQLITE_CANTOPEN, "cannot be opened"),
        (sqlite3.SQLITE_CORRUPT_VTAB, "is damaged"),
        (sqlite3.SQLITE_NOMEM, "cannot be used"),
    ],
)
def test_each_complaint_of_sqlite_says_what_to_do(code: int, words: str) -> None:
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode = code
    translated = database.translate(error, Path("/state/journal.db"))
    assert isinstance(translated, StateError)
    assert words in translated.message
    assert "/state/journal.db" in translated.message
    assert translated.hint


def test_damaged_text_is_not_quoted_because_it_may_hold_a_presigned_url(state_dir: Path) -> None:
    connection = connect(state_dir)
    runs.insert(connection, a_run(), [])
    connection.execute("UPDATE runs SET config_path = CAST('s3cr3t' || x'c8' AS TEXT)")
    with pytest.raises(sqlite3.OperationalError, match="s3cr3t") as caught:
        runs.select(connection)
    translated = database.translate(caught.value, state_dir / "journal.db")
    assert isinstance(translated, StateError)
    assert "is damaged" in translated.message
    assert "s3cr3t" not in f"{translated!r} {translated.hint}"
    connection.close()


def test_a_damaged_name_of_a_table_is_a_state_error(state_dir: Path) -> None:
    connection = connect(state_dir)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET name = CAST(x'c8' AS TEXT), sql = 'x' WHERE name = 'runs'")
    connection.close()
    with pytest.raises(StateError, match="is damaged"):
        connect(state_dir)


@pytest.mark.parametrize("is_closed", [True, False])
@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC])
def test_a_journal_can_be_looked_at_where_nothing_can_be_written(
    is_closed: bool, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one whose process died, with what it wrote last still beside it."""
    writer = database.connect(tmp_path, read_only=False, busy_timeout=1)
    writer.execute("INSERT INTO requests VALUES ('a tenant', '2026-11-23', 7)")
    if is_closed:
        writer.close()

    def fail(path: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(database, "_create_privately", fail)
    with pytest.raises(StateError):
        database.connect(tmp_path, read_only=False, busy_timeout=1)
    looking = database.connect(tmp_path, read_only=True, busy_timeout=1)
    try:
        assert looking.execute("SELECT count FROM requests").fetchall() == [(7,)]
        with pytest.raises(sqlite3.OperationalError):
            looking.execute("DELETE FROM requests")
    finally:
        looking.close()
        writer.close()


def test_an_old_journal_that_cannot_be_brought_up_to_date_is_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.connect(tmp_path, read_only=False, busy_timeout=1).close()
    monkeypatch.setattr(schema, "is_current", lambda connection: False)

    def fail(path: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(database, "_create_privately", fail)
    with pytest.raises(StateError, match="Read-only file system"):
        database.connect(tmp_path, read_only=True, busy_timeout=1)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_journal_that_was_removed_or_replaced_is_noticed(replaced: bool, state_dir: Path) -> None:
    connect(state_dir).close()
    path = state_dir / "journal.db"
    presence = database.Presence(path)
    presence.check()  # nothing is known yet
    presence.remember()
    presence.check()
    path.rename(state_dir / "moved.db")
    if replaced:
        path.touch()
    with pytest.raises(StateError, match="was removed or replaced while a run was using it"):
        presence.check()
