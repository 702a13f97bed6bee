"""Rows from databases, workbooks, commands and functions: the whole program, good nights and bad ones."""

import contextlib
import gzip
import json
import signal
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import xlsxwriter

from tests.scenarios.checks import assert_no_secret, assert_sound_summary
from tests.support.postgres import PASSWORD, Database
from tests.support.program import Workplace, at_work, eventually, id_of, people, seed
from tests.support.sandbox import ThreadedSandbox
from tests.support.web import Said, web_server

ROWS = people(40)


@pytest.fixture
def hr(database: Database, tmp_path: Path) -> Database:
    """The same people everywhere."""
    pairs = [(int(row["id"]), row["name"]) for row in ROWS]
    with database.connect() as connection:
        connection.execute("CREATE TABLE people (id int, name text)")
        connection.cursor().executemany("INSERT INTO people VALUES (%s, %s)", pairs)
    with contextlib.closing(sqlite3.connect(tmp_path / "hr.db")) as lite:
        lite.execute("CREATE TABLE people (id INTEGER, name TEXT)")
        lite.executemany("INSERT INTO people VALUES (?, ?)", pairs)
        lite.commit()
    workbook(tmp_path / "people.xlsx", ["id", "name"], *(list(pair) for pair in pairs))
    (tmp_path / "export.csv").write_text("id,name\n" + "".join(f"{key},{name}\n" for key, name in pairs))
    (tmp_path / "hr_code.py").write_text(
        "import csv, os, sys, time\n"
        "def people(name='export.csv'):\n"
        "    print('reading', name)\n"
        "    yield from csv.DictReader(open(os.path.join(os.path.dirname(__file__), name)))\n"
        "def none(): return []\n"
        "def fails():\n    yield {'id': 1}\n    raise LookupError('the report has no page 2')\n"
        "def other(): yield {'number': 1}\n"
        "def sleeps():\n    open('started', 'w').write(str(os.getpid()))\n    time.sleep(1000)\n    yield {}\n"
    )
    return database


def workbook(path: Path, *rows: list[Any]) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Staff")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)


def test_every_kind_of_source_gives_the_same_items(hr: Database, tmp_path: Path) -> None:
    sources: dict[str, Any] = {
        "csv": "export.csv",
        "command": {"command": ["cat", "export.csv"], "type": "csv"},
        "excel": "people.xlsx",
        "excel-command": {"command": ["cat", "people.xlsx"], "type": "excel", "sheet": 1},
        "postgresql": {
            "query": "SELECT id, name FROM people WHERE id < :most",
            "url": hr.url(),
            "parameters": {"most": 99},
        },
        "python": {"python": "hr_code:people", "arguments": {"name": "export.csv"}},
        "sqlite": {"query_file": "people.sql", "url": "sqlite:///hr.db", "type": "sql"},
        **other_files(tmp_path),
        "duckdb": {"type": "duckdb", "query": "select * from 'people.parquet' order by id"},
    }
    (tmp_path / "people.sql").write_text("SELECT * FROM people;\n")
    fields = {"id": {"type": "text"}, "name": {}}
    report = json.dumps({"Report_Entry": ROWS}).encode()
    with (
        web_server(lambda asked: Said(report)) as origin,
        at_work(tmp_path, *(seed(name) for name in (*sources, "report"))) as (work, sandbox),
    ):
        work.settings = {}  # worker processes that load large libraries are not quick
        sources["report"] = {"url": f"{origin}/people", "type": "json", "records": "Report_Entry"}
        for name, source in sources.items():
            work.add(name, None, source=source, fields=fields)
        run = work.run()
        assert run.statuses == dict.fromkeys(sources, "succeeded")
        found = {name: contents(sandbox, name) for name in sources}
        assert found == {name: [(row["id"], row["name"]) for row in ROWS] for name in sources}
        assert work.invoke("check").code == 0
        again = work.invoke("plan")
        assert {one["items"]["unchanged"] for one in again.document["datasets"]} == {40}
    assert_sound_summary(run.document)
    assert_no_secret(work, run)
    assert_password_stays(work, run.out, run.err)


def other_files(folder: Path) -> dict[str, Any]:
    """The same people in files of other kinds."""
    text = (folder / "export.csv").read_bytes()
    (folder / "people.csv.gz").write_bytes(gzip.compress(text))
    with zipfile.ZipFile(folder / "people.zip", "w") as archive:
        archive.writestr("people.csv", text)
        archive.writestr("readme.txt", "not this")
    (folder / "people.tsv").write_text(text.decode().replace(",", "\t"), "utf-16")
    (folder / "people.json").write_text(json.dumps({"data": {"workers": ROWS}, "count": len(ROWS)}))
    (folder / "people.ndjson").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    columns = {name: pyarrow.array([row[name] for row in ROWS]) for name in ROWS[0]}
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "people.parquet")
    return {
        "gz": "people.csv.gz",
        "zip": {"path": "people.zip", "type": "csv", "member": "people.csv"},
        "tsv": {"path": "people.tsv", "encoding": "utf-16"},
        "json": {"path": "people.json", "records": "data.workers"},
        "ndjson": "people.ndjson",
        "parquet": "people.parquet",
    }


def contents(sandbox: ThreadedSandbox, name: str) -> list[tuple[object, object]]:
    items = sorted(sandbox.items(id_of(name)), key=lambda item: int(item["id"]))
    return [(item["id"], item["name"]) for item in items]


def assert_password_stays(work: Workplace, *texts: str) -> None:
    secrets = (PASSWORD, PASSWORD.replace("/", "%2F").replace("@", "%40"))
    for content in (*texts, *(data.decode("utf-8", "replace") for data in work.written(journal=True).values())):
        assert not any(secret in content for secret in secrets)


