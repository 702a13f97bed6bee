"""Where rows land before they are read, and what people read about it."""

from pathlib import Path

from bulkimport.errors import SourceError
from bulkimport.model import CsvSource
from bulkimport.sources.landing import Landed, land


def told_nothing(arrived: int, total: int) -> None:
    raise AssertionError("nothing has to arrive")


def test_files_on_this_machine_are_read_where_they_are(tmp_path: Path) -> None:
    source = CsvSource((str(tmp_path / "people.csv"),))

    assert land(source, tmp_path / "landing", told_nothing) == Landed(source)
    assert not (tmp_path / "landing").exists()


def test_an_error_names_what_people_know_not_where_it_landed() -> None:
    landed = Landed(CsvSource(("/spool/x/1.csv",)), {"/spool/x/1.csv": "s3://bucket/people.csv"})

    error = landed.told_error(SourceError("/spool/x/1.csv, line 3: no", "See /spool/x/1.csv.", "/spool/x/1.csv", 3))

    assert (error.message, error.hint) == ("s3://bucket/people.csv, line 3: no", "See s3://bucket/people.csv.")
    assert (error.path, error.line) == ("s3://bucket/people.csv", 3)


def test_an_error_about_no_file_stays_as_it_is() -> None:
    error = Landed(CsvSource(("a",))).told_error(SourceError("no", "hint"))

    assert (error.message, error.hint, error.path, error.line) == ("no", "hint", None, None)
