from pathlib import Path

import pytest

from bulkimport.errors import SourceError
from bulkimport.model import CsvSource, ExtraColumns, Field, FileSource, NdjsonSource
from bulkimport.payload import PayloadRequest, prepare, prepare_with_preview, survey


def request(folder: Path, source: FileSource, *fields: Field, extra: ExtraColumns = "pass") -> PayloadRequest:
    (folder / "spool").mkdir(exist_ok=True)
    payload, keys, landing = (str(folder / "spool" / name) for name in ("payload", "keys", "landing"))
    return PayloadRequest(source, ("id",), payload, keys, landing, fields=fields or None, extra_columns=extra)


def csv_file(folder: Path) -> CsvSource:
    path = folder / "p.csv"
    path.write_text("No,site,born,pay\n1,UK,31/12/1990,\n2,UK,01/02/1991,7\n")
    return CsvSource((str(path),))


def test_a_preview_tells_what_columns_look_like_and_what_they_become(tmp_path: Path) -> None:
    fields = (Field("id", "site", joined=("No",)), Field("birth", "born", "date", "%d/%m/%Y"))
    payload, columns = prepare_with_preview(request(tmp_path, csv_file(tmp_path), *fields, extra="drop"))

    number, site, born, pay = columns
    assert [column.name for column in columns] == ["No", "site", "born", "pay"]
    assert (number.kind, number.is_unique, number.properties) == ("number", True, ("id",))
    assert (site.kind, site.is_unique, site.properties) == ("text", False, ("id",))
    assert (born.kind, born.pattern, born.properties, born.converted) == ("date", "%d/%m/%Y", ("birth",), ("birth",))
    assert (pay.kind, pay.rows, pay.blank, pay.properties) == ("number", 2, 1, ())
    assert payload.rows == 2


def test_a_preview_changes_nothing_about_the_payload(tmp_path: Path) -> None:
    asked = request(tmp_path, csv_file(tmp_path), Field("id", "No"))
    payload, _ = prepare_with_preview(asked)
    for name in ("payload", "keys"):
        (tmp_path / "spool" / name).unlink()

    assert prepare(asked) == payload


def test_records_are_previewed_by_the_properties_they_have(tmp_path: Path) -> None:
    path = tmp_path / "p.ndjson"
    path.write_text('{"id":1,"a":true}\n{"id":2,"b":"x"}\n')
    _, columns = prepare_with_preview(request(tmp_path, NdjsonSource((str(path),))))

    assert [(one.name, one.kind, one.blank, one.properties) for one in columns] == [
        ("id", "number", 0, ("id",)),
        ("a", "boolean", 1, ("a",)),
        ("b", "text", 1, ("b",)),
    ]


def test_a_source_is_surveyed_without_knowing_its_key(tmp_path: Path) -> None:
    columns = survey(csv_file(tmp_path), str(tmp_path / "landing"))

    assert [(one.name, one.properties) for one in columns] == [("No", ()), ("site", ()), ("born", ()), ("pay", ())]


def test_a_source_that_is_not_there_cannot_be_surveyed(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        survey(CsvSource((str(tmp_path / "none.csv"),)), str(tmp_path / "landing"))
