import csv
import errno
import gzip
import hashlib
import io
import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.errors import SourceError, StateError
from bulkimport.model import CommandSource, CsvSource, Field, JsonSource, KeyProblem, NdjsonSource, Payload, Stage
from bulkimport.payload import PayloadRequest, ProgressFile, prepare, read_progress


def request(folder: Path, text: str | bytes, name: str = "source.csv", **options: Any) -> PayloadRequest:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    kinds = {"csv": CsvSource, "json": JsonSource, "ndjson": NdjsonSource}
    source = kinds[name.removesuffix(".gz").rpartition(".")[2]]((str(path),))
    (folder / "spool").mkdir(exist_ok=True)
    key = options.pop("key", ("id",))
    spool = folder / "spool"
    return PayloadRequest(source, key, str(spool / "payload"), str(spool / "keys"), str(spool / "landing"), **options)


def written(payload: Payload) -> list[dict[str, Any]]:
    content = Path(payload.path).read_bytes()
    assert (payload.bytes, payload.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    if payload.format == "json":
        items: list[dict[str, Any]] = json.loads(content)
    else:
        items = list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))
    assert payload.rows == len(items)
    assert all(next(iter(item.items())) == ("_action", "createOrUpdate") for item in items)
    return [{name: value for name, value in item.items() if name != "_action"} for item in items]


def keys(payload: Payload) -> list[Any]:
    return [key for line in Path(payload.keys_path).read_bytes().split(b"\n")[:-1] for key in json.loads(line)]


CELLS = st.text(alphabet='ab ,;"\n\r\té\u2028😀\\0', max_size=6)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=8), st.sampled_from(["json", "csv"]))
def test_every_row_of_a_csv_goes_out_exactly(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], format_: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("id", "note"), *rows])
    payload = prepare(request(tmp_path_factory.mktemp("p"), text.getvalue(), format=format_))

    assert written(payload) == [{"id": key, "note": note} for key, note in rows]
    assert keys(payload) == [key for key, _ in rows]
    assert payload.columns == ("id", "note")


VALUES = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | CELLS


@given(st.lists(st.dictionaries(st.sampled_from(["id", "a", "b c"]), VALUES), max_size=8), st.booleans())
def test_every_record_goes_out_exactly(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], lines: bool
) -> None:
    text = "\n".join(map(json.dumps, records)) + "\n" if lines else json.dumps(records, indent=1)
    name = "source.ndjson" if lines else "source.json"

    payload = prepare(request(tmp_path_factory.mktemp("p"), text, name))

    assert written(payload) == records
    assert keys(payload) == [record.get("id") for record in records]
    assert payload.columns == tuple(dict.fromkeys(name for record in records for name in record))


def test_a_large_source_is_written_whole(tmp_path: Path) -> None:
    rows = [{"id": str(n), "name": f"Zoë {n}", "note": "a,b" if n % 9 == 0 else ""} for n in range(30_000)]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)

    payload = prepare(request(tmp_path, gzip.compress(text.getvalue().encode()), "source.csv.gz", required=("id",)))

    assert written(payload) == rows
    assert keys(payload) == [row["id"] for row in rows]
    assert (payload.blank_keys, payload.duplicate_keys, payload.missing, payload.warnings) == (0, 0, (), ())
    assert payload.source_bytes == (tmp_path / "source.csv.gz").stat().st_size
    assert {path.name for path in (tmp_path / "spool").iterdir()} == {"payload", "keys"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "spool").iterdir())


@pytest.mark.parametrize(("name", "text"), [("a.csv", "id,name\n"), ("a.json", " [ ] "), ("a.ndjson", "\n\n")])
@pytest.mark.parametrize(("format_", "content"), [("json", b"[]"), ("csv", None)])
def test_no_rows_are_a_payload_for_the_guards_to_refuse(
    tmp_path: Path, name: str, text: str, format_: str, content: bytes | None
) -> None:
    payload = prepare(request(tmp_path, text, name, format=format_))

    assert (payload.rows, written(payload), keys(payload)) == (0, [], [])
    assert content in (None, Path(payload.path).read_bytes())


def test_numbers_go_out_digit_for_digit(tmp_path: Path) -> None:
    numbers = ["65000", "123456789012345678901234567890", "0.12345678901234567890123", "-1", "1.5"]
    text = "[" + ",".join(f'{{"id":{n},"v":{number}}}' for n, number in enumerate(numbers)) + "]"

    payload = prepare(request(tmp_path, text, "a.json"))

    for number in numbers:
        assert f'"v":{number}}}' in Path(payload.path).read_text()


def test_fields_are_applied(tmp_path: Path) -> None:
    fields = (
        Field("id", "Number", "text"),
        Field("pay", "Pay", "number"),
        Field("born", "Born", "date", "%d/%m/%Y"),
        Field("active", "Active", "boolean", default=True),
    )
    text = "Number,Pay,Born,Active,x\n007,0065.50,01/02/1990,no,1\n8,,,,\n"

    payload = prepare(request(tmp_path, text, fields=fields, extra_columns="drop"))

    assert written(payload) == [
        {"id": "007", "pay": 65.5, "born": "1990-02-01", "active": False},
        {"id": "8", "pay": None, "born": None, "active": True},
    ]


