"""The generated parts of README.md, each made from what the program itself goes by.

    python -m tests.support.reference    (make docs) writes them anew

The tests compare the committed README with these, and its transcripts with what the sample prints.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from pydantic.fields import FieldInfo

from bulkimport.config import json_schema, models, outlet_blocks, source_block
from bulkimport.config.shapes import Block, key_of
from bulkimport.orgvue.hints import OTHER_HINTS, TENANT_HINTS
from tests.support import readme
from tests.support.transcripts import stable, transcripts
from tests.test_architecture import LAYERS

_HEAD = "| key | takes | default | what for |\n| --- | --- | --- | --- |\n"
_BLOCKS: tuple[tuple[type[Block], str], ...] = (
    (models.MainFile, "The file"),
    (models.TenantBlock, "`tenant`"),
    (models.LimitsBlock, "`limits`"),
    (models.TimeoutsBlock, "`timeouts`"),
    (models.RetriesBlock, "`retries`"),
    (models.RunBlock, "`run`"),
    (outlet_blocks.NotifyBlock, "An entry of `notify`"),
    (outlet_blocks.HeartbeatBlock, "`heartbeat`"),
    (outlet_blocks.MetricsBlock, "`metrics`"),
    (outlet_blocks.TelemetryBlock, "`telemetry`"),
    (models.DatasetBlock, "An entry of `datasets`"),
    (source_block.SourceBlock, "`source` of a dataset, in its long form"),
    (source_block.AuthBlock, "`auth` of a source"),
    (source_block.BasicBlock, "`basic` of a source's `auth`"),
    (source_block.PagingBlock, "`paging` of a source"),
    (models.FieldBlock, "An entry of a dataset's `fields`"),
    (models.ExtractDateBlock, "`extract_date` of a dataset"),
    (models.ImportBlock, "`import` of a dataset"),
    (models.GuardsBlock, "`guards` of a dataset"),
    (models.PollBlock, "`poll` of a dataset"),
)


def config_tables() -> str:
    """A table for every block of the config file; `defaults` repeats a dataset's keys and has none."""
    return "\n".join(f"**{title}**\n\n{_HEAD}{_rows(block)}" for block, title in _BLOCKS)


def _rows(block: type[Block]) -> str:
    schema = json_schema()
    properties = schema if block is models.MainFile else schema["$defs"][block.__name__.removesuffix("Block")]
    lines = []
    # What only a dataset has comes before what it may have from `defaults`.
    for name, field in sorted(block.model_fields.items(), key=lambda item: _is_default(block, item[0])):
        key = key_of(block, name)
        default = _default(field, properties["properties"][key])
        lines.append(f"| `{key}` | {_prose(_takes(field))} | {default} | {_prose(field.description or '')} |\n")
    return "".join(lines)


def _is_default(block: type[Block], name: str) -> bool:
    return block is models.DatasetBlock and name in models.DefaultsBlock.model_fields


def _default(field: FieldInfo, schema: Mapping[str, Any]) -> str:
    if field.is_required():
        return "required"
    value = schema.get("default")
    if value == {}:
        return "see below"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _takes(field: FieldInfo) -> str:
    """The words of the expectation, which are those of the error messages too."""
    words = _words(field.metadata) or _words_inside(field.annotation)
    return words or ("a list of mappings" if "list" in str(field.annotation) else "a mapping")


def _words_inside(annotation: Any) -> str:
    for inner in get_args(annotation):
        if words := _words(getattr(inner, "__metadata__", ())) or _words_inside(inner):
            is_list = getattr(annotation, "__origin__", None) is list
            return f"a list; each item {words}" if is_list else "" if "dict" in str(annotation) else words
    return ""


def _words(marks: Any) -> str:
    return next((mark.words for mark in marks if hasattr(mark, "words")), "")


def error_table() -> str:
    """What to do about each of the service's error codes."""
    hints = TENANT_HINTS | OTHER_HINTS
    lines = [f"| {code} | {_prose(hints[code])} |\n" for code in sorted(hints)]
    return "| code | what it takes |\n| --- | --- |\n" + "".join(lines)


def layer_list() -> str:
    """Who may import whom, top to bottom."""
    return "".join(f"{number}. {', '.join(f'`{name}`' for name in names)}\n" for number, names in enumerate(LAYERS, 1))


def _prose(text: str) -> str:
    """As a cell of a Markdown table: nothing that Markdown or HTML would take for its own."""
    text = text.replace("|", r"\|").replace("<", "&lt;")
    return re.sub(r"(?<!`)(\$\{?[A-Z_]+\}?)(?!`)", r"`\1`", text)


PARTS: dict[str, Callable[[], str]] = {"config": config_tables, "errors": error_table, "layers": layer_list}


def main() -> None:
    """Rewrites what has changed; a transcript only if more than times and ids differ."""
    for name, make in PARTS.items():
        readme.replace_part(name, make())
    for name, content in transcripts().items():
        if stable(readme.part(name)) != stable(content):
            readme.replace_part(name, content)


if __name__ == "__main__":
    main()
