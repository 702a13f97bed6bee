import tracemalloc
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from bulkimport.errors import SourceError
from bulkimport.model import CsvSource, ExtractDate, NdjsonSource
from bulkimport.payload.extract_days import days_in_column

DAY = date(2026, 11, 25)


def days(folder: Path, text: str, format_: str | None = None, column: str = "as of") -> frozenset[date]:
    path = folder / "a.csv"
    path.write_text(text)
    return days_in_column(
        CsvSource((str(path),)), ExtractDate("column", None, column, format_), str(folder / "landing")
    )


def test_the_days_of_all_rows_are_found(tmp_path: Path) -> None:
    assert days(tmp_path, "id,as of\n1,2026-11-25\n2, 2026-11-25 \n") == {DAY}
    assert days(tmp_path, "id,as of\n1,25/11/2026\n2,24/11/2026\n", "%d/%m/%Y") == {DAY, date(2026, 11, 24)}


def test_of_a_moment_the_day_counts(tmp_path: Path) -> None:
    assert days(tmp_path, "id,as of\n1,2026-11-25T23:15:00\n2,2026-11-25 01:00\n") == {DAY}


@pytest.mark.parametrize("format_", [None, "%Y-%m-%dT%H:%M:%S.%f"])
def test_of_moments_no_more_are_kept_where_there_are_more_rows(tmp_path: Path, format_: str | None) -> None:
    def peak(rows: int) -> int:
        start = datetime(2026, 11, 25, 0, 0, 0, 1)  # noqa: DTZ001 (a calendar day has no time zone)
        moments = (start + timedelta(milliseconds=number) for number in range(rows))
        text = "id,as of\n" + "".join(f"1,{moment.isoformat()}\n" for moment in moments)
        (tmp_path / "a.csv").write_text(text)
        extract = ExtractDate("column", column="as of", format=format_)
        tracemalloc.start()
        try:
            assert days_in_column(CsvSource((str(tmp_path / "a.csv"),)), extract, str(tmp_path / "landing")) == {DAY}
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1_000)
    assert peak(16_000) < 1.2 * peak(8_000)


def test_records_have_days_as_tables_have(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    extract = ExtractDate("column", column="at")
    path.write_text('{"at":"2026-11-25T00:00:00Z"}\n')
    assert days_in_column(NdjsonSource((str(path),)), extract, str(tmp_path / "landing")) == {DAY}

    path.write_text('{"at":"2026-11-25T00:00:00Z"}\n{"x":1}\n')
    with pytest.raises(SourceError, match=r"a\.ndjson, line 2: column 'at' is blank"):
        days_in_column(NdjsonSource((str(path),)), extract, str(tmp_path / "landing"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id\n1\n", "lacks the column 'as of'"),
        ("id,as of\n1,soon\n", "a.csv, line 2: 'soon' in column 'as of' is not a date"),
        ("id,as of\n1,2026-11-25\n2, \n3,\n", "a.csv, line 3: column 'as of' is blank"),
        ("id,as of\n" + "1,2026-11-25\n" * 20_000 + "2,\n", "a.csv, line 20002: column 'as of' is blank"),
        ("id,as of\n", "a.csv has no rows, so column 'as of' tells no day"),
        ("id,as of\n" + "".join(f"1,19{n:02}-01-01\n1,20{n:02}-01-01\n" for n in range(51)), "more than 100 different"),
    ],
)
def test_what_is_no_day_of_an_extract_is_told(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        days(tmp_path, text)
