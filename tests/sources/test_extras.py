"""What those read who lack a library that their sources need."""

import json

import pytest

from bulkimport.errors import SourceError
from bulkimport.sources.extras import extra_library


def test_a_library_that_is_there_is_imported() -> None:
    assert extra_library("json", "x", "It") is json


def test_a_missing_one_is_told_with_the_command_that_installs_it() -> None:
    with pytest.raises(SourceError) as caught:
        extra_library("no_such_library.part", "parquet", "Reading Parquet")

    assert caught.value.message == "Reading Parquet needs the library no_such_library, which is not installed"
    assert caught.value.hint.startswith("Install it with: pip install 'bulkimport[parquet]'.")
