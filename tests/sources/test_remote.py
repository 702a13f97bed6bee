"""Files elsewhere, from a real object store, a real SFTP server, and fsspec's file system in memory."""

import asyncio
import gzip
import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fsspec
import pytest

from bulkimport.errors import GuardError, SourceError, StateError
from bulkimport.model import CsvSource, ExcelSource, FileChoice, FileSource, RemoteSource, Secret
from bulkimport.sources import CsvTable, open_source
from bulkimport.sources.remote import fetch_files
from bulkimport.sources.workbook import rewrite_workbooks
from tests.support.clock import FakeClock
from tests.support.http import answer, scripted_server
from tests.support.remote import PASSWORD, SECRET, ObjectStore, SftpPlace, object_store, sftp_server

LARGE = b"id,name\n" + b"".join(b"%d,Person\n" % number for number in range(60_000))


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with object_store() as store:
        yield store


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[SftpPlace]:
    with sftp_server(tmp_path / "served") as place:
        yield place


class Memory:
    """A folder of fsspec's file system in memory."""

    def __init__(self, name: str) -> None:
        self.url = f"memory://{name}"
        self._system = fsspec.filesystem("memory")
        self._folder = f"/{name}"

    def put(self, name: str, data: bytes, modified: datetime | None = None) -> None:
        self._system.pipe(f"{self._folder}/{name}", data)
        if modified is not None:
            self._system.store[f"{self._folder}/{name}"].modified = modified


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(f"{tmp_path.name}-{os.getpid()}")


def source(*urls: str, options: dict[str, Any] | None = None, timeout: float = 60.0, **choice: Any) -> RemoteSource:
    content = CsvSource((), choice=FileChoice(**choice))
    return RemoteSource(tuple(map(Secret, urls)), content, options or {}, timeout)


def fetch(remote: RemoteSource, folder: Path, clock: FakeClock | None = None) -> tuple[FileSource, dict[str, str]]:
    return asyncio.run(fetch_files(remote, folder / "landing", lambda *_: None, clock or FakeClock()))


def rows(remote: RemoteSource, folder: Path, clock: FakeClock | None = None) -> list[list[str]]:
    table = open_source(fetch(remote, folder, clock)[0])
    assert isinstance(table, CsvTable)
    return [cells for batch in table.batches() for cells in batch]


