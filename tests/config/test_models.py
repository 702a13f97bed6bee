"""The models agree with one another and with the program's own defaults (those are compared in test_convert)."""

from bulkimport.config.models import DatasetBlock, DefaultsBlock, IncludedFile, MainFile
from bulkimport.config.shapes import keys_of
from bulkimport.model import Dataset


def test_every_dataset_key_but_three_may_have_a_default() -> None:
    assert set(keys_of(DatasetBlock)) - set(keys_of(DefaultsBlock)) == {"name", "dataset_id", "source"}


def test_every_property_of_a_dataset_has_a_key() -> None:
    assert set(DatasetBlock.model_fields) == set(Dataset.__dataclass_fields__)


def test_a_main_file_has_every_key_of_an_included_one() -> None:
    assert set(keys_of(IncludedFile)) < set(keys_of(MainFile))
