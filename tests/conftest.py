"""What every test gets: a hypothesis profile, no blocking calls on the event loop, and mocks that fit aiohttp."""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING
from unittest.mock import Mock

import aioresponses.core
import pytest
from aiohttp import ClientResponse
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import HealthCheck, settings

from bulkimport.refresh import searching, settling

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.postgres import Database, Server

settings.register_profile(
    "bulkimport",
    deadline=None,  # a shared, busy machine makes every timed judgement wrong
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("bulkimport")


def pytest_xdist_auto_num_workers() -> int:
    """Twice as many workers as cores: half of the time goes into waiting, for jobs and for processes."""
    return 2 * (os.cpu_count() or 1)


class _MockedResponse(ClientResponse):
    """aiohttp's responses want a `stream_writer`, of which aioresponses does not know."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, stream_writer=Mock(output_size=0), **kwargs)  # type: ignore[arg-type]  # passed through


aioresponses.core.ClientResponse = _MockedResponse  # type: ignore[attr-defined]  # replaced where it is looked up


@pytest.fixture(scope="session")
def postgres_server(testrun_uid: str) -> Iterator["Server"]:
    """A real PostgreSQL, started when a test first asks for it."""
    from tests.support.postgres import postgres

    with postgres(testrun_uid) as server:
        yield server


@pytest.fixture
def database(postgres_server: "Server") -> "Database":
    """A database of its own on that server."""
    return postgres_server.database()


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[BlockBuster]:
    """Fails a test in which our own code blocks the event loop (files, sqlite3, sockets, time.sleep)."""
    with blockbuster_ctx("bulkimport") as blockbuster:
        yield blockbuster


@pytest.fixture
def jobs_begin_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the program know of the sandbox what nobody knows of Orgvue: jobs begin when they are submitted, or never.

    Then a job that was not seen within `poll.timeout`, whose temporary file is gone, is over.
    """

    def as_the_file(expires_at: "datetime", timeout: float) -> "datetime":
        return expires_at

    for module in (searching, settling):
        monkeypatch.setattr(module, "over_at", as_the_file)


@pytest.fixture
def what_was_sent_has_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the program know of the sandbox what nobody knows of Orgvue: nothing that a dead process sent is on its way.

    Then an import that is not found within `poll.timeout` never was, though its temporary file is still there.
    """

    def long_ago(expires_at: "datetime", timeout: float) -> "datetime":
        return expires_at - timedelta(days=1)

    for module in (searching, settling):
        monkeypatch.setattr(module, "over_at", long_ago)
