import sys

import pytest

from bulkimport.errors import SourceError
from bulkimport.sources.apart_child import _writer


@pytest.mark.parametrize("library", ["sqlalchemy", "sqlparse"])
def test_without_the_library_it_says_what_to_install(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(SourceError) as caught:
        _writer("sql")
    assert library in caught.value.message
    assert "pip install 'bulkimport[sql]'" in caught.value.hint
