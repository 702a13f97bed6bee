"""The shapes of the configuration that pydantic has no words for: blocks, lists that may be one value, short forms."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from bulkimport.config.durations import parse_duration
from bulkimport.config.expectations import NOT_AS_EXPECTED, JsonSchema

Parts = dict[type["Block"], dict[str, Any]]
"""The values that are right, by block and field: relations between them can be checked while other values are wrong."""

B = TypeVar("B", bound="Block")


class Block(BaseModel):
    """A mapping with known keys. Give a `Parts` as validation context to learn which of its values are right."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, model_title_generator=lambda model: model.__name__.removesuffix("Block")
    )

    @field_validator("*", mode="after")
    @classmethod
    def _note(cls, value: Any, info: ValidationInfo) -> Any:
        if info.context is not None and info.field_name is not None:
            info.context.setdefault(cls, {})[info.field_name] = value
        return value


def partial(block: type[B], parts: Parts) -> B:
    """The block with what is right of it; the rest has its defaults, and what has none is None."""
    values = parts.get(block, {})
    absent = {name: None for name, field in block.model_fields.items() if field.is_required() and name not in values}
    return block.model_construct(set(values), **absent, **values)


def key_of(block: type[Block], name: str) -> str:
    """The key in the file of a field of the model."""
    return block.model_fields[name].alias or name


def keys_of(block: type[Block]) -> list[str]:
    return [key_of(block, name) for name in block.model_fields]


def inner_block(block: type[Block], key: str) -> tuple[type[Block] | None, bool]:
    """The block that a key holds, if any, and whether it holds a mapping of names to such blocks."""
    for name, field in block.model_fields.items():
        if (field.alias or name) == key:
            blocks = list(_blocks_in(field.annotation))
            is_named = any(get_origin(part) is dict for part in (field.annotation, *get_args(field.annotation)))
            return (blocks[0] if blocks else None), is_named
    return None, False


def _blocks_in(annotation: Any) -> Iterator[type[Block]]:
    if isinstance(annotation, type) and not get_args(annotation) and issubclass(annotation, Block):
        yield annotation
    for inner in get_args(annotation):
        yield from _blocks_in(inner)


def block(kind: type[Block], description: str, alias: str | None = None) -> Any:
    """A key whose block may be left out, each of its keys having a default."""
    return Field(default_factory=kind, alias=alias, description=description, json_schema_extra={"default": {}})


def seconds(default: str, description: str) -> Any:
    """A key that holds a duration, with its default as a file would write it."""
    return Field(default=parse_duration(default), description=description, json_schema_extra={"default": default})


@dataclass(frozen=True, slots=True)
class OneOrMore:
    """Marks a list that may be written as its only item: `key: id` for `key: [id]`."""

    words: str
    nullable: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._as_list, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        several = handler(core)
        if self.nullable:
            several = several["anyOf"][0]
        alternatives = [several["items"], {**several, "minItems": 1}]
        return {"anyOf": [*alternatives, {"type": "null"}] if self.nullable else alternatives}

    def _as_list(self, value: object) -> object:
        if isinstance(value, str):
            return [value]
        if value is None and self.nullable:
            return None
        if not isinstance(value, list) or not value:
            raise PydanticCustomError(NOT_AS_EXPECTED, "expected {words}", {"words": self.words})
        return value


@dataclass(frozen=True, slots=True)
class ShortForm:
    """Marks a block that may be written as the text of one of its keys: `source: a.csv` for `source: {path: a.csv}`."""

    key: str
    words: str
    pattern: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._as_block, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        return {"anyOf": [{"type": "string", "pattern": self.pattern}, handler(core)]}

    def _as_block(self, value: object) -> object:
        if isinstance(value, str):
            return {self.key: value}
        if not isinstance(value, dict):
            raise PydanticCustomError(NOT_AS_EXPECTED, "expected {words}", {"words": self.words})
        return value
