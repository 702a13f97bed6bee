"""How much there is to read."""

from pathlib import Path

from bulkimport.model import (
    CommandSource,
    CsvSource,
    DuckDbSource,
    ExcelSource,
    ParquetSource,
    PythonSource,
    Secret,
    SqlSource,
)
from bulkimport.sources.size import DENSE_RATIO, is_heavy, source_size


def test_files_are_measured_and_dense_ones_estimated(tmp_path: Path) -> None:
    for name in ("a.csv", "a.xlsx", "a.parquet"):
        (tmp_path / name).write_bytes(bytes(100))
    assert source_size(CsvSource((str(tmp_path / "a.csv"),))) == 100
    assert source_size(ExcelSource((str(tmp_path / "a.xlsx"),))) == 100 * DENSE_RATIO
    assert source_size(ParquetSource((str(tmp_path / "a.parquet"),))) == 100 * DENSE_RATIO


def test_what_has_still_to_come_has_no_size() -> None:
    assert source_size(CommandSource(("cat", "a"), "/", CsvSource(()))) is None
    assert source_size(PythonSource("hr:people", "/")) is None
    assert source_size(SqlSource(Secret("sqlite://"), "/", "select 1")) is None
    assert source_size(DuckDbSource("/", "select 1")) is None


def test_what_loads_large_libraries_is_for_a_process_of_its_own() -> None:
    assert [is_heavy(source) for source in (CsvSource(()), ParquetSource(()), DuckDbSource("/"))] == [False, True, True]
