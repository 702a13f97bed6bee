"""Blocks and their parts."""

from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from bulkimport.config.expectations import text, whole_number
from bulkimport.config.shapes import (
    Block,
    OneOrMore,
    Parts,
    ShortForm,
    block,
    inner_block,
    key_of,
    keys_of,
    partial,
    seconds,
)

Number = Annotated[int, whole_number(0)]


class InnerBlock(Block):
    low: Number = 1
    high: Number = Field(2, alias="top")


class OuterBlock(Block):
    name: Number
    inner: InnerBlock = block(InnerBlock, "Inner.")
    named: dict[str, InnerBlock | None] | None = None
    listed: list[InnerBlock] = Field([])
    wait: float = seconds("1.5s", "A wait.")


def parts_of(data: dict[str, object]) -> Parts:
    parts: Parts = {}
    try:
        OuterBlock.model_validate(data, context=parts)
    except ValidationError:
        return parts
    return parts


def test_right_values_are_known_although_others_are_wrong() -> None:
    parts = parts_of({"name": "x", "inner": {"low": 5, "top": "y"}, "unknown": 1})
    assert parts == {InnerBlock: {"low": 5}}
    inner = partial(InnerBlock, parts)
    assert (inner.low, inner.high, inner.model_fields_set) == (5, 2, {"low"})


def test_a_partial_block_has_none_for_what_is_required_and_wrong() -> None:
    outer = partial(OuterBlock, parts_of({"name": "x"}))
    assert outer.name is None
    assert outer.wait == 1.5


def test_a_whole_block_has_all_its_parts() -> None:
    parts = parts_of({"name": 3, "inner": {"top": 9}})
    assert parts[OuterBlock]["name"] == 3
    assert parts[InnerBlock] == {"high": 9}


def test_keys_are_those_of_the_file() -> None:
    assert keys_of(InnerBlock) == ["low", "top"]
    assert key_of(InnerBlock, "high") == "top"


def test_inner_blocks_are_found_by_key() -> None:
    assert inner_block(OuterBlock, "inner") == (InnerBlock, False)
    assert inner_block(OuterBlock, "named") == (InnerBlock, True)
    assert inner_block(OuterBlock, "listed") == (InnerBlock, False)
    assert inner_block(OuterBlock, "name") == (None, False)
    assert inner_block(OuterBlock, "nothing") == (None, False)


def test_one_value_stands_for_a_list_of_it() -> None:
    adapter = TypeAdapter(Annotated[list[Annotated[str, text("a word")]], OneOrMore("a word or a list")])
    assert adapter.validate_python("x") == ["x"]
    assert adapter.validate_python(["x", "y"]) == ["x", "y"]
    several_wrong: list[object] = [[], 5, None, {"a": 1}]
    for wrong in several_wrong:
        with pytest.raises(ValidationError, match="expected a word or a list"):
            adapter.validate_python(wrong)


def test_a_text_stands_for_a_block() -> None:
    class PathBlock(Block):
        path: str

    adapter = TypeAdapter(Annotated[PathBlock, ShortForm("path", "a path or a mapping", "x")])
    assert adapter.validate_python("a").path == "a"
    assert adapter.validate_python({"path": "b"}).path == "b"
    with pytest.raises(ValidationError, match="expected a path or a mapping"):
        adapter.validate_python(["a"])
