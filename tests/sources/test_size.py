from pathlib import Path

from bulkimport.model import CommandSource, CsvSource, ExcelSource, PythonSource, Secret, SqlSource
from bulkimport.sources.size import WORKBOOK_RATIO, source_size


def test_files_are_measured_and_workbooks_estimated(tmp_path: Path) -> None:
    for name in ("a.csv", "a.xlsx"):
        (tmp_path / name).write_bytes(bytes(100))
    assert source_size(CsvSource((str(tmp_path / "a.csv"),))) == 100
    assert source_size(ExcelSource((str(tmp_path / "a.xlsx"),))) == 100 * WORKBOOK_RATIO


def test_what_has_still_to_come_has_no_size() -> None:
    assert source_size(CommandSource(("cat", "a"), "/", CsvSource(()))) is None
    assert source_size(PythonSource("hr:people", "/")) is None
    assert source_size(SqlSource(Secret("sqlite://"), "/", "select 1")) is None
