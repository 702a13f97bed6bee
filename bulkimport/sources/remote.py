"""Files on other machines, brought to this one: whole, and as they were from the first byte to the last."""

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from glob import has_magic
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from bulkimport.clock import Clock, SystemClock
from bulkimport.errors import SourceError
from bulkimport.folders import private_folder, require_space
from bulkimport.link_header import next_in
from bulkimport.model import FileChoice, FileSource, RemoteSource
from bulkimport.sources.answers import TransferError, name_of
from bulkimport.sources.choice import PATIENCE, FoundFile, Watch, newest, refuse_old
from bulkimport.sources.fetching import Access, Fetcher
from bulkimport.sources.files import CHANGED_HINT, TWICE_HINT, no_match
from bulkimport.sources.filesystems import Site, is_file
from bulkimport.sources.landed_file import ROOM, named_as_packed, private
from bulkimport.sources.patience import Patience
from bulkimport.sources.progress import OnArrived
from bulkimport.sources.report import address_of
from bulkimport.wording import duration

HTTP = ("http", "https")

_IDENTITY = (
    *("size", "mtime", "LastModified", "last_modified", "modified", "updated", "created", "ETag", "etag"),
    *("VersionId", "version_id", "generation", "md5", "md5Hash", "content_md5", "content_settings", "checksum"),
)
"""What file systems tell of a file that changes when the file does."""

_LATE = datetime.max.replace(tzinfo=UTC)


async def fetch_files(
    source: RemoteSource, folder: Path, on_arrived: OnArrived, clock: Clock | None = None, rng: Random | None = None
) -> tuple[FileSource, dict[str, str]]:
    """The files in `folder` (made if needed), ready to be read, and what people call them.

    Raises SourceError where they cannot be had whole, within the source's `timeout`, GuardError where they are too old,
    and StateError or OSError for the disk.
    """
    await anyio.to_thread.run_sync(private_folder, folder)
    transfer = _Transfer(source, folder, on_arrived, clock or SystemClock(), rng or Random())
    with anyio.move_on_after(source.timeout) as scope:
        return await transfer.files()
    if scope.cancelled_caught:
        hint = "Raise the source's `timeout`, or see what slows the transfer down."
        raise SourceError(transfer.waiting, hint)
    raise AssertionError("a scope that was not cancelled returns")


@dataclass(frozen=True, slots=True)
class _Remote:
    """A file elsewhere, as it was when it was looked at."""

    site: Site
    path: str
    info: dict[str, Any]
    file: FoundFile

    @property
    def is_folder(self) -> bool:
        return bool(self.info.get("type") == "directory")

    @property
    def identity(self) -> tuple[Any, ...]:
        return tuple(self.info.get(key) for key in _IDENTITY)


