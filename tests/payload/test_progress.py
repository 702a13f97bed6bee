from pathlib import Path

from bulkimport.payload import ProgressFile, Reading, read_progress


def test_what_the_writer_tells_the_reader_sees(tmp_path: Path) -> None:
    path = str(tmp_path / "p")
    assert read_progress(path) == Reading(0, 0, 0)

    with ProgressFile(path) as progress:
        assert read_progress(path) == Reading()
        for rows in (1, 2**40):
            progress.update(Reading(rows, 2, 2**63))
            assert read_progress(path) == Reading(rows, 2, 2**63)

    assert read_progress(path).rows == 2**40, "the counters outlive the writer"
    assert Path(path).stat().st_mode & 0o777 == 0o600


def test_counters_start_at_zero_where_an_old_file_lies(tmp_path: Path) -> None:
    path = str(tmp_path / "p")
    with ProgressFile(path) as progress:
        progress.update(Reading(9, 9, 9))
    with ProgressFile(path):
        assert read_progress(path) == Reading()


def test_a_file_that_is_not_ready_reads_as_zeros(tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes(b"")

    assert read_progress(str(path)) == Reading()
