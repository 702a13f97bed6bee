"""The query string of an import, read strictly: what the API description does not know is refused."""

from typing import cast
from urllib.parse import parse_qsl

from bulkimport.sandbox.answers import api_error
from bulkimport.sandbox.apply import ImportParameters, Policy
from bulkimport.sandbox.dataset import Description
from bulkimport.sandbox.values import DATE_FORMATS

_NAMES = {
    "implicitDelete",
    "autoId",
    "idKey",
    "mergeKey",
    "dateFormat",
    "onPropertyAccessDenied",
    "onItemAccessDenied",
    "onActionValidationFailure",
    "noopToken",
    "clearToken",
}


def import_parameters(query: str, description: Description) -> ImportParameters:
    """Raises a Refusal (400) for an unknown or repeated parameter, a value it cannot have, and a contradiction."""
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    if len(given) != len(pairs):
        raise api_error("BadRequest", "a query parameter is given twice")
    for name in given:
        if name not in _NAMES:
            raise api_error("BadRequest", f"unknown query parameter {name!r}")
    auto_id = _flag(given, "autoId")
    id_key, merge_key = given.get("idKey"), given.get("mergeKey")
    if sum((auto_id, id_key is not None, merge_key is not None)) > 1:
        raise api_error("BadRequest", "autoId, idKey and mergeKey exclude one another")
    if auto_id and description.auto_id is None:
        raise api_error("BadRequest", "autoId: the dataset has no auto-id property")
    for name, key in (("idKey", id_key), ("mergeKey", merge_key)):
        if key is not None and not description.learns and key not in {prop.key for prop in description.properties}:
            raise api_error("BadRequest", f"{name}: the dataset has no property {key!r}")
    date_format = given.get("dateFormat", "YYYY-MM-DD")
    if date_format not in DATE_FORMATS:
        raise api_error("BadRequest", f"dateFormat: expected one of {', '.join(DATE_FORMATS)}")
    return ImportParameters(
        implicit_delete=_flag(given, "implicitDelete"),
        auto_id=auto_id,
        id_key=id_key,
        merge_key=merge_key,
        date_format=date_format,
        on_property_access_denied=_policy(given, "onPropertyAccessDenied"),
        on_item_access_denied=_policy(given, "onItemAccessDenied"),
        on_action_validation_failure=_policy(given, "onActionValidationFailure"),
        noop_token=given.get("noopToken"),
        clear_token=given.get("clearToken"),
    )


def _flag(given: dict[str, str], name: str) -> bool:
    value = given.get(name, "false")
    if value not in ("true", "false"):
        raise api_error("BadRequest", f"{name}: expected true or false")
    return value == "true"


def _policy(given: dict[str, str], name: str) -> Policy:
    value = given.get(name, "fail")
    if value not in ("skip", "fail"):
        raise api_error("BadRequest", f"{name}: expected skip or fail")
    return cast("Policy", value)
