"""What the first answer of a report says of a next page, and whether what the configuration says of it can be right.

An answer that is taken for the whole report though it is a part would have the rest of the dataset deleted. Decisions
alone: nothing here is sent or read.
"""

import difflib
import re
from collections.abc import Sequence

from bulkimport.errors import SourceError
from bulkimport.link_header import next_in
from bulkimport.model import CountedPaging, LinkPaging, NextPaging, Paging

Way = tuple[str, ...]
"""The names of objects and of the value in the last of them."""

STANDARD = ("@odata.nextLink", "@nextLink", "odata.nextLink", "__next")
"""What OData calls the address of the next page, beside the records; it is left out on the last one."""

_ADDRESS = re.compile(r"https?://|[/?]", re.IGNORECASE)
_SPEAKS_OF_NEXT = re.compile(r"next(?:page|set|batch|results?|records)?(?:link|url|uri|href|address)?\Z")
_OTHER_RELATION = re.compile(r"self|first|last|prev|current|context|schema|related|parent")
_MOST = 200
_NEAR = 0.8


class NextLinks:
    """The texts in an answer, beside its records, that may be the address of the next page; `place` is where it is
    said to be."""

    def __init__(self, place: Way = ()) -> None:
        self._place = place
        self._found: dict[Way, object] = {}
        self._addresses: list[Way] = []

    def see(self, way: Way, value: object) -> None:
        """A value outside of all arrays: its text, None for null, and anything else for another value."""
        if self._place and ".".join(way) == self.place:  # a dot in a name may be written with or without a backslash
            self._found.setdefault(way, value)
        elif isinstance(value, str) and _ADDRESS.match(value) and len(self._addresses) < _MOST:
            self._addresses.append(way)

    @property
    def place(self) -> str:
        return ".".join(self._place)

    @property
    def is_absent(self) -> bool:
        return not self._found

    def target(self, name: str) -> str | None:
        """The address; None where there is none, or null, or an empty one. Raises SourceError for another value."""
        value = self._found[self._place] if self._place in self._found else next(iter(self._found.values()), None)
        if value is not None and not isinstance(value, str):
            message = f"{name}: expected the address of the next page at {self.place}, found another value"
            raise SourceError(message, "Check `paging.next`.")
        return value or None

    def standard(self, records: Way) -> Way | None:
        """The next address by a name that has no other meaning: on top of the document or beside the records."""
        around = {(), records[:-1]}
        return next((way for way in self._addresses if way[:-1] in around and way[-1] in STANDARD), None)

    def meant(self) -> Way | None:
        """The next address that is there where another was looked for in vain."""
        wanted = _plain(self._place)
        by_name = {way: _plain(way) for way in self._addresses}
        for way, name in by_name.items():
            if name == wanted or _SPEAKS_OF_NEXT.search(name):
                return way
        likely = {name: way for way, name in by_name.items() if not _OTHER_RELATION.search(name)}
        close = difflib.get_close_matches(wanted, likely, n=1, cutoff=_NEAR)
        return likely[close[0]] if close else None


def judge_first(
    name: str, paging: Paging | None, links: Sequence[str], found: NextLinks, records: Way = ()
) -> list[str]:
    """Warnings about the first answer. Raises SourceError where it is surely not the whole report, and nothing would
    ask for the rest."""
    match paging:
        case CountedPaging():
            return []
        case LinkPaging() if next_in(links):
            return []
        case NextPaging() if not found.is_absent:
            return []
    if next_in(links):
        raise _partial(name, "in its `Link` header", paging, found, "`paging: {link: true}`")
    other = found.meant() if isinstance(paging, NextPaging) else found.standard(records)
    if other is not None:
        shown = ".".join(other)
        raise _partial(name, f"at {shown}", paging, found, f'`paging: {{next: "{shown}"}}`')
    if not isinstance(paging, NextPaging) or _is_customary(found.place, records):
        return []
    return [
        f"{name}: no page had {found.place}, so the first was taken for the last. "
        "If the report has more than one page, `paging.next` is not right."
    ]


def _partial(name: str, where: str, paging: Paging | None, found: NextLinks, setting: str) -> SourceError:
    asked = f"there is no {found.place} in it" if isinstance(paging, NextPaging) else "nothing asks for that one"
    if isinstance(paging, LinkPaging):
        asked = "its `Link` header does not"
    message = f"{name} names a next page {where}, but {asked}: what was read is not the whole report"
    return SourceError(message, f"Write {setting} into the source.")


def _is_customary(place: str, records: Way) -> bool:
    """Whether it is the name that OData has for it, beside what OData calls the records: no slip, so absence counts."""
    return (place, records) in (("d.__next", ("d", "results")), ("@odata.nextLink", ("value",)))


def _plain(way: Way) -> str:
    return re.sub(r"[\W_]+", "", "".join(way)).casefold()
