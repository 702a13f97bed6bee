"""README.md as the tests see it: its code blocks, the commands it shows, its links, and its generated parts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"

_BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_PART = r"(<!-- generated: {name} -->\n)(.*?)(<!-- end of {name} -->)"
_COMMAND = re.compile(r"(?:^|(?<=[\s;&(]))(?:bulkimport|python -m bulkimport)(?P<arguments>(?: .*)?)$")
_AFTER_COMMAND = re.compile(r"\s(?:#|\||\d?>|&&|;).*$")
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block: its language and what else its fence says (`yaml dataset`: a fragment of a dataset)."""

    language: str
    kind: str
    text: str


def text() -> str:
    return README.read_text(encoding="utf-8")


def blocks(language: str = "") -> list[CodeBlock]:
    """The fenced blocks of one language, or all."""
    found = []
    for match in _BLOCK.finditer(text()):
        name, _, kind = match["info"].strip().partition(" ")
        found.append(CodeBlock(name, kind, match["text"]))
    return [block for block in found if language in ("", block.language)]


def prose() -> str:
    """The text without its fenced blocks."""
    return _BLOCK.sub("", text())


def spans() -> list[str]:
    """Inline code."""
    return _SPAN.findall(prose())


def commands() -> Iterator[str]:
    """The arguments of every `bulkimport …` that is shown, in shell blocks, transcripts and inline code."""
    shown = [line for block in blocks() if block.language in ("sh", "text") for line in _lines(block.text)]
    for line in [*shown, *spans()]:
        match = _COMMAND.search(_AFTER_COMMAND.sub("", line))
        if match is not None:
            yield match["arguments"].strip()


def _lines(text: str) -> list[str]:
    """With lines that end in a backslash joined."""
    return re.sub(r"\\\n\s*", "", text).splitlines()


def anchors() -> set[str]:
    """What headings can be linked by, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", prose(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> list[str]:
    return _LINK.findall(prose())


def part(name: str) -> str:
    """The present text of a generated part."""
    match = re.search(_PART.format(name=name), text(), re.DOTALL)
    assert match is not None, f"README.md has no generated part {name!r}"
    return match[2]


def replace_part(name: str, content: str) -> None:
    """Writes a generated part anew."""
    pattern = re.compile(_PART.format(name=name), re.DOTALL)
    README.write_text(pattern.sub(lambda match: match[1] + content + match[3], text()), encoding="utf-8")
