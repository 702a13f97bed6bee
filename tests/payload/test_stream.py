import re
from pathlib import Path

import pytest

from bulkimport.errors import SourceError
from bulkimport.model import CsvSource, Field, FileSource, NdjsonSource, PayloadFormat
from bulkimport.payload.request import PayloadRequest
from bulkimport.payload.stream import ItemStream, open_stream


def stream(
    folder: Path, text: str, *fields: Field, kind: type[FileSource] = CsvSource, format_: PayloadFormat = "json"
) -> ItemStream:
    path = folder / "source"
    path.write_text(text)
    source = kind((str(path),))
    request = PayloadRequest(source, ("id",), "spool", "keys", "landing", fields=fields or None, format=format_)
    return open_stream(request, source)


@pytest.mark.parametrize(
    ("kind", "text"), [(CsvSource, "id,a\n1,x\n2,\n"), (NdjsonSource, '{"id":"1","a":"x"}\n{"id":"2","a":""}\n')]
)
def test_columns_are_taken_from_items_of_any_kind(tmp_path: Path, kind: type[FileSource], text: str) -> None:
    found = stream(tmp_path, text, kind=kind)
    [items] = found.batches()

    assert found.names == ("id", "a")
    assert found.column(("a",))(items) == ["x", ""]
    assert found.column(("a", "id"))(items) == [("x", "1"), ("", "2")]
    assert found.column(("none",))(items) == [None, None]


def test_the_first_few_bad_values_are_told_together_with_their_lines(tmp_path: Path) -> None:
    rows = ["1,5", '2,"a\nb"', "3,5", "4,x"] + ["5,6"] * 20_000 + [f"9,y{n}" for n in range(9)]

    with pytest.raises(SourceError) as caught:
        list(stream(tmp_path, "id,pay\n" + "\n".join(rows), Field("pay", "pay", "number")).batches())

    path = tmp_path / "source"
    *lines, rest = caught.value.message.splitlines()
    assert lines == [
        f"{path}, line 3: column 'pay': 'a\\nb' is not a number",
        f"{path}, line 6: column 'pay': 'x' is not a number",
        f"{path}, line 20007: column 'pay': 'y0' is not a number",
        f"{path}, line 20008: column 'pay': 'y1' is not a number",
        f"{path}, line 20009: column 'pay': 'y2' is not a number",
    ]
    assert re.fullmatch("and at least [1-6] more", rest)
    assert caught.value.line == 3


def test_a_bad_value_is_told_even_if_the_rest_of_the_source_is_broken(tmp_path: Path) -> None:
    text = "id,pay\n1,x\n" + "2,5\n" * 50_000 + "2,5,9\n"

    with pytest.raises(SourceError, match="line 2: column 'pay': 'x' is not a number"):
        list(stream(tmp_path, text, Field("pay", "pay", "number")).batches())


def test_a_csv_of_uneven_records_has_all_their_properties_and_says_so(tmp_path: Path) -> None:
    found = stream(tmp_path, '{"id":1}\n{"id":2,"a":3}\n', kind=NdjsonSource, format_="csv")
    encoder = found.encoder()
    [items] = found.batches()

    assert encoder.start + encoder.encode(items) == (b"_action,id,a\r\ncreateOrUpdate,1,\r\ncreateOrUpdate,2,3\r\n")
    assert any("lack properties" in warning for warning in found.warnings)


def test_decimals_are_text_digit_for_digit(tmp_path: Path) -> None:
    found = stream(tmp_path, '{"id":1,"grade":1.10}\n', Field("grade", "grade", "text"), kind=NdjsonSource)

    assert list(found.batches()) == [[{"grade": "1.10", "id": 1}]]


def test_white_space_of_a_column_that_is_meant_so_is_kept(tmp_path: Path) -> None:
    assert stream(tmp_path, "id, a \n1,x\n", Field("a", " a ")).names == ("a", "id")
    assert stream(tmp_path, "id, a \n1,x\n", Field("a", "a")).names == ("a", "id")
