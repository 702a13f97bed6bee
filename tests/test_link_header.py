import pytest

from bulkimport.link_header import next_in


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ((), None),
        (('<https://h/2>; rel="next"',), "https://h/2"),
        (("</2>; rel=next",), "/2"),
        (('</1>; rel="prev"', '</2>; title="a, <b>"; REL="last Next"'), "/2"),
        (('</1>; rel="prev", </2?a=1,2>; rel="next"',), "/2?a=1,2"),
        (('</2>; title="next"',), None),
        (("next",), None),
    ],
)
def test_the_next_link_is_found(links: tuple[str, ...], expected: str | None) -> None:
    assert next_in(links) == expected
