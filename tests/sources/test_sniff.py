import gzip
from pathlib import Path

import pytest

from bulkimport.sources.sniff import Dialect, sniff


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("a,b\n1,2\n", "utf-8", Dialect("utf-8", ",")),
        ("a;b\n1,5;2\n", "utf-8", Dialect("utf-8", ";")),
        ("a\tb\n1\t2\n", "utf-8", Dialect("utf-8", "\t")),
        ("a|b|c\n", "utf-8", Dialect("utf-8", "|")),
        ("name, first;id\nx;1\n", "utf-8", Dialect("utf-8", ";")),
        ("only\n1\n", "utf-8", Dialect("utf-8", ",")),
        ("näme;id\nZoë;1\n", "cp1252", Dialect("cp1252", ";")),
        ("näme;id\n", "utf-16", Dialect("utf-16", ";")),
        ("näme,id\n", "utf-8-sig", Dialect("utf-8", ",")),
    ],
)
def test_the_start_of_a_file_tells_how_it_is_written(
    text: str, encoding: str, expected: Dialect, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))

    assert sniff(str(path)) == expected


def test_a_character_cut_at_the_end_of_the_start_is_no_other_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(("a,b\n" + "é" * 40_000 + "\n").encode()))

    assert sniff(str(path)) == Dialect("utf-8", ",")
