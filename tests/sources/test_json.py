import gzip
import json
from pathlib import Path

import pytest

from bulkimport.errors import SourceError
from bulkimport.sources.base import Place, Record, locate
from bulkimport.sources.json import JsonRecords


def source(folder: Path, *contents: str | bytes) -> JsonRecords:
    paths = []
    for number, content in enumerate(contents, 1):
        path = folder / f"f{number}.json"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        paths.append(str(path))
    return JsonRecords(paths)


def records(read: JsonRecords) -> list[Record]:
    return [record for batch in read.batches() for record in batch]


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_of_any_length_is_read_in_batches(tmp_path: Path, indent: int | None) -> None:
    array = [{"id": n, "name": f"Zoë {n}", "left": None, "on": True} for n in range(5000)]
    read = source(tmp_path, json.dumps(array, indent=indent))

    assert records(read) == array
    assert len(list(read.batches())) > 3


def test_an_empty_array_has_no_records(tmp_path: Path) -> None:
    assert records(source(tmp_path, "[]")) == []


def test_several_files_are_one_source_and_records_are_located_in_theirs(tmp_path: Path) -> None:
    read = source(tmp_path, '[{"a":1},{"a":2}]', "[]", '[{"b":3}]')

    assert records(read) == [{"a": 1}, {"a": 2}, {"b": 3}]
    assert locate(read, {2, 3}) == {
        2: Place(f"{tmp_path}/f1.json", 2, "record"),
        3: Place(f"{tmp_path}/f3.json", 1, "record"),
    }


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b'[{"a":1}]'))

    assert records(JsonRecords([str(path)])) == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "record", "words"),
    [
        ('[{"a":1},{"a":2}', 3, "cut short"),
        ('[{"a":1},{"a":x}]', 2, "byte 14: unexpected character"),
        ('[{"a":1}] tail', 2, "after document"),
        ('[{"a":1},7]', 2, "expected an object, found a number"),
        ('[{"a":NaN}]', 1, "unexpected character"),
        ('{"a":1}', 1, r"expected '\['"),
        ('[{"a":1},{"a":[]}]', 2, "'a' holds an array"),
        ('[{"a":1},{"a":1,"a":2}]', 2, "'a' is there more than once"),
        (b'[{"a":"\xff"}]', 1, "byte 7: .*UTF-8"),
    ],
)
def test_anything_but_a_whole_array_of_plain_objects_is_refused(
    tmp_path: Path, text: str | bytes, record: int, words: str
) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        records(source(tmp_path, text))

    assert caught.value.line == record
    assert caught.value.message.startswith(f"{tmp_path}/f1.json, record {record}")
    assert caught.value.hint
