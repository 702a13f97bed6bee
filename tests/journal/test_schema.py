import sqlite3

import pytest

from bulkimport.errors import StateError
from bulkimport.journal import entries, facts, schema
from tests.journal.samples import a_connection, happen, source_read, succeeded


def contents(connection: sqlite3.Connection) -> list[str]:
    return list(connection.iterdump())


def test_an_empty_file_becomes_a_journal() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.check(connection, "journal.db")
    schema.migrate(connection)
    schema.check(connection, "journal.db")
    assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
    assert connection.execute("PRAGMA application_id").fetchone() == (schema.APPLICATION_ID,)
    assert not connection.in_transaction


def test_migrating_a_current_journal_changes_nothing() -> None:
    connection = a_connection("run-1")
    changes = connection.total_changes
    schema.migrate(connection)
    assert connection.total_changes == changes


def test_an_older_journal_gets_the_missing_steps_only(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = a_connection("run-1")
    step = ("ALTER TABLE runs ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'",)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    schema.migrate(connection)
    assert connection.execute("SELECT run_id, colour FROM runs").fetchall() == [("run-1", "red")]
    assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)


def test_a_migration_that_fails_leaves_the_journal_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = a_connection("run-1")
    before = contents(connection)
    version = connection.execute("PRAGMA user_version").fetchone()
    step = ("ALTER TABLE runs ADD COLUMN colour TEXT", "DELETE FROM datasets", "INSERT INTO nowhere VALUES (1)")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        schema.migrate(connection)
    assert contents(connection) == before
    assert connection.execute("PRAGMA user_version").fetchone() == version
    assert not connection.in_transaction


def test_facts_are_folded_anew_when_their_version_has_grown(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = a_connection("run-1")
    happen(connection, "run-1", source_read(), succeeded())
    kept = entries.facts_of(connection, "run-1", "people")
    connection.execute("UPDATE datasets SET row_count = 1, status = NULL")
    schema.migrate(connection)
    assert entries.facts_of(connection, "run-1", "people") != kept
    monkeypatch.setattr(facts, "FACTS_VERSION", facts.FACTS_VERSION + 1)
    schema.migrate(connection)
    assert entries.facts_of(connection, "run-1", "people") == kept
    assert connection.execute("SELECT version FROM facts_version").fetchall() == [(facts.FACTS_VERSION,)]


def test_the_journal_of_a_newer_program_is_refused() -> None:
    connection = a_connection()
    connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    with pytest.raises(StateError, match="newer version") as caught:
        schema.check(connection, "/state/journal.db")
    assert "/state/journal.db" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("statement", ["CREATE TABLE notes (text)", "PRAGMA user_version = 7"])
def test_the_database_of_another_program_is_refused(statement: str) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(statement)
    with pytest.raises(StateError, match="not a journal of bulkimport"):
        schema.check(connection, "journal.db")
