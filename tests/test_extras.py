import pytest

from bulkimport import extras


@pytest.mark.parametrize("extra", ["notify", "metrics", "otel", "remote"])
def test_what_is_installed_is_not_missing(extra: str) -> None:
    assert extras.missing(extra) == ""


@pytest.mark.parametrize("library", ["no_such_library", "no_such.library.inside"])
def test_what_is_not_installed_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    monkeypatch.setitem(extras._LIBRARIES, "notify", library)
    assert extras.missing("notify").endswith("pip install 'bulkimport[notify]'")
