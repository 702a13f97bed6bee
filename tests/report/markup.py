"""A strict reader of HTML pages: what a browser would forgive, it does not."""

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "br", "hr", "img", "input"}
_TEXT_ONLY = {"style", "textarea", "title"}


@dataclass
class Page:
    """What stands in a page; `texts` are its runs of text outside of the style sheet, in order."""

    tags: Counter[str] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    style: str = ""

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"<{tag}> has an attribute twice: {attrs}"
        assert not self.open or self.open[-1] not in _TEXT_ONLY, f"<{tag}> within <{self.open[-1]}>"
        self.page.tags[tag] += 1
        for name, value in attrs:
            text = value or ""
            self.page.attributes.append((tag, name, text))
            if name == "id":
                self.page.ids.append(text)
            if name in ("href", "src", "for", "aria-labelledby", "action", "data", "poster", "srcset", "xlink:href"):
                self.page.references.append(text if name not in ("for", "aria-labelledby") else f"#{text}")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> while <{self.open[-1]}> is open"
        self.open.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raise AssertionError(f"<{tag}/> is not HTML")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.page.style += data
        elif data.strip():
            self.page.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def read_page(html: str) -> Page:
    """The page, which must be whole: doctype first, every tag closed, nothing but text where only text may be."""
    assert html.startswith("<!DOCTYPE html>\n")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e]", html)
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader.page


def assert_harmless(page: Page) -> None:
    """It can neither run nor load anything, and all that it refers to is within itself."""
    assert not page.tags.keys() & {"script", "iframe", "object", "embed", "form", "base", "img", "foreignobject"}
    assert [name for _, name, _ in page.attributes if name.startswith("on") or name == "style"] == []
    assert len(set(page.ids)) == len(page.ids)
    known = {f"#{name}" for name in page.ids} | {"data:,"}
    assert [one for one in page.references if one not in known] == []
    assert not re.search(r"url\(|@import|https?:|//", page.style)
    (policy,) = [value for tag, _, value in page.attributes if tag == "meta" and value.startswith("default-src")]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def assert_accessible(page: Page) -> None:
    """Its tables have headers with a scope, its pictures names or none on purpose, its language is told."""
    assert ("html", "lang", "en") in page.attributes
    assert page.tags["th"] == sum(tag == "th" and name == "scope" for tag, name, _ in page.attributes)
    assert page.tags["h1"] == page.tags["main"] == 1
    hidden = sum(tag == "svg" and (name, value) == ("aria-hidden", "true") for tag, name, value in page.attributes)
    named = sum(tag == "svg" and name == "aria-label" and value != "" for tag, name, value in page.attributes)
    assert hidden + named == page.tags["svg"]