class _Transfer:
    """What is known of one source's files while they come."""

    def __init__(self, source: RemoteSource, folder: Path, on_arrived: OnArrived, clock: Clock, rng: Random) -> None:
        self._source = source
        self._choice = source.content.choice
        self._folder = folder
        self._on_arrived = on_arrived
        self._clock = clock
        self._rng = rng
        self._patience = Patience(source, clock, rng)
        self._arrived = self._total = 0

    @property
    def waiting(self) -> str:
        """What is being waited for, and for how long it may be."""
        limit = duration(self._source.timeout)
        return f"{self._patience.name} was not here whole within {limit}{self._patience.trouble}"

    async def files(self) -> tuple[FileSource, dict[str, str]]:
        is_http = urlsplit(self._source.urls[0].reveal()).scheme in HTTP
        names = await (self._from_web() if is_http else self._from_systems())
        return replace(self._source.content, paths=tuple(names), choice=FileChoice()), names

    async def _from_web(self) -> dict[str, str]:
        """Not through fsspec, which lets headers and credentials follow a redirect, and takes a page for a file."""
        names: dict[str, str] = {}
        for url in map(address_of, self._source.urls):
            kind, self._patience.name = self._source.content.type, name_of(url)
            path = self._folder / f"{len(names):05}.{kind}"
            async with Fetcher(Access(url.origin()), kind, self._source.timeout, self._clock, self._rng) as fetcher:
                found = await fetcher.fetch(url, path, self._on_arrived)
            if next_in(found.links):
                message = f"{name_of(url)} names a next page in its `Link` header: it is not a whole file"
                hint = "Give its address as `url` in place of `path`, with `paging: {link: true}`."
                raise SourceError(message, hint)
            names[await anyio.to_thread.run_sync(named_as_packed, path, kind)] = name_of(url)
        return names

    async def _from_systems(self) -> dict[str, str]:
        found = await self._chosen(await anyio.to_thread.run_sync(self._sites))
        self._total = sum(remote.file.size for remote in found)
        await anyio.to_thread.run_sync(require_space, self._folder, ROOM * self._total)
        return {await self._fetched(remote, number): remote.file.path for number, remote in enumerate(found)}

    def _sites(self) -> list[Site]:
        """Imports the libraries of the file systems."""
        return [Site(url.reveal(), self._source.options) for url in self._source.urls]

    async def _chosen(self, sites: list[Site]) -> list[_Remote]:
        """The files to be read, once they have come to rest."""
        found = await self._found(sites)
        if self._choice.stable_for is not None:
            found = await self._at_rest(sites, found, self._choice.stable_for)
        if self._choice.max_age is not None:
            refuse_old([remote.file for remote in found], self._choice.max_age, self._clock.now())
        return found

    async def _at_rest(self, sites: list[Site], found: list[_Remote], stable_for: float) -> list[_Remote]:
        clock = self._clock
        deadline = clock.monotonic() + PATIENCE * stable_for
        watch = Watch(tuple(remote.file for remote in found), clock.monotonic())
        while (waiting := watch.unsettled(stable_for, clock.now(), clock.monotonic())) is not None:
            file, rest = waiting
            if clock.monotonic() >= deadline:
                hint = "Let the job that writes it end before this one starts, or lower `stable_for`."
                raise SourceError(f"{file.path} is still being written", hint)
            await clock.sleep(rest)
            found = await self._found(sites)
            watch = watch.seen(tuple(remote.file for remote in found), clock.monotonic())
        return found

    async def _found(self, sites: list[Site]) -> list[_Remote]:
        found: dict[str, _Remote] = {}
        for site in sites:
            files = await self._patience.performed(partial(site.using, partial(_found, site, self._choice)), site.name)
            if self._choice.newest and len(files) > 1:
                latest = newest([remote.file for remote in files])
                files = [remote for remote in files if remote.file == latest]
            for remote in files:
                name = remote.file.path
                if name in found:
                    raise SourceError(f"{name} is named twice by this source", TWICE_HINT)
                if remote.is_folder:
                    raise SourceError(f"{name} is a folder", "Name a file in it, or a pattern.")
                found[name] = remote
        return list(found.values())

    async def _fetched(self, remote: _Remote, number: int) -> str:
        """The path of a file that has arrived whole and unchanged."""
        attempts = count()

        def transfer() -> Path:
            # Each attempt has a file of its own: one that was given up may still be writing to its.
            target = self._folder / f"{number:05}-{next(attempts)}.{self._source.content.type}"
            os.close(private(str(target), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            try:
                remote.site.using(partial(self._transferred, remote, target))
            except BaseException:
                target.unlink(missing_ok=True)
                raise
            return target

        target = await self._patience.performed(transfer, remote.file.path)
        return await anyio.to_thread.run_sync(self._kept, target)

    def _kept(self, target: Path) -> str:
        self._arrived += target.stat().st_size
        return named_as_packed(target, self._source.content.type)

    def _told(self, _size: int | None, value: int, **_: object) -> None:
        """Called by the file system, in the thread that it works in."""
        self._patience.renewed()
        arrived = self._arrived + value
        self._on_arrived(arrived, max(self._total, arrived) if self._total else 0)

    def _transferred(self, remote: _Remote, target: Path, system: Any) -> None:
        """Copies a file to `target`. Blocks; raises TransferError where what arrived is not the file that was found."""
        from fsspec.callbacks import Callback  # files on the web are had without it

        name = remote.file.path
        before = _described(remote.site, remote.path, self._choice, system)
        system.get_file(remote.path, str(target), callback=Callback(hooks={"told": self._told}))
        size, expected = target.stat().st_size, before.info.get("size")
        after = _described(remote.site, remote.path, self._choice, system)
        if after.identity != before.identity:
            raise TransferError(f"{name} was written to while it was transferred", CHANGED_HINT, is_transient=True)
        if expected is not None and size != expected:
            message = f"{name} was cut short: {size} of {expected} bytes arrived"
            raise TransferError(message, is_transient=True)


def _found(site: Site, choice: FileChoice, system: Any) -> list[_Remote]:
    """The files as they are now. Blocks; raises SourceError where there are none."""
    if not has_magic(site.path) or is_file(system, site.path):  # a pattern may be just what a file is called
        return [_described(site, site.path, choice, system)]
    paths = sorted(str(path) for path in system.glob(site.path))
    files = [file for file in (_described(site, path, choice, system) for path in paths) if not file.is_folder]
    if not files:
        raise no_match(site.name)
    return files


def _described(site: Site, path: str, choice: FileChoice, system: Any) -> _Remote:
    info = system.info(path)
    is_dated = choice != FileChoice() and info.get("type") != "directory"
    modified = _aware(system.modified(path)) if is_dated else _LATE
    return _Remote(site, path, info, FoundFile(site.start + path, modified, info.get("size") or 0))


def _aware(moment: datetime | float) -> datetime:
    """A moment as file systems tell it, which is UTC where they do not say."""
    if not isinstance(moment, datetime):
        return datetime.fromtimestamp(moment, UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
