import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import SourceError
from bulkimport.model import NdjsonSource
from bulkimport.sources import ndjson
from bulkimport.sources.base import Place, Record, locate
from bulkimport.sources.ndjson import NdjsonRecords


def source(folder: Path, *contents: str | bytes) -> NdjsonRecords:
    paths = []
    for number, content in enumerate(contents, 1):
        path = folder / f"f{number}.ndjson"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        paths.append(str(path))
    return NdjsonRecords(NdjsonSource(tuple(paths)))


def records(read: NdjsonRecords) -> list[Record]:
    return [record for batch in read.batches() for record in batch]


@given(
    st.lists(st.dictionaries(st.text(max_size=4), st.text(max_size=6) | st.integers(0, 9) | st.none()), max_size=8),
    st.lists(st.sampled_from(["\n", "\r\n", "\n\n", "\n \n"]), min_size=8, max_size=8),
    st.booleans(),
)
def test_any_objects_on_lines_are_read(
    tmp_path_factory: pytest.TempPathFactory, objects: list[Record], line_ends: list[str], last_end: bool
) -> None:
    lines = [json.dumps(each) + end for each, end in zip(objects, line_ends, strict=False)]
    text = "".join(lines) if last_end else "".join(lines).rstrip("\r\n ")

    read = source(tmp_path_factory.mktemp("n"), text or "\n")

    assert records(read) == objects


def test_many_lines_are_read_in_batches(tmp_path: Path) -> None:
    objects = [{"id": n, "name": f"Zoë {n}"} for n in range(10_000)]
    read = source(tmp_path, "\ufeff" + "\n".join(map(json.dumps, objects)))

    assert records(read) == objects
    assert len(list(read.batches())) > 3
    assert locate(read, {9_999}) == {9_999: Place(f"{tmp_path}/f1.ndjson", 9_999)}


def test_several_files_are_one_source(tmp_path: Path) -> None:
    read = source(tmp_path, '{"a":1}', '\n{"a":2}\n')

    assert records(read) == [{"a": 1}, {"a": 2}]
    assert locate(read, {1, 2}) == {1: Place(f"{tmp_path}/f1.ndjson", 1), 2: Place(f"{tmp_path}/f2.ndjson", 2)}


@pytest.mark.parametrize("filler", [0, 20_000])
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"a":1', "not a JSON object: unexpected end"),
        ('{"a":1} {"a":2}', "not a JSON object"),
        ('{"a":NaN}', "not a JSON object"),
        ('{"a":"x\n"b":1}', "not a JSON object"),
        ("[1]", "expected a JSON object"),
        ("7", "expected a JSON object"),
        ('{"a":{}}', "'a' holds an object"),
        ('{"a":1,"a":1}', "'a' is there more than once"),
    ],
)
def test_a_line_that_is_no_plain_object_is_refused_by_number(
    tmp_path: Path, line: str, words: str, filler: int
) -> None:
    read = source(tmp_path, '{"a":1}\n\n' + '{"a":1}\n' * filler + line + '\n{"a":2}\n')

    with pytest.raises(SourceError, match=words) as caught:
        records(read)

    assert caught.value.message.startswith(f"{tmp_path}/f1.ndjson, line {3 + filler}: ")
    assert caught.value.line == 3 + filler


def test_an_array_is_told_from_lines(tmp_path: Path) -> None:
    for text in ('[{"a":1},{"a":2}]', '[\n{"a":1}\n]'):
        with pytest.raises(SourceError) as caught:
            records(source(tmp_path, text))
        assert "set `type: json`" in caught.value.hint


def test_bytes_that_are_not_utf_8_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match=r"line 2: not a JSON object: what stands there is not UTF-8.* \(character 7\)"
    ):
        records(source(tmp_path, b'{"a":1}\n{"\xc3\xa9":"\xff"}\n'))


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "_MAX_LINE", 100_000)

    with pytest.raises(SourceError, match="line 2: the line does not end"):
        records(source(tmp_path, '{"a":1}\n{"a":"' + "x" * 500_000))
