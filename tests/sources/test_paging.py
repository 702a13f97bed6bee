import pytest
from yarl import URL

from bulkimport.errors import SourceError
from bulkimport.model import CountedPaging, LinkPaging, NextPaging
from bulkimport.sources.paging import Page, Pages

FIRST = URL("https://host/people?format=json")


def test_without_paging_there_is_one_page() -> None:
    assert Pages(FIRST, None, 9).after(Page(FIRST, ("</2>; rel=next",), "x", 5)) is None


def test_targets_are_kept_byte_for_byte() -> None:
    pages = Pages(FIRST, LinkPaging(), 9)
    assert str(pages.after(Page(FIRST, ("</p%7Eople?a=%2F&b=+>; rel=next",)))) == "https://host/p%7Eople?a=%2F&b=+"


@pytest.mark.parametrize(
    "target", ["https://other/2", "http://host/2", "https://host:444/2", "//other/2", "ftp://host/2"]
)
def test_other_origins_are_refused(target: str) -> None:
    with pytest.raises(SourceError, match="where the credentials must not go"):
        Pages(FIRST, NextPaging(("next",)), 9).after(Page(FIRST, next=target))


def test_the_same_origin_may_be_written_in_several_ways() -> None:
    target = "https://HOST:443/people?$skiptoken=x"
    assert str(Pages(FIRST, NextPaging(("next",)), 9).after(Page(FIRST, next=target))).endswith("?$skiptoken=x")


def test_a_target_that_is_none_is_told() -> None:
    with pytest.raises(SourceError, match="whose address cannot be used"):
        Pages(FIRST, NextPaging(("next",)), 9).after(Page(FIRST, next="https://host:port/"))


def test_counting_replaces_the_parameter_and_keeps_the_others() -> None:
    pages = Pages(URL("https://host/p?page=9&a=1"), CountedPaging("page", 0, by_rows=False), 9)
    assert pages.first.query == {"page": "0", "a": "1"}
    second = pages.after(Page(pages.first, rows=3, digest=b"1"))
    assert second is not None
    assert second.query == {"page": "1", "a": "1"}
    assert pages.after(Page(second, rows=0, digest=b"1")) is None