def failure(remote: RemoteSource, folder: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        fetch(remote, folder)
    assert not any(secret in str(caught.value) + caught.value.hint for secret in (PASSWORD, SECRET))
    return caught.value


# ---- an object store


def test_objects_of_a_pattern_land_in_order_whole_and_private(store: ObjectStore, tmp_path: Path) -> None:
    store.put("nightly")
    store.put("nightly/hr/people-2.csv.gz", gzip.compress(b"id\n3\n"))
    store.put("nightly/hr/people-1.csv.gz", gzip.compress(b"id\n1\n2\n"))
    store.put("nightly/hr/others.csv", b"id\n9\n")
    told: list[tuple[int, int]] = []
    remote = source("s3://nightly/hr/people-*.csv.gz", options=store.options)
    content, names = asyncio.run(fetch_files(remote, tmp_path / "l", lambda *c: told.append(c), FakeClock()))
    assert list(names.values()) == ["s3://nightly/hr/people-1.csv.gz", "s3://nightly/hr/people-2.csv.gz"]
    assert content.paths == tuple(names)
    assert {stat.S_IMODE(Path(path).stat().st_mode) for path in content.paths} == {0o600}
    assert told[-1][0] == told[-1][1] > 0
    table = open_source(content)
    assert [row for batch in table.batches() for row in batch] == [["1"], ["2"], ["3"]]


def test_an_object_is_read_under_its_own_name_though_it_looks_like_a_pattern(
    store: ObjectStore, tmp_path: Path
) -> None:
    store.put("marked")
    store.put("marked/people%5B1%5D.csv", b"id\n1\n")
    store.put("marked/people1.csv", b"id\n2\n")
    assert rows(source("s3://marked/people[1].csv", options=store.options), tmp_path / "a") == [["1"]]
    assert rows(source("s3://marked/people[0-9].csv", options=store.options), tmp_path / "b") == [["2"]]


def test_an_object_that_is_missing_is_named(store: ObjectStore, tmp_path: Path) -> None:
    store.put("missing")
    assert failure(source("s3://missing/people.csv", options=store.options), tmp_path).message == (
        "s3://missing/people.csv does not exist"
    )
    assert failure(source("s3://missing/people-*.csv", options=store.options), tmp_path).message == (
        "No file matches s3://missing/people-*.csv"
    )


def test_wrong_keys_are_told_and_not_shown(tmp_path: Path) -> None:
    with object_store() as guarded:
        guarded.put("closed")
        guarded.guard()
        error = failure(source("s3://closed/people.csv", options=guarded.options), tmp_path)
    assert error.message.startswith("access to s3://closed/people.csv is refused")
    assert "credentials in `options`" in error.hint


def test_a_store_that_is_not_there_in_time_is_told(tmp_path: Path) -> None:
    options = {"endpoint_url": "http://127.0.0.1:9", "key": "k", "secret": SECRET}
    error = failure(source("s3://any/people.csv", options=options, timeout=3.0), tmp_path)
    assert "s3://any/people.csv" in error.message


def test_a_store_that_is_not_there_is_given_up(tmp_path: Path) -> None:
    options = {"endpoint_url": "http://127.0.0.1:9", "key": "k", "secret": SECRET}
    error = failure(source("s3://any/people.csv", options=options, timeout=3000.0), tmp_path)
    assert "Given up, as every attempt was used" in error.message


# ---- SFTP


def test_a_file_comes_over_sftp(sftp: SftpPlace, tmp_path: Path) -> None:
    (sftp.folder / "people.csv").write_bytes(LARGE)
    content, names = fetch(source(f"{sftp.url}/people.csv", options=sftp.options), tmp_path)
    (path,) = content.paths
    assert Path(path).read_bytes() == LARGE
    assert names == {path: f"sftp://127.0.0.1:{sftp.port}/people.csv"}


@pytest.mark.parametrize("name", ["people[1].csv", "people?.csv", "people*.csv", "people#1.csv"])
def test_a_file_is_read_over_sftp_under_its_own_name_whatever_it_is(sftp: SftpPlace, tmp_path: Path, name: str) -> None:
    (sftp.folder / name).write_bytes(b"id\n1\n")
    for other in ("people", "people1.csv"):
        (sftp.folder / other).write_bytes(b"id\n2\n")
    remote = source(f"{sftp.url}/{name}", options=sftp.options)
    assert rows(remote, tmp_path) == [["1"]]


def test_a_pattern_with_question_marks_is_one_over_sftp(sftp: SftpPlace, tmp_path: Path) -> None:
    for name in ("people1.csv", "people2.csv", "people10.csv"):
        (sftp.folder / name).write_bytes(b"id\n%b\n" % name[6:7].encode())
    assert rows(source(f"{sftp.url}/people?.csv", options=sftp.options), tmp_path) == [["1"], ["2"]]


def test_a_wrong_password_is_told_and_not_shown(sftp: SftpPlace, tmp_path: Path) -> None:
    options = {**sftp.options, "password": Secret("another-password-4712")}
    error = failure(source(f"{sftp.url}/people.csv", options=options), tmp_path)
    assert error.message.startswith(f"access to sftp://127.0.0.1:{sftp.port}/people.csv is refused")
    assert "4712" not in error.message + error.hint


def test_a_server_that_nobody_knows_is_not_trusted(sftp: SftpPlace, tmp_path: Path) -> None:
    sftp.known_hosts.write_text("")
    (sftp.folder / "people.csv").write_bytes(b"id\n1\n")
    error = failure(source(f"{sftp.url}/people.csv", options=sftp.options), tmp_path)
    assert "is not known to this account" in error.message
    assert f"{sftp.known_hosts} does not have 127.0.0.1 with this key" in error.message
    assert f"`ssh-keyscan -p {sftp.port} 127.0.0.1 >>{sftp.known_hosts}`" in error.hint
    assert "what the server's owner says" in error.hint


def test_an_account_without_known_hosts_is_told_which_file_was_looked_for(
    sftp: SftpPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (sftp.folder / "people.csv").write_bytes(b"id\n1\n")
    options = {name: value for name, value in sftp.options.items() if name != "known_hosts"}
    error = failure(source(f"{sftp.url}/people.csv", options=options), tmp_path)
    assert f"the file that it was looked for in, {tmp_path}/.ssh/known_hosts, does not exist" in error.message
    assert f">>{tmp_path}/.ssh/known_hosts`" in error.hint


@pytest.mark.parametrize("option", ["known_hosts", "client_keys"])
def test_a_file_of_the_options_that_is_missing_is_not_taken_for_the_servers(
    sftp: SftpPlace, tmp_path: Path, option: str
) -> None:
    (sftp.folder / "people.csv").write_bytes(b"id\n1\n")
    absent = str(tmp_path / "absent")
    error = failure(source(f"{sftp.url}/people.csv", options={**sftp.options, option: absent}), tmp_path)
    assert f"the file {absent} cannot be read: no such file or directory" in error.message
    assert f"`{option}`" in error.hint


def test_a_cut_transfer_starts_over(sftp: SftpPlace, tmp_path: Path) -> None:
    (sftp.folder / "people.csv").write_bytes(LARGE)
    cuts = iter([True, False])

    async def cut(name: str, offset: int, connection: Any) -> None:
        if offset and next(cuts, False):
            connection.abort()

    sftp.on_read = cut
    content, _ = fetch(source(f"{sftp.url}/people.csv", options=sftp.options, timeout=3000.0), tmp_path)
    assert Path(content.paths[0]).read_bytes() == LARGE
    assert sftp.reads.count(0) == 2


def test_a_transfer_that_is_always_cut_is_given_up_and_leaves_nothing(sftp: SftpPlace, tmp_path: Path) -> None:
    (sftp.folder / "people.csv").write_bytes(LARGE)

    async def cut(name: str, offset: int, connection: Any) -> None:
        connection.abort()

    sftp.on_read = cut
    error = failure(source(f"{sftp.url}/people.csv", options=sftp.options, timeout=3000.0), tmp_path)
    assert "Given up, as every attempt was used" in error.message
    assert list((tmp_path / "landing").iterdir()) == []


def test_a_file_that_changes_on_the_way_is_not_used(sftp: SftpPlace, tmp_path: Path) -> None:
    path = sftp.folder / "people.csv"
    path.write_bytes(LARGE)

    async def grow(name: str, offset: int, connection: Any) -> None:
        with path.open("ab") as file:
            file.write(b"x,y\n")

    sftp.on_read = grow
    error = failure(source(f"{sftp.url}/people.csv", options=sftp.options, timeout=3000.0), tmp_path)
    assert "/people.csv was written to while it was transferred" in error.message


def test_a_transfer_that_stalls_is_given_up(sftp: SftpPlace, tmp_path: Path) -> None:
    (sftp.folder / "people.csv").write_bytes(LARGE)

    async def stall(name: str, offset: int, connection: Any) -> None:
        await asyncio.sleep(3600)

    sftp.on_read = stall
    error = failure(source(f"{sftp.url}/people.csv", options=sftp.options, timeout=2.0), tmp_path)
    assert "was silent for" in error.message or "was not here whole within" in error.message


# ---- which files


def test_the_newest_of_a_pattern_is_read(memory: Memory, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    memory.put("a.csv", b"id\n1\n", now)
    memory.put("b.csv", b"id\n2\n", now - timedelta(hours=1))
    assert rows(source(f"{memory.url}/*.csv", newest=True), tmp_path) == [["1"]]


def test_an_old_file_is_refused(memory: Memory, tmp_path: Path) -> None:
    clock = FakeClock()
    memory.put("a.csv", b"id\n1\n", clock.now() - timedelta(hours=25))
    with pytest.raises(GuardError, match=r"a\.csv was last written .* max_age allows"):
        fetch(source(f"{memory.url}/a.csv", max_age=86400.0), tmp_path, clock)
    assert rows(source(f"{memory.url}/a.csv", max_age=2 * 86400.0), tmp_path, clock) == [["1"]]


def test_a_file_that_was_just_written_is_waited_for(memory: Memory, tmp_path: Path) -> None:
    clock = FakeClock()
    memory.put("a.csv", b"id\n1\n", clock.now() - timedelta(seconds=10))
    assert rows(source(f"{memory.url}/a.csv", stable_for=30.0), tmp_path, clock) == [["1"]]
    assert clock.sleeps == [20.0]


def test_a_file_that_is_written_for_ever_is_given_up(memory: Memory, tmp_path: Path) -> None:
    class Busy(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            memory.put("a.csv", b"id\n1\n", self.now())

    clock = Busy()
    memory.put("a.csv", b"id\n1\n", clock.now())
    with pytest.raises(SourceError, match="is still being written"):
        fetch(source(f"{memory.url}/a.csv", stable_for=30.0), tmp_path, clock)


def test_a_file_named_twice_is_refused(memory: Memory, tmp_path: Path) -> None:
    memory.put("a.csv", b"id\n1\n")
    assert "named twice" in failure(source(f"{memory.url}/a.csv", f"{memory.url}/*.csv"), tmp_path).message


def test_a_folder_is_no_file(memory: Memory, tmp_path: Path) -> None:
    memory.put("sub/a.csv", b"id\n1\n")
    assert failure(source(f"{memory.url}/sub"), tmp_path).message.endswith("/sub is a folder")


def test_a_file_too_large_for_the_disk_is_not_begun(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.put("a.csv", b"id\n1\n")
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StateError, match="MB free"):
        fetch(source(f"{memory.url}/a.csv"), tmp_path)
    assert list((tmp_path / "landing").iterdir()) == []


# ---- the web


async def test_files_on_the_web_land_too(tmp_path: Path) -> None:
    packed = answer(200, gzip.compress(b"id\n2\n"), [("Content-Type", "application/gzip")])
    async with scripted_server(answer(200, b"id\n1\n"), packed) as server:
        urls = server.url("/a.csv?sig=secret%2F1"), server.url("/b.csv.gz")
        content, names = await fetch_files(source(*urls), tmp_path / "l", lambda *_: None, FakeClock())
    assert list(names.values()) == [f"{server.origin}/a.csv", f"{server.origin}/b.csv.gz"]
    assert [Path(path).suffix for path in content.paths] == [".csv", ".gz"]
    assert server.received[0].target == "/a.csv?sig=secret%2F1"


async def test_a_page_of_a_report_is_no_file(tmp_path: Path) -> None:
    async with scripted_server(answer(200, b"id\n1\n", [("Link", '</a.csv?page=2>; rel="next"')])) as server:
        with pytest.raises(SourceError) as caught:
            await fetch_files(source(server.url("/a.csv")), tmp_path / "l", lambda *_: None, FakeClock())
    assert "/a.csv names a next page in its `Link` header: it is not a whole file" in caught.value.message
    assert "`url` in place of `path`, with `paging: {link: true}`" in caught.value.hint


def test_a_workbook_comes_from_elsewhere(memory: Memory, tmp_path: Path) -> None:
    memory.put("people.xlsx", (Path(__file__).parents[1] / "data" / "people.xlsx").read_bytes())
    remote = RemoteSource((Secret(f"{memory.url}/people.xlsx"),), ExcelSource((), header_row=2))
    content, _ = fetch(remote, tmp_path)
    assert isinstance(content, ExcelSource)
    rewritten, _, _ = rewrite_workbooks(content, tmp_path / "rows")
    assert rewritten.columns
