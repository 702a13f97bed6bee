"""Relative paths and home directories."""

import pytest

from bulkimport.config.paths import absolute, absolute_pattern


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.csv", "/srv/conf/a.csv"),
        ("../data/a.csv", "/srv/data/a.csv"),
        ("./x//a.csv", "/srv/conf/x/a.csv"),
        ("/data/a.csv", "/data/a.csv"),
        ("~nobody-of-that-name/a.csv", "/srv/conf/~nobody-of-that-name/a.csv"),
    ],
)
def test_paths_are_relative_to_the_directory(path: str, expected: str) -> None:
    assert absolute("/srv/conf", path) == expected


def test_a_tilde_is_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/anna")
    assert absolute("/srv", "~/a.csv") == "/home/anna/a.csv"
    assert absolute("/srv", "x/~/a.csv") == "/srv/x/~/a.csv"


def test_wildcards_stay_and_those_of_the_directory_are_escaped() -> None:
    assert absolute_pattern("/srv/conf", "data/*.csv") == "/srv/conf/data/*.csv"
    assert absolute_pattern("/srv/[prod]", "data/*.csv") == "/srv/[[]prod]/data/*.csv"
    assert absolute_pattern("/srv/[prod]", "data/a.csv") == "/srv/[prod]/data/a.csv"
    assert absolute_pattern("/srv/[prod]", "/data/**/*.csv") == "/data/**/*.csv"
