"""Just enough of JSON Schema (draft 2020-12) to check configurations against ours; an unknown keyword raises."""

import re
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
}
_ANNOTATIONS = {"$schema", "$defs", "title", "description", "default", "examples"}


def fits(value: Any, schema: Any, root: Any) -> bool:
    """Whether the value is valid; `root` is the whole schema, for references."""
    if isinstance(schema, bool):
        return schema
    return all(_keyword_fits(keyword, rule, value, schema, root) for keyword, rule in schema.items())


def _is_type(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _keyword_fits(keyword: str, rule: Any, value: Any, schema: Any, root: Any) -> bool:
    match keyword:
        case "$ref":
            return fits(value, root["$defs"][rule.removeprefix("#/$defs/")], root)
        case "type":
            return any(_is_type(value, name) for name in ([rule] if isinstance(rule, str) else rule))
        case "const":
            return bool(value == rule) and type(value) is type(rule)
        case "enum":
            return value in rule
        case "anyOf":
            return any(fits(value, inner, root) for inner in rule)
        case "allOf":
            return all(fits(value, inner, root) for inner in rule)
        case "not":
            return not fits(value, rule, root)
        case "if":
            branch = "then" if fits(value, rule, root) else "else"
            return branch not in schema or fits(value, schema[branch], root)
        case "then" | "else":
            return True
        case _ if keyword in _ANNOTATIONS:
            return True
        case _:
            return _typed_keyword_fits(keyword, rule, value, schema, root)


def _typed_keyword_fits(keyword: str, rule: Any, value: Any, schema: Any, root: Any) -> bool:
    """Keywords that concern values of one type and let all others pass."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match keyword:
        case "pattern":
            return not isinstance(value, str) or re.search(rule, value) is not None
        case "minLength":
            return not isinstance(value, str) or len(value) >= rule
        case "minimum":
            return not is_number or value >= rule
        case "maximum":
            return not is_number or value <= rule
        case "items":
            return not isinstance(value, list) or all(fits(item, rule, root) for item in value)
        case "minItems":
            return not isinstance(value, list) or len(value) >= rule
        case "required":
            return not isinstance(value, dict) or all(name in value for name in rule)
        case "properties":
            return not isinstance(value, dict) or all(
                fits(value[name], inner, root) for name, inner in rule.items() if name in value
            )
        case "patternProperties":
            pairs = [(name, pattern) for name in value for pattern in rule] if isinstance(value, dict) else []
            return all(fits(value[name], rule[pattern], root) for name, pattern in pairs if re.search(pattern, name))
        case "additionalProperties":
            return not isinstance(value, dict) or all(
                fits(inner, rule, root) for name, inner in value.items() if not _is_known(name, schema)
            )
        case _:
            raise AssertionError(f"the keyword {keyword} is not one that editors are sure to know")


def _is_known(name: str, schema: Any) -> bool:
    return name in schema.get("properties", {}) or any(re.search(p, name) for p in schema.get("patternProperties", {}))
