import gzip
import json
from collections.abc import Iterator
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


def test_a_record_that_is_located_names_its_line(tmp_path: Path) -> None:
    array = [{"id": n, "name": f"Zoë {n}"} for n in range(5000)]
    read = source(tmp_path, json.dumps(array[:3]), "\n" + json.dumps(array, indent=1))

    found = locate(read, {2, 4, 5003})

    assert list(map(str, found.values())) == [
        f"{tmp_path}/f1.json, record 2, line 1",
        f"{tmp_path}/f2.json, record 1, line 3",
        f"{tmp_path}/f2.json, record 5000, line 19999",
    ]


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b'[{"a":1}]'))

    assert records(JsonRecords([str(path)])) == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "record", "words"),
    [
        ('[{"a":1},{"a":2}', 3, "cut short"),
        ('[{"a":1},{"a":x}]', 2, r"line 1, column 15 \(byte 14\): unexpected character"),
        ('[{"a":1}] tail', 2, "after document"),
        ('[{"a":1},7]', 2, "expected an object, found a number"),
        ('[{"a":NaN}]', 1, "unexpected character"),
        ('{"a":1}', 1, r"expected '\['"),
        ('[{"a":1},{"a":[]}]', 2, "record 2, line 1: the property 'a' holds an array"),
        ('\ufeff[{"a":1},\n\n  {"é":1,\n"a":[]}]', 2, "record 2, line 3: the property 'a' holds an array"),
        ('\ufeff[{"é":1}\n,\n {"é": x}]', 2, r"line 3, column 8 \(byte 23\): unexpected character"),
        ('[{"a":1},\r\n7]', 2, r"line 2, column 1 \(byte 11\): expected an object, found a number"),
        ('[\n{"a":1},\n', 2, r"line 3, column 1 \(byte 11\): .*cut short"),
        ('[{"a":1},{"a":1,"a":2}]', 2, "'a' is there more than once"),
        (b'[{"a":"\xff"}]', 1, r"line 1, column 8 \(byte 7\): what stands there is not UTF-8"),
        (b'[{"a":1},{"a":"\xc3', 2, r"line 1, column 16 \(byte 15\): what stands there is not UTF-8, or was cut"),
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


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (b'[{"a":"\xe9"}]', "JSON is exchanged in UTF-8"),
        (b'{"a":1}\n{"a":2}\n', "If every line is an object of its own, set `type: ndjson`. If the array is within"),
    ],
)
def test_what_to_do_about_it_is_told(tmp_path: Path, text: bytes, advice: str) -> None:
    with pytest.raises(SourceError) as caught:
        records(source(tmp_path, text))
    assert caught.value.hint.startswith(advice)


def test_the_line_of_an_error_is_that_in_the_whole_file_and_of_its_own(tmp_path: Path) -> None:
    array = json.dumps([{"id": n, "name": f"Zoë {n}"} for n in range(20_000)], indent=1, ensure_ascii=False)
    for end, words in (
        (',{"id": x}]', r"record 20001, line 80002, column 9 \(byte \d+\): unexpected character"),
        (',\n{"id": {}}]', "record 20001, line 80003: the property 'id' holds an object"),
    ):
        packed = tmp_path / "many.json.gz"
        packed.write_bytes(gzip.compress((array.removesuffix("]") + end).encode()))
        with pytest.raises(SourceError, match=words):
            records(JsonRecords([str(source(tmp_path, array).files.paths[0]), str(packed)]))


def test_an_error_names_its_line_where_the_array_is_in_a_document(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for text, words in (
        ('{"n": 1,\n"data": [\n{"a": 1},\n5]}', "record 2, line 4, column 1"),
        ('{"n": 1,\n"data": [\n{"a": 1},\n{"a": []}]}', "record 2, line 4: the property"),
        ('{"n": 1,\n"data": [],\n"x": nil}', "a.json, line 3, column 6"),
    ):
        path.write_text(text)
        with pytest.raises(SourceError, match=words):
            records(JsonRecords([str(path)], ["data"]))


def test_a_file_that_is_gone_by_then_leaves_the_error_without_its_line(tmp_path: Path) -> None:
    read = source(tmp_path, '[{"a":1},{"a":[]}]')
    batches = read.batches()
    chunks = read.files.chunks

    def gone(path: str, size: int = 10) -> Iterator[bytes]:
        yield from chunks(path)
        Path(path).unlink(missing_ok=True)

    read.files.chunks = gone  # type: ignore[method-assign]
    with pytest.raises(SourceError, match=r"f1\.json, record 2: the property 'a' holds an array"):
        next(batches)
