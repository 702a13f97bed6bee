import pytest

from bulkimport import extras


def test_what_is_there_needs_nothing() -> None:
    assert extras.missing("remote") == ""


def test_what_is_missing_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert extras.missing("remote") == "needs a library that is not installed: pip install 'bulkimport[remote]'"
