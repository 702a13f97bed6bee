import pytest

from bulkimport.errors import SourceError
from bulkimport.sources.extras import extra_library


def test_a_library_that_is_there_is_imported() -> None:
    assert extra_library("json", "excel", "This").__name__ == "json"


def test_one_that_is_not_comes_with_the_command_that_installs_it() -> None:
    with pytest.raises(SourceError) as caught:
        extra_library("no_such_library.inner", "excel", "Reading Excel workbooks")
    assert caught.value.message == "Reading Excel workbooks needs the library no_such_library, which is not installed"
    assert caught.value.hint.startswith("Install it with: pip install 'bulkimport[excel]'.")
