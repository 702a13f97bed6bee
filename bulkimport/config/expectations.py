"""What one scalar of the configuration must be: in words for people, as a check, and as JSON Schema for editors.

An `Expectation` stands in the `Annotated` type of a pydantic field, so the three can never part.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from bulkimport.config import durations
from bulkimport.config.environment import PLACEHOLDER_PATTERN
from bulkimport.config.scalars import FromEnvironment, ZeroPadded, scalar_value

JsonSchema = dict[str, Any]
PLACEHOLDER: JsonSchema = {"type": "string", "pattern": PLACEHOLDER_PATTERN}

NOT_AS_EXPECTED = "not_as_expected"
"""The type of the pydantic errors raised here; their context has `words`, `hint` and `is_secret`."""

_LARGEST_WHOLE = 2**53 - 1  # the largest that JSON carries everywhere without rounding


class MismatchError(ValueError):
    """A value is not what its key expects. The text is a hint on what is wrong with it, empty if that is plain;
    `is_secret` says that the value must not be shown."""

    def __init__(self, hint: str = "", *, is_secret: bool = False) -> None:
        super().__init__(hint)
        self.is_secret = is_secret


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """`parse` turns the raw value (an atom, list or dict) into what the model holds, or raises MismatchError.

    `schema` describes literal values; `${NAME}` and, if `nullable`, null are allowed beside it.
    """

    words: str
    parse: Callable[[object], object]
    schema: JsonSchema
    nullable: bool = False
    is_secret: bool = False

    def or_null(self) -> "Expectation":
        return replace(self, words=f"{self.words}, or null", nullable=True)

    def check(self, value: object) -> object:
        """Raises PydanticCustomError, which pydantic gathers with its place."""
        if self.nullable and _atom(value) is None:
            return None
        try:
            return self.parse(value)
        except MismatchError as mismatch:
            context = {"words": self.words, "hint": str(mismatch), "is_secret": self.is_secret or mismatch.is_secret}
            raise PydanticCustomError(NOT_AS_EXPECTED, "expected {words}", context) from None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        takes_any_text = self.schema.get("type") == "string" and not self.schema.keys() & {"pattern", "enum"}
        alternatives = [self.schema, *([] if takes_any_text else [PLACEHOLDER]), *([{"type": "null"}] * self.nullable)]
        return self.schema if len(alternatives) == 1 else {"anyOf": alternatives}


def text(words: str, parse: Callable[[str], object] = str, pattern: str | None = None) -> Expectation:
    """A text that is not empty. `parse` gets the text and may raise MismatchError; `pattern` is for the schema."""

    def parse_text(value: object) -> object:
        if not isinstance(value, str):
            raise MismatchError("" if value is None or isinstance(value, list | dict) else "put it in quotes")
        if not value:
            raise MismatchError
        return parse(str(value))

    return Expectation(words, parse_text, {"type": "string", **({"pattern": pattern} if pattern else {"minLength": 1})})


def any_text(example: str = "") -> Expectation:
    """A text that may be empty; `example` shows how to write one that YAML reads as something else."""

    def parse(value: object) -> str:
        if not isinstance(value, str):
            raise MismatchError("" if value is None or isinstance(value, list | dict) else "put it in quotes")
        return str(value)

    return Expectation(f"a text {example}".strip(), parse, {"type": "string"})


def whole_number(minimum: int) -> Expectation:
    def parse(value: object) -> int:
        number = _atom(value)
        if isinstance(number, bool) or not isinstance(number, int) or number < minimum:
            raise MismatchError
        if number > _LARGEST_WHOLE:
            raise MismatchError("which is too large")
        return number

    return Expectation(f"a whole number of at least {minimum}", parse, {"type": "integer", "minimum": minimum})


def exactly(constant: int, words: str) -> Expectation:
    def parse(value: object) -> int:
        number = _atom(value)
        if isinstance(number, bool) or number != constant:
            raise MismatchError
        return constant

    return Expectation(words, parse, {"const": constant})


def percentage(maximum: int | None = None) -> Expectation:
    """A number of at least 0, without the sign: `5`, `2.5`."""

    def parse(value: object) -> float:
        number = finite_number(value)
        if number < 0 or (maximum is not None and number > maximum):
            raise MismatchError
        return float(number)

    words = "a percentage of at least 0" if maximum is None else f"a percentage from 0 to {maximum}"
    schema: JsonSchema = {"type": "number", "minimum": 0, **({} if maximum is None else {"maximum": maximum})}
    return Expectation(words, parse, schema)


def switch() -> Expectation:
    def parse(value: object) -> bool:
        flag = _atom(value)
        if isinstance(flag, bool):
            return flag
        is_old_spelling = isinstance(flag, str) and flag.lower() in ("yes", "no", "on", "off", "y", "n")
        raise MismatchError("which is only text in YAML 1.2" if is_old_spelling else "")

    return Expectation("true or false", parse, {"type": "boolean"})


def choice(*options: str) -> Expectation:
    def parse(value: object) -> str:
        if value not in options:
            raise MismatchError
        return str(value)

    words = " or ".join(options) if len(options) < 3 else "one of " + ", ".join(options)
    return Expectation(words, parse, {"type": "string", "enum": list(options)})


def duration() -> Expectation:
    """Seconds, from one millisecond on: nothing here is meant to spin."""

    def parse(value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise MismatchError(f"a unit is missing: write {value}s for seconds")
        if not isinstance(value, str):
            raise MismatchError
        try:
            seconds = durations.parse_duration(value)
        except ValueError as error:
            raise MismatchError(str(error)) from None
        if seconds < 0.001:
            raise MismatchError("the shortest is 1ms")
        return seconds

    schema = {"type": "string", "pattern": durations.PATTERN, "examples": ["500ms", "30s", "15m", "2h"]}
    return Expectation("a duration such as 500ms, 30s, 15m or 2h", parse, schema)


def finite_number(value: object) -> int | float:
    """A number that JSON can carry. Raises MismatchError."""
    number = _atom(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise MismatchError
    if isinstance(number, int) and abs(number) > _LARGEST_WHOLE:
        raise MismatchError("which is too large")
    if not math.isfinite(number):
        raise MismatchError
    return number


def _atom(value: object) -> object:
    """What the value of a variable says, as if it stood in the file unquoted."""
    atom = scalar_value(value) if isinstance(value, FromEnvironment) else value
    return int(atom) if isinstance(atom, ZeroPadded) else atom


def keep_zeros(value: object) -> None:
    """Raises MismatchError for a number whose leading zeros would be lost where it may be meant as a text."""
    if isinstance(value, ZeroPadded):
        raise MismatchError("the zeros before it would be lost: put it in quotes, or leave them out")
