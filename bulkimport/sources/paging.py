"""Which answer of a report comes next, and that they come to an end. Decisions alone: nothing here is sent or read."""

from dataclasses import dataclass

from yarl import URL

from bulkimport.errors import SourceError
from bulkimport.hosts import same_origin
from bulkimport.link_header import next_in
from bulkimport.model import CountedPaging, LinkPaging, NextPaging, Paging
from bulkimport.sources.answers import name_of, usable
from bulkimport.wording import number


@dataclass(frozen=True, slots=True)
class Page:
    """An answer: where it came from, what its `Link` headers and its body say of the next one, its rows, a digest."""

    url: URL
    links: tuple[str, ...] = ()
    next: str | None = None
    rows: int = 0
    digest: bytes = b""


class Pages:
    """The addresses of a report's answers, one after the other."""

    def __init__(self, first: URL, paging: Paging | None, max_pages: int) -> None:
        self._paging = paging
        self._max_pages = max_pages
        self._name = name_of(first)
        self._count = paging.first if isinstance(paging, CountedPaging) else 0
        self._base = first
        self._digest = b""
        self.first = self._counted(paging) if isinstance(paging, CountedPaging) else first
        self._seen = {self.first}

    def after(self, page: Page) -> URL | None:
        """The next address, None after the last one. Raises SourceError where there is no end to them."""
        url: URL | None
        match self._paging:
            case None:
                return None
            case LinkPaging():
                url = self._resolved(page, next_in(page.links))
            case NextPaging():
                url = self._resolved(page, page.next)
            case CountedPaging():
                url = self._next_by_count(self._paging, page)
        if url is None:
            return None
        if not same_origin(url, self._base):
            message = f"{self._name} says that its next page is at {name_of(url)}, where the credentials must not go"
            raise SourceError(message, "Check the URL: is it the address that the server calls itself by?")
        if url in self._seen:
            raise self._endless("says that its next page is one that was read before")
        if len(self._seen) >= self._max_pages:
            raise self._endless(f"has more than {number(self._max_pages)} pages", "raise `paging.max_pages`, or ")
        self._seen.add(url)
        return url

    def _resolved(self, page: Page, target: str | None) -> URL | None:
        if target is None:
            return None
        try:
            return usable(page.url.join(URL(target, encoded=target.isascii() and " " not in target)))
        except ValueError:
            message = f"{self._name} names a next page whose address cannot be used"
            raise SourceError(message, "Check `paging.next`.") from None

    def _next_by_count(self, paging: CountedPaging, page: Page) -> URL | None:
        if not page.rows:
            return None
        if page.digest == self._digest:
            raise self._endless(f"gives the same page again, whatever {paging.parameter!r} says")
        self._digest = page.digest
        self._count += page.rows if paging.by_rows else 1
        return self._counted(paging)

    def _counted(self, paging: CountedPaging) -> URL:
        return self._base.update_query({paging.parameter: str(self._count)})

    def _endless(self, what: str, first: str = "") -> SourceError:
        hint = f"{first}check `paging` against the server's documentation."
        return SourceError(f"{self._name} {what}", hint[0].upper() + hint[1:])