SQL = {"query": "SELECT id, name FROM people"}
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "sql: no rows": ({**SQL, "query": "SELECT id, name FROM people WHERE false"}, "guard", "no rows"),
    "sql: no key": (
        {**SQL, "query": "SELECT id AS number FROM people WHERE false"},
        "source",
        "lacks the key column 'id'",
    ),
    "sql: no such table": ({**SQL, "query": "SELECT * FROM peple"}, "source", "there is no such table"),
    "sql: slow": ({**SQL, "query": "SELECT pg_sleep(1000) AS id", "timeout": "5s"}, "source", "not answered within"),
    "sql: key twice": ({**SQL, "query": "SELECT 1 AS id FROM people"}, "guard", "1"),
    "sql: no driver": (
        {**SQL, "url": "mysql+pymysql://me:pw@h/x"},
        "source",
        "pymysql for mysql databases is not installed",
    ),
    "sql: bad value": ({**SQL, "query": "SELECT 1 AS id, 'NaN'::float8 AS x"}, "source", ", row 1: column 'x' is nan"),
    "excel: no key": ({"path": "other.xlsx"}, "source", "other.xlsx, sheet 'Staff' lacks the key column 'id'"),
    "excel: no rows": ({"path": "header.xlsx"}, "guard", "no rows"),
    "excel: no sheet": ({"path": "people.xlsx", "sheet": "Staf"}, "source", "has no sheet 'Staf': it has 'Staff'"),
    "excel: cut": ({"path": "cut.xlsx"}, "source", "cut.xlsx is not a whole Excel workbook"),
    "command: fails": ({"command": ["sh", "-c", "cat export.csv; echo oh dear >&2; exit 3"]}, "source", "oh dear"),
    "command: empty": ({"command": ["true"]}, "source", "the output of true is empty"),
    "command: slow": ({"command": ["sleep", "1000"], "timeout": "300ms"}, "source", "had not ended after 0.3s"),
    "command: cut row": ({"command": ["printf", "id,name\\n1,A\\n2"]}, "source", "the output of printf, line 3"),
    "python: fails": (
        {"python": "hr_code:fails"},
        "source",
        "hr_code:fails failed after 1 row: LookupError: the report",
    ),
    "python: no rows": ({"python": "hr_code:none"}, "guard", "no rows"),
    "python: no key": ({"python": "hr_code:other"}, "source", "hr_code:other lacks the key column 'id'"),
}


def test_a_source_that_is_not_right_changes_nothing(hr: Database, tmp_path: Path) -> None:
    workbook(tmp_path / "other.xlsx", ["number", "name"], [1, "A"])
    workbook(tmp_path / "header.xlsx", ["id", "name"])
    (tmp_path / "cut.xlsx").write_bytes((tmp_path / "people.xlsx").read_bytes()[:3000])
    names = {case: case.replace(": ", "-") for case in BAD}
    with at_work(tmp_path, *(seed(name, ROWS) for name in names.values())) as (work, sandbox):
        for case, (source, _, _) in BAD.items():
            url = {"url": hr.url()} if "query" in source and "url" not in source else {}
            kind = {"type": "csv"} if "command" in source else {}
            work.add(names[case], None, source={**source, **url, **kind})
        run = work.run()
        assert sandbox.jobs() == []
        for case, (_, stage, message) in BAD.items():
            dataset = run.dataset(names[case])
            expected = ("refused" if stage == "guard" else "failed", stage)
            assert (dataset["status"], dataset["error"]["stage"]) == expected, case
            assert message in dataset["error"]["message"], case
            assert str(work.state) not in dataset["error"]["message"], case
    assert_sound_summary(run.document)
    assert_no_secret(work, run)
    assert_password_stays(work, run.out, run.err)


def test_a_place_in_a_value_is_one_that_people_find_again(hr: Database, tmp_path: Path) -> None:
    workbook(tmp_path / "people.xlsx", ["id", "pay"], [1, 5], [], [2, "much"])
    with at_work(tmp_path, seed("a"), seed("b")) as (work, _):
        fields = {"id": {}, "pay": {"type": "number"}}
        work.add("a", None, source="people.xlsx", fields=fields)
        query = "SELECT id, name AS pay FROM people ORDER BY id"
        work.add("b", None, source={"query": query, "url": "sqlite:///hr.db"}, fields=fields)
        run = work.run()
        assert f"{tmp_path}/people.xlsx, sheet 'Staff', row 4: column 'pay'" in run.dataset("a")["error"]["message"]
        assert "the query on sqlite:///hr.db, row 1: column 'pay'" in run.dataset("b")["error"]["message"]


def is_gone(stat: Path) -> bool:
    """Whether the process has ended, by its file in /proc."""
    try:
        return ") Z " in stat.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("kind", ["command", "python"])
def test_nothing_is_left_running_when_a_run_is_stopped(
    kind: str, stop: signal.Signals, hr: Database, tmp_path: Path
) -> None:
    sources = {
        "command": {
            "command": ["sh", "-c", "echo $$ > starting; mv starting started; sleep 1000 & wait"],
            "type": "csv",
        },
        "python": {"python": "hr_code:sleeps"},
    }
    with at_work(tmp_path, seed("people", ROWS)) as (work, sandbox):
        work.add("people", None, source=sources[kind])
        started = work.start("run")
        marker = tmp_path / "started"
        eventually(lambda: marker.exists() and marker.read_text().strip(), "the source is being read")
        process = Path("/proc", marker.read_text().strip(), "stat")
        assert process.exists()
        started.send(stop)
        run = started.end()
        eventually(lambda: is_gone(process), "what it had started is gone")
        assert run.code == (143 if stop is signal.SIGTERM else -9)
        assert sandbox.jobs() == []
