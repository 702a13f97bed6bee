"""Files as spreadsheets, HR systems and broken exports write them: each is loaded exactly, or not at all with its line
named."""

import gzip
import io
import json
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backports import zstd

from tests.scenarios.checks import assert_sound_summary
from tests.support.program import at_work, id_of, ids, seed

ANN_BOB = [("1", "Ann"), ("2", "Bob")]
PLAIN = "id,name\r\n1,Ann\r\n2,Bob\r\n"
RECORDS = [{"id": "1", "name": "Ann"}, {"id": "2", "name": "Bob"}]


@dataclass(frozen=True)
class Good:
    """A file that says what `items` are: (id, name)."""

    content: str | bytes
    items: list[tuple[str, str]] = field(default_factory=lambda: ANN_BOB)
    ending: str = "csv"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Bad:
    """A file that must not be loaded: `line` is the one that the message names."""

    content: str | bytes
    line: int | None
    words: str
    ending: str = "csv"
    options: dict[str, Any] = field(default_factory=dict)
    status: str = "failed"


def zipped(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def options(**given: Any) -> dict[str, Any]:
    return given


GOOD = {
    "plain": Good(PLAIN),
    "no last line end": Good(PLAIN.rstrip()),
    "blank lines at the end": Good(PLAIN + "\r\n\r\n\n"),
    "blank lines at the start": Good("\r\n\n" + PLAIN),
    "utf-8 with a mark": Good(b"\xef\xbb\xbf" + PLAIN.encode()),
    "a mark before quotes": Good(b'\xef\xbb\xbf"id","name"\n1,Ann\n2,Bob\n'),
    "lone returns": Good("id,name\r1,Ann\r2,Bob\r"),
    "mixed line ends": Good("id,name\r\n1,Ann\n2,Bob\r"),
    "mixed line ends and quotes": Good('id,name\r\n1,"Ann"\n"2",Bob\r'),
    "quoted everywhere": Good('"id","name"\r\n"1","Ann"\r\n"2","Bob"\r\n'),
    "quotes in quotes": Good('id,name\n1,"Ann ""the"" Lee"\n', [("1", 'Ann "the" Lee')]),
    "delimiters in quotes": Good('id,name\n1,"Lee, Ann"\n', [("1", "Lee, Ann")]),
    "line ends in quotes": Good('id,name\r\n1,"Ann\r\nLee"\r\n2,"B\nC"\r\n', [("1", "Ann\r\nLee"), ("2", "B\nC")]),
    "a quote and blanks in quotes": Good('id,name\n1,"a, ""b"" c"\n', [("1", 'a, "b" c')]),
    "a quote amid a cell": Good('id,name\n1,5" pipe\n', [("1", '5" pipe')]),
    "blanks are kept": Good("id,name\n1, Ann \n", [("1", " Ann ")]),
    "sep line": Good("sep=;\r\nid;name\r\n1;Ann\r\n2;Bob\r\n"),
    "sep line in capitals with a mark": Good("\ufeffSEP=\t\nid\tname\n1\tAnn\n2\tBob\n"),
    "quoted sep line": Good('"sep=|"\nid|name\n1|Ann\n2|Bob\n'),
    "semicolons": Good("id;name\n1;Ann\n2;Bob\n", options=options(delimiter=";")),
    "tabs": Good("id\tname\n1\tAnn\n2\tBob\n", ending="tsv"),
    "a strange delimiter": Good("id§name\n1§Ann\n2§Bob\n", options=options(delimiter="§")),
    "single quotes": Good("id,name\n'1','Ann'\n2,Bob\n", options=options(quotechar="'")),
    "cp1252": Good("id,name\n1,Zoë €\n".encode("cp1252"), [("1", "Zoë €")], options=options(encoding="cp1252")),
    "utf-16 as Excel writes it": Good(
        "\ufeffid\tname\r\n1\tAnn\r\n2\tBob\r\n".encode("utf-16-le"), ending="txt",
        options=options(encoding="utf-16", delimiter="tab"),
    ),
    "utf-16, big end first": Good(b"\xfe\xff" + PLAIN.encode("utf-16-be"), options=options(encoding="utf-16")),
    "utf-16-le without a mark": Good(PLAIN.encode("utf-16-le"), options=options(encoding="utf-16")),
    "utf-16-be without a mark": Good(PLAIN.encode("utf-16-be"), options=options(encoding="utf-16")),
    "trailing delimiters on every line": Good("id,name,,\n1,Ann,,\n2,Bob,,\n"),
    "columns in another order": Good("name,id\nAnn,1\nBob,2\n"),
    "white space around names": Good(" id , name\n1,Ann\n2,Bob\n"),
    "gz": Good(gzip.compress(PLAIN.encode()), ending="csv.gz"),
    "zst": Good(zstd.compress(PLAIN.encode()), ending="csv.zst"),
    "zip": Good(zipped(("x/people.csv", PLAIN.encode())), ending="csv.zip"),
    "a member of a zip": Good(
        zipped(("people.csv", PLAIN.encode()), ("jobs.csv", b"id\n7\n")), ending="csv.zip",
        options=options(member="people*"),
    ),
    "json": Good(json.dumps(RECORDS, indent=1), ending="json"),
    "json with a mark": Good(b"\xef\xbb\xbf" + json.dumps(RECORDS).encode(), ending="json"),
    "json in a document": Good(
        json.dumps({"meta": {"workers": 2}, "data": {"workers": RECORDS}, "end": [1, {}]}), ending="json",
        options=options(records="data.workers"),
    ),
    "json in a zip in a document": Good(
        zipped(("a.json", json.dumps({"odata.value": RECORDS}).encode())), ending="json.zip",
        options=options(records=r"odata\.value"),
    ),
    "ndjson": Good("\n".join(map(json.dumps, RECORDS)) + "\r\n\n", ending="ndjson"),
    "ndjson in zst": Good(zstd.compress("\n".join(map(json.dumps, RECORDS)).encode()), ending="jsonl.zst"),
}  # fmt: skip

BAD = {
    "nothing": Bad(b"", None, "is empty"),
    "only a mark": Bad(b"\xef\xbb\xbf", None, "has no header"),
    "only blank lines": Bad("\n\r\n\n", None, "has no header"),
    "only a sep line": Bad("sep=;\n", None, "has no header"),
    "a header alone": Bad("id,name\n", None, "no rows", status="refused"),
    "a name twice": Bad("id,name,name\n1,a,b\n", 1, "'name' more than once"),
    "a name twice but for blanks": Bad("id,name, name\n1,a,b\n", 1, "'name' more than once"),
    "no name amid the header": Bad("id,,name\n1,a,b\n", 1, "column 2 has no name"),
    "a value under no name": Bad("id,name,\n1,a,\n2,b,x\n", 3, "value in a column that has no name"),
    "no key": Bad("ID,name\n1,a\n", None, "'id'"),
    "another delimiter": Bad("id;name\n1;a\n", None, "delimiter"),
    "too short": Bad("id,name,city\n1,a,b\n2,c\n3,d,e\n", 3, "2 cells, expected 3"),
    "too long": Bad("id,name\n1,a\n2,Lee, Ann\n", 3, "3 cells, expected 2"),
    "too long by a blank": Bad("id,name,city\n1,Lee, Ann,\n", 2, "4 cells, expected 3"),
    "trailing delimiters in the header alone": Bad("id,name,\n1,a\n", 2, "2 cells, expected 3"),
    "trailing delimiters in the rows alone": Bad("id,name\n1,a,\n2,b,\n", 2, "3 cells, expected 2"),
    "a summary": Bad("id,name\n1,a\n2,b\nTotal: 1200 rows\n", 4, "expected 2 as in the header: 'Total: 1200 rows'"),
    "a summary after a blank line": Bad("id,name\r\n1,a\r\n\r\nRows: 1\r\n", 4, "1 cell, expected 2"),
    "a line of blanks": Bad("id,name\n1,a\n   \n", 3, "1 cell, expected 2"),
    "cut in a row": Bad("id,name,city\n1,a,b\n2,c", 3, "2 cells, expected 3"),
    "cut in quotes": Bad('id,name\n1,a\n2,"Ann Le', 3, "never closed"),
    "a quote that is never closed": Bad('id,name\n1,"Ann\n2,b\n3,c\n', 2, "never closed"),
    "a quote not closed before another": Bad('id,name\n1,"Ann\n2,"Bob"\n', 2, "goes on after its closing quote"),
    "quotes not doubled": Bad('id,name\n1,a\n2,"Ann "the" Lee"\n', 3, "goes on after its closing quote"),
    "quotes escaped by a backslash": Bad('id,name\n1,"Ann \\"the\\" Lee"\n', 2, "goes on after its closing quote"),
    "a blank before a quote": Bad('id,name\n1,a\n2, "Lee, Ann"\n', 3, "white space stands before the opening quote"),
    "a blank before a quote, all else well": Bad('id, name\n1,a\n2, "b"\n', 3, "white space stands before"),
    "a blank after a quote": Bad('id,name\n"1" ,a\n', 2, "goes on after its closing quote"),
    "nul": Bad("id,name\n1,a\n2,b\0c\n", 3, "NUL"),
    "a wrong byte": Bad(b"id,name\n1,a\n2,Zo\xeb\n", 3, "byte 0xeb at offset 16 is not utf-8"),
    "utf-16 read as utf-8": Bad(PLAIN.encode("utf-16"), 1, "is not utf-8"),
    "utf-16 without a mark read as utf-8": Bad(PLAIN.encode("utf-16-le"), 1, "NUL"),
    "utf-8 with a mark read as cp1252": Bad(
        b"\xef\xbb\xbf" + PLAIN.encode(), 1, "byte order mark of utf-8", options=options(encoding="cp1252")
    ),
    "the other byte order": Bad(
        b"\xfe\xff" + PLAIN.encode("utf-16-be"), 1, "byte order mark", options=options(encoding="utf-16-le")
    ),
    "utf-16 cut within a character": Bad(
        b"\xff\xfe" + PLAIN.encode("utf-16-le") + b"3", 4, "is not utf-16", options=options(encoding="utf-16")
    ),
    "two files in one": Bad("\ufeffid,name\n1,a\n\ufeffid,name\n2,b\n", 3, "byte order mark amid the text"),
    "a blank key": Bad("id,name\n1,a\n ,b\n", None, "key", status="refused"),
    "a key twice": Bad("id,name\n1,a\n1,b\n", None, "1", status="refused"),
    "a workbook under another name": Bad(zipped(("xl/workbook.xml", b"x")), None, "Excel workbook"),
    "gz cut": Bad(gzip.compress(PLAIN.encode())[:-5], None, "cut short", ending="csv.gz"),
    "gz that is none": Bad(PLAIN, None, "not a whole gzip file", ending="csv.gz"),
    "zst cut": Bad(zstd.compress(PLAIN.encode())[:-5], None, "cut short", ending="csv.zst"),
    "zip cut": Bad(zipped(("a.csv", PLAIN.encode()))[:-30], None, "not a whole zip file", ending="csv.zip"),
    "zip of two": Bad(zipped(("a.csv", b"x"), ("b.csv", b"y")), None, "more than one file", ending="csv.zip"),
    "zip without that member": Bad(
        zipped(("a.csv", b"x")), None, "no file called 'b.csv'", ending="csv.zip", options=options(member="b.csv")
    ),
    "packed twice": Bad(gzip.compress(gzip.compress(PLAIN.encode())), None, "itself gzip-compressed", ending="csv.gz"),
    "json cut": Bad(json.dumps(RECORDS)[:-1], None, "cut short", ending="json"),
    "json that is a document": Bad(json.dumps({"value": RECORDS}), None, "expected '['", ending="json"),
    "json in utf-16": Bad(json.dumps(RECORDS).encode("utf-16"), 1, "UTF-16", ending="json"),
    "json where nothing is": Bad(
        json.dumps({"value": RECORDS}), None, "no 'data.workers': the document has no 'data', but 'value'",
        ending="json", options=options(records="data.workers"),
    ),
    "json where no array is": Bad(
        json.dumps({"value": {"x": 1}}), None, "'value' is an object", ending="json", options=options(records="value")
    ),
    "json with a broken end": Bad(
        json.dumps({"value": RECORDS})[:-1] + ',"x":}', None, "expected a value", ending="json",
        options=options(records="value"),
    ),
    "ndjson with a summary": Bad('{"id":"1"}\n{"id":"2"}\nTotal: 2\n', 3, "not a JSON object", ending="ndjson"),
    "ndjson cut": Bad('{"id":"1"}\n{"id":"2","na', 2, "not a JSON object", ending="ndjson"),
}  # fmt: skip


def name_of(title: str) -> str:
    return re.sub(r"\W+", "_", title)


def test_each_ugly_file_is_loaded_exactly_or_not_at_all_with_its_line_named(tmp_path: Path) -> None:
    before = [{"id": "8", "name": "Hal"}, {"id": "9", "name": "Ida"}]
    everything: dict[str, Good | Bad] = {**GOOD, **BAD}
    assert len(everything) == len(GOOD) + len(BAD)
    seeds = [seed(name_of(title), before) for title in everything]
    with at_work(tmp_path, *seeds) as (work, sandbox):
        for title, file in everything.items():
            path = tmp_path / f"{name_of(title)}.{file.ending}"
            path.write_bytes(file.content.encode() if isinstance(file.content, str) else file.content)
            work.add(name_of(title), source={"path": path.name, **file.options})
        found = work.run()
        held = {name_of(title): sandbox.items(id_of(name_of(title))) for title in everything}
    assert found.code == 1
    assert "Traceback" not in found.err
    assert_sound_summary(found.document)
    for title, good in GOOD.items():
        assert found.dataset(name_of(title))["status"] == "succeeded", (title, found.dataset(name_of(title))["error"])
        assert sorted((item["id"], item["name"]) for item in held[name_of(title)]) == sorted(good.items), title
    for title, bad in BAD.items():
        dataset = found.dataset(name_of(title))
        assert dataset["status"] == bad.status, title
        assert dataset["error"]["stage"] == ("guard" if bad.status == "refused" else "source"), title
        assert bad.words in dataset["error"]["message"] + dataset["error"]["hint"], (title, dataset["error"])
        if bad.line is not None:
            assert f", line {bad.line}: " in dataset["error"]["message"], (title, dataset["error"]["message"])
        assert dataset["attempts"] == 0, title
        assert ids(held[name_of(title)]) == ["8", "9"], title