def test_a_csv_payload_keeps_digits_and_writes_truth_values_as_json_does(tmp_path: Path) -> None:
    fields = (Field("pay", "pay", "number"), Field("on", "on", "boolean"), Field("at", "at", "date"))

    payload = prepare(
        request(
            tmp_path, "id,pay,on,at\n1,0.10,Y,2020-01-31\n2,,,\n", fields=fields, format="csv", date_format="MM/DD/YYYY"
        )
    )

    assert written(payload) == [
        {"pay": "0.10", "on": "true", "at": "01/31/2020", "id": "1"},
        {"pay": "", "on": "", "at": "", "id": "2"},
    ]


def test_blank_keys_and_missing_required_values_are_counted(tmp_path: Path) -> None:
    text = "id,a,b\n1,x,\n ,,\n3,y,\n,z,\n"

    payload = prepare(request(tmp_path, text, required=("id", "a", "b", "none")))

    assert (payload.blank_keys, payload.blank_examples) == (2, (2, 4))
    assert dict(payload.missing) == {"id": 2, "a": 1, "b": 4, "none": 4}
    assert payload.duplicate_keys == 0


def test_a_default_fills_what_is_required(tmp_path: Path) -> None:
    fields = (Field("site", "site", default="London"),)

    assert prepare(request(tmp_path, "id\n1\n", fields=fields, required=("site",))).missing == ()


def test_records_without_a_key_have_a_blank_one(tmp_path: Path) -> None:
    payload = prepare(request(tmp_path, '{"ID":1}\n{"ID":2}\n', "a.ndjson", required=("id",)))

    assert (payload.blank_keys, payload.blank_examples, payload.missing) == (2, (1, 2), (("id", 2),))
    assert payload.warnings == ("No record has the key property 'id'. Did you mean 'ID'?",)


def test_duplicate_keys_are_reported(tmp_path: Path) -> None:
    payload = prepare(request(tmp_path, "id,a\n1,x\n2,y\n1,z\n2,y\n3,\n"))

    assert payload.duplicate_keys == 2
    assert payload.duplicate_examples == (KeyProblem("1", (1, 3)), KeyProblem("2", (2, 4)))
    assert (payload.rows, payload.warnings) == (5, ())


@pytest.mark.parametrize("twins", ['5},{"id":"5"', '7},{"id":7.00', '1e3},{"id":1000'])
def test_a_number_its_text_and_its_other_spellings_are_one_key(twins: str, tmp_path: Path) -> None:
    assert prepare(request(tmp_path, f'[{{"id":{twins}}},{{"id":70}}]', "a.json")).duplicate_keys == 1


def test_a_composite_key_is_blank_if_one_part_is_and_a_duplicate_if_all_are(tmp_path: Path) -> None:
    text = "from,to\na,b\na,c\na,b\na,\n"

    payload = prepare(request(tmp_path, text, key=("from", "to")))

    assert keys(payload) == [["a", "b"], ["a", "c"], ["a", "b"], ["a", ""]]
    assert (payload.blank_keys, payload.blank_examples) == (1, (4,))
    assert payload.duplicate_examples == (KeyProblem("a + b", (1, 3)),)


@pytest.mark.parametrize(("policy", "letters"), [("first", "abcf"), ("last", "cdef")])
@pytest.mark.parametrize("format_", ["json", "csv"])
def test_all_but_one_row_of_a_key_are_left_out_where_asked(
    tmp_path: Path, policy: str, letters: str, format_: str
) -> None:
    text = "id,v\n1,a\n2,b\n3,c\n1,d\n2,e\n ,f\n"

    payload = prepare(request(tmp_path, text, duplicates=policy, format=format_, required=("v",)))

    assert "".join(item["v"] for item in written(payload)) == letters
    assert len(keys(payload)) == payload.rows == 4
    assert (payload.duplicate_keys, payload.duplicate_examples) == (0, ())
    assert (payload.blank_keys, payload.blank_examples) == (1, (6,))
    assert len(payload.warnings) == 1
    assert f"2 rows were left out because another row has the same key (2 keys; the {policy}" in payload.warnings[0]


