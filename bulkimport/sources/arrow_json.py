"""Columns of Arrow as JSON texts: byte for byte what orjson makes of their cells, one by one.

One kernel joins the cells of a row with what stands between them. Where no kernel gives exactly what orjson does, the
cells of that column (alone) go through Python.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from bulkimport.sources.arrow_types import TypedColumn, arrow, kernels

_CONTROLS = bytes(set(range(32)) - set(b"\n\r\t"))
_ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


class JsonCells(NamedTuple):
    """The JSON texts of the cells of a column: `quoted` ones lack the quotes around them. One text is for all rows."""

    texts: Any
    quoted: bool = False


def json_lines(names: Sequence[str], columns: Sequence[TypedColumn]) -> memoryview:
    """The rows as objects, one to a line; `names` are those of the columns, of which there is at least one."""
    arguments: list[Any] = []
    between = "{"
    for name, column in zip(names, columns, strict=True):
        cells = json_of_column(column)
        quote = '"' if cells.quoted else ""
        arguments += [literal(f"{between}{orjson.dumps(name).decode()}:{quote}"), cells.texts]
        between = f"{quote},"
    return bytes_of(joined(*arguments, literal(between.removesuffix(",") + "}\n")))


def json_of_column(column: TypedColumn) -> JsonCells:
    """The cells of a column that is finite, if it is of floats."""
    pa, pc = arrow(), kernels()
    array = column.array
    match column.kind:
        case "text":
            escaped = array if column.plain else _escaped(array)
            if not array.null_count:
                return JsonCells(escaped, quoted=True)
            texts = joined(literal('"'), escaped, literal('"'))
        case "float":
            return JsonCells(pa.array(orjson.dumps(array.to_pylist())[1:-1].decode().split(","), pa.string()))
        case "boolean":
            texts = pc.if_else(array, literal("true"), literal("false"))
        case _:
            texts = array.cast(pa.string())
    return JsonCells(pc.coalesce(texts, literal("null")) if array.null_count else texts)


def joined(*parts: Any) -> Any:
    """The texts of columns and literals side by side."""
    return kernels().binary_join_element_wise(*parts, literal(""))


@lru_cache(1024)
def literal(text: str) -> Any:
    """One text for all rows. Making one is slow: Arrow looks for libraries each time that it could make it from."""
    return arrow().scalar(text)


def bytes_of(array: Any) -> memoryview:
    """The texts of an Arrow array, one after the other."""
    _, offsets, data = array.buffers()
    if data is None:
        return memoryview(b"")
    first, last = (struct.unpack_from("=i", offsets, 4 * (array.offset + index))[0] for index in (0, len(array)))
    return memoryview(data)[first:last]


def _escaped(array: Any) -> Any:
    """The texts as JSON has them between the quotes: as orjson writes them."""
    pa, pc = arrow(), kernels()
    data = bytes(bytes_of(array))
    if len(data.translate(None, _CONTROLS)) != len(data):
        return pa.array(list(map(_inside, array.to_pylist())), pa.string())
    for found, written in _ESCAPES:
        if found.encode() in data:
            array = pc.replace_substring(array, found, written)
    return array


def _inside(text: str | None) -> str | None:
    return None if text is None else orjson.dumps(text)[1:-1].decode()
