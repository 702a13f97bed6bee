"""Which requests are for columns, and which columns make which properties."""

from dataclasses import dataclass, replace

from bulkimport.model import CsvSource, Field
from bulkimport.payload.column_plan import column_plan, is_known, needed_columns
from bulkimport.payload.request import PayloadRequest

REQUEST = PayloadRequest(CsvSource(()), ("id",), "spool", "keys", "landing")
FIELDS = (Field("id", "Number"), Field("site", "site", default="London"))


@dataclass(frozen=True, slots=True)
class LaterField(Field):
    """What a field may become: it has learnt something that columns do not know of."""

    trim: bool = False


@dataclass(frozen=True, slots=True)
class LaterRequest(PayloadRequest):
    blank_as: str = "null"


def test_what_nobody_taught_the_columns_is_for_the_rows() -> None:
    assert is_known(replace(REQUEST, fields=FIELDS))
    assert not is_known(replace(REQUEST, format="csv"))
    assert is_known(replace(REQUEST, fields=(LaterField("id", "id"),)))
    assert not is_known(replace(REQUEST, fields=(LaterField("id", "id", trim=True),)))
    values = {name: getattr(REQUEST, name) for name in ("source", "key", "spool_path", "keys_path", "landing_path")}
    assert is_known(LaterRequest(**values))
    assert not is_known(LaterRequest(**values, blank_as="noop"))


def test_properties_come_in_the_order_of_rows() -> None:
    plan = column_plan(replace(REQUEST, fields=FIELDS), ("x", "Number", "y"))

    assert [(one.name, one.index) for one in plan] == [("id", 1), ("site", None), ("x", 0), ("y", 2)]
    assert [one.name for one in column_plan(replace(REQUEST, fields=FIELDS, extra_columns="drop"), ("Number",))] == [
        "id",
        "site",
    ]
    assert [one.name for one in column_plan(REQUEST, ("b", "id"))] == ["b", "id"]


def test_only_columns_that_are_sent_are_needed() -> None:
    assert needed_columns(REQUEST) is None
    assert needed_columns(replace(REQUEST, fields=FIELDS)) is None
    assert needed_columns(replace(REQUEST, fields=FIELDS, extra_columns="drop")) == frozenset({"Number", "site"})
    later = (LaterField("id", "id", trim=True),)
    assert needed_columns(replace(REQUEST, fields=later, extra_columns="drop")) is None
