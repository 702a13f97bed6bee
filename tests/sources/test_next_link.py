import pytest

from bulkimport.errors import SourceError
from bulkimport.model import CountedPaging
from bulkimport.sources.next_link import NextLinks, judge_first


@pytest.mark.parametrize("place", [("@odata", "nextLink"), ("@odata.nextLink",)])
def test_a_name_with_dots_is_found_whole_or_in_parts(place: tuple[str, ...]) -> None:
    found = NextLinks(place)
    found.see(("@odata.nextLink",), "/2")
    assert not found.is_absent
    assert found.target("the report") == "/2"


def test_where_both_are_there_the_exact_way_counts() -> None:
    found = NextLinks(("a", "b"))
    found.see(("a.b",), "/no")
    found.see(("a", "b"), "/2")
    assert found.target("the report") == "/2"


@pytest.mark.parametrize("value", [None, ""])
def test_null_and_an_empty_text_are_there_but_no_address(value: str | None) -> None:
    found = NextLinks(("next",))
    found.see(("next",), value)
    assert not found.is_absent
    assert found.target("the report") is None


def test_another_value_is_no_address() -> None:
    found = NextLinks(("next",))
    found.see(("next",), 7)
    with pytest.raises(SourceError, match="the report: expected the address of the next page at next, found another"):
        found.target("the report")


def test_counted_pages_need_no_link() -> None:
    found = NextLinks()
    found.see(("@odata.nextLink",), "/2")
    counted = CountedPaging("page", 1, by_rows=False)
    assert judge_first("the report", counted, ["</2>; rel=next"], found) == []
