"""A report over HTTP: its answers, one after the other, as files on this machine."""

import base64
import hashlib
from dataclasses import replace
from pathlib import Path
from random import Random

import anyio
import anyio.to_thread
from yarl import URL

from bulkimport.clock import Clock, SystemClock
from bulkimport.errors import SourceError
from bulkimport.folders import private_folder
from bulkimport.model import Basic, Bearer, FileSource, HttpSource, JsonSource, NdjsonSource, NextPaging, Opaque, Secret
from bulkimport.sources.answers import name_of
from bulkimport.sources.fetching import Access, Fetched, Fetcher
from bulkimport.sources.landed_file import named_as_packed, private
from bulkimport.sources.next_link import STANDARD, NextLinks, judge_first
from bulkimport.sources.paging import Page, Pages
from bulkimport.sources.progress import OnArrived
from bulkimport.sources.reshaping import see_around, write_records
from bulkimport.wording import duration

_ACCEPTS = {
    "json": "application/json",
    "ndjson": "application/x-ndjson, application/json",
    "csv": "text/csv, */*;q=0.5",
}


async def fetch_report(
    source: HttpSource, folder: Path, on_arrived: OnArrived, clock: Clock | None = None, rng: Random | None = None
) -> tuple[FileSource, dict[str, str], tuple[str, ...]]:
    """The report in `folder` (made if needed), ready to be read, what people call its files, and warnings.

    Raises SourceError where it cannot be had whole, within its `timeout`, and StateError or OSError for the disk.
    """
    await anyio.to_thread.run_sync(private_folder, folder)
    report = _Report(source, folder, on_arrived)
    with anyio.move_on_after(source.timeout) as scope:
        async with Fetcher(report.access, source.content.type, source.timeout, clock or SystemClock(), rng) as fetcher:
            return await report.fetched(fetcher)
    if scope.cancelled_caught:
        hint = "Raise the source's `timeout`, or have the report made smaller or at another time."
        message = f"{report.name} was not there whole within {duration(source.timeout)}"
        raise SourceError(message, hint)
    raise AssertionError("a scope that was not cancelled returns")


class _Report:
    """What is known of one report while its answers come."""

    def __init__(self, source: HttpSource, folder: Path, on_arrived: OnArrived) -> None:
        self._source = source
        self._folder = folder
        self._on_arrived = on_arrived
        self._arrived = 0
        self._rows = folder / "rows.ndjson"
        self._warnings: list[str] = []
        url = address_of(source.url)
        self.name = name_of(url)
        self._url = url.update_query([*url.query.items(), *_revealed(source.params)]) if source.params else url
        self.access = Access(url.origin(), _headers(source))

    async def fetched(self, fetcher: Fetcher) -> tuple[FileSource, dict[str, str], tuple[str, ...]]:
        content = self._source.content
        pages = Pages(self._url, self._source.paging, self._source.max_pages)
        is_reshaped = isinstance(content, JsonSource) and (self._source.flatten or self._source.paging is not None)
        files: list[str] = []
        url: URL | None = pages.first
        while url is not None:
            path = self._folder / f"{len(files):05}.{content.type}"
            found = await fetcher.fetch(url, path, self._told)
            self._arrived += found.size
            if is_reshaped:
                page = await anyio.to_thread.run_sync(self._reshaped, found, not files)
                files = [str(self._rows)]
            else:
                if not files:
                    await anyio.to_thread.run_sync(self._judge_first, found)
                files.append(await anyio.to_thread.run_sync(named_as_packed, path, content.type))
                page = Page(found.url, links=found.links)
            url = pages.after(page)
        reading = NdjsonSource(()) if is_reshaped else content
        return replace(reading, paths=tuple(files)), dict.fromkeys(files, self.name), tuple(self._warnings)

    def _told(self, arrived: int, total: int) -> None:
        self._on_arrived(self._arrived + arrived, self._arrived + total if total else 0)

    @property
    def _place(self) -> tuple[str, ...]:
        return self._source.content.records if isinstance(self._source.content, JsonSource) else ()

    def _judge_first(self, found: Fetched) -> None:
        """Of an answer that is kept as it came."""
        links = NextLinks()
        if self._place:
            see_around(found.path, self.name, self._place, links.see, [f'"{name}"'.encode() for name in STANDARD])
        self._warnings += judge_first(self.name, self._source.paging, found.links, links, self._place)

    def _reshaped(self, found: Fetched, is_first: bool) -> Page:
        """Adds the records of an answer to the others, and removes it."""
        paging, place, name = self._source.paging, self._place, self.name
        links = NextLinks(paging.place if isinstance(paging, NextPaging) else ())
        with open(self._rows, "ab", opener=private) as out:
            rows = write_records(found.path, name, place, out, flatten=self._source.flatten, see=links.see)
            if not out.tell():
                out.write(b"\n")  # no records at all are not the same as no content at all
        following = links.target(name) if isinstance(paging, NextPaging) else None
        if is_first:
            self._warnings += judge_first(name, paging, found.links, links, place)
        with found.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        found.path.unlink()
        return Page(found.url, found.links, following, rows, digest)


def address_of(url: Secret) -> URL:
    """The URL as it is written, if it can be sent like that."""
    text = url.reveal()
    return URL(text, encoded=text.isascii() and text.isprintable() and not set(text) & set(' "<>\\^`{|}'))


def _headers(source: HttpSource) -> dict[str, str]:
    headers = {"Accept": _ACCEPTS[source.content.type], **dict(_revealed(source.headers))}
    match source.auth:
        case Basic(username, password):
            pair = f"{username.reveal()}:{password.reveal()}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        case Bearer(token):
            headers["Authorization"] = f"Bearer {token.reveal()}"
        case None:
            pass
    return headers


def _revealed(pairs: tuple[tuple[str, Opaque], ...]) -> list[tuple[str, str]]:
    return [(name, text.reveal() if isinstance(text, Secret) else text) for name, text in pairs]