def test_rows_are_left_out_of_a_large_source_wherever_they_stand(tmp_path: Path) -> None:
    rows = [(n % 15_000, n) for n in range(20_000)]
    text = "id,v\n" + "".join(f"{key},{value}\n" for key, value in rows)

    payload = prepare(request(tmp_path, text, duplicates="last"))

    assert [(int(item["id"]), int(item["v"])) for item in written(payload)] == rows[5000:]
    assert payload.warnings[0].startswith("5,000 rows were left out")


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in (folder / "spool").iterdir()]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("id,a\n" + "1,x\n" * 50_000 + "2\n", {}),
        ("name\nx\n", {}),
        ("id,pay\n1,x\n", {"fields": (Field("pay", "pay", "number"),)}),
        ("", {}),
    ],
)
def test_an_error_leaves_no_file(tmp_path: Path, text: str, options: dict[str, Any]) -> None:
    with pytest.raises(SourceError) as caught:
        prepare(request(tmp_path, text, **options))

    assert leftovers(tmp_path) == []
    assert caught.value.stage is Stage.SOURCE
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.message, again.hint, again.line) == (caught.value.message, caught.value.hint, caught.value.line)


def test_a_source_that_is_written_to_while_it_is_read_is_refused(tmp_path: Path) -> None:
    asked = request(tmp_path, "id\n" + "".join(f"{n}\n" for n in range(50_000)))

    class Touching(ProgressFile):
        def update(self, reading: Any) -> None:
            super().update(reading)
            os.utime(tmp_path / "source.csv", ns=(1, 1))

    with Touching(str(tmp_path / "p")) as progress, pytest.raises(SourceError, match="written to while it was read"):
        prepare(asked, progress)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(("code", "words"), [(errno.ENOSPC, "No space is left"), (errno.EIO, "cannot be written")])
def test_a_spool_that_cannot_be_written_is_a_state_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    def fail(descriptor: int, data: bytes) -> int:
        raise OSError(code, os.strerror(code))

    asked = request(tmp_path, "id\n1\n")
    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(StateError, match=words) as caught:
        prepare(asked)

    assert leftovers(tmp_path) == []
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.message, again.hint, again.stage) == (caught.value.message, caught.value.hint, Stage.SOURCE)


def test_files_that_are_there_already_are_left_alone(tmp_path: Path) -> None:
    asked = request(tmp_path, "id\n1\n")
    Path(asked.keys_path).write_text("another's")

    with pytest.raises(StateError, match="File exists"):
        prepare(asked)

    assert leftovers(tmp_path) == ["keys"]
    assert Path(asked.keys_path).read_text() == "another's"


def test_text_that_is_not_unicode_is_refused(tmp_path: Path) -> None:
    asked = request(tmp_path, "id\n1\n\\ud800\n")
    assert isinstance(asked.source, CsvSource)
    source = replace(asked.source, encoding="unicode_escape")

    with pytest.raises(SourceError, match=r"the 2 rows after row 0 is not Unicode \(a lone surrogate\)"):
        prepare(replace(asked, source=source))
    assert leftovers(tmp_path) == []


def test_progress_is_told_to_its_file(tmp_path: Path) -> None:
    text = "id\n" + "".join(f"{n}\n" for n in range(40_000))
    path = tmp_path / "progress"

    prepare(request(tmp_path, text, progress_path=str(path)))

    assert read_progress(str(path)) == (40_000, len(text), len(text))


def test_a_request_and_its_payload_or_error_cross_process_borders(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        good = pool.submit(prepare, request(tmp_path, "id\n1\n"))
        bad = pool.submit(prepare, request(tmp_path / "bad", "id,a\n1\n"))

        assert good.result().rows == 1
        with pytest.raises(SourceError, match="line 2: the row has 1 cell,") as caught:
            bad.result()
    assert caught.value.hint


MEASURE = """
import re, sys
from pathlib import Path
from bulkimport.model import CsvSource
from bulkimport.payload import PayloadRequest, prepare
source, folder = sys.argv[1:]
names = (folder + "/payload", folder + "/keys", folder + "/landing")
payload = prepare(PayloadRequest(CsvSource((source,)), ("id",), *names))
print(payload.rows, *re.findall(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text()))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the peak of a process")
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    peaks = []
    for rows in (20_000, 400_000):
        folder = tmp_path / str(rows)
        folder.mkdir()
        (folder / "a.csv").write_text("id,name\n" + "".join(f"{n},name {n}\n" for n in range(rows)))
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(folder / "a.csv"), str(folder)],
            capture_output=True,
            text=True,
            check=True,
        )
        found, peak = map(int, done.stdout.split())
        assert found == rows
        peaks.append(peak // 1024)

    assert peaks[1] - peaks[0] < 25, "MiB; twenty times the rows cost at most the buffers of the duplicate search"


@pytest.mark.parametrize("output", ["id\n1\n", "id\n1,2\n"])
def test_what_has_landed_is_gone_afterwards(output: str, tmp_path: Path) -> None:
    asked = request(tmp_path, "unused")
    command = CommandSource(("printf", output), str(tmp_path), CsvSource(()))

    if "," in output:
        with pytest.raises(SourceError, match=r"^the output of printf, line 2"):
            prepare(replace(asked, source=command))
    else:
        assert prepare(replace(asked, source=command)).rows == 1

    assert not Path(asked.landing_path).exists()
