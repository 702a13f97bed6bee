"""How much there is to read."""

from pathlib import Path

from bulkimport.model import CsvSource, DuckDbSource, ParquetSource
from bulkimport.sources.size import GZIP_RATIO, is_heavy, source_size


def test_files_tell_their_size_and_packed_ones_what_they_unpack_to(tmp_path: Path) -> None:
    for name in ("a.csv", "a.csv.gz"):
        (tmp_path / name).write_bytes(b"x" * 10)

    assert source_size(CsvSource((str(tmp_path / "a.csv"),))) == 10
    assert source_size(CsvSource((str(tmp_path / "a.csv.gz"),))) == 10 * GZIP_RATIO


def test_a_query_tells_its_size_only_when_it_has_run() -> None:
    assert source_size(DuckDbSource("/", "select 1")) is None


def test_what_loads_large_libraries_is_for_a_process_of_its_own() -> None:
    assert [is_heavy(source) for source in (CsvSource(()), ParquetSource(()), DuckDbSource("/"))] == [False, True, True]
