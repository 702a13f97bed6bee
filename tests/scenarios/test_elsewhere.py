"""Rows from other machines: the whole program against a report server, an object store and an SFTP server."""

import gzip
import json
from base64 import b64encode
from pathlib import Path

import pytest

from tests.support.program import Workplace, at_work, id_of, ids, people, seed
from tests.support.remote import KEY, PASSWORD, SECRET, object_store, sftp_server
from tests.support.web import Asked, Said, web_server

REPORT_PASSWORD, TOKEN = "report-password-4711", "report-token-4711-abcdefgh"
CSV = "id,name\n1,Person 1\n2,Person 2\n"
HIDDEN = (REPORT_PASSWORD, TOKEN, PASSWORD, SECRET, b64encode(f"isu:{REPORT_PASSWORD}".encode()).decode())


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"REPORT_PASSWORD": REPORT_PASSWORD, "TOKEN": TOKEN, "SFTP_PASSWORD": PASSWORD, "S3_SECRET": SECRET}
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def without_secrets(workplace: Workplace, *texts: str) -> None:
    """Nothing that was written or said holds one, nor does the name of a file."""
    everything = [*workplace.written(journal=True).items(), *(("said", text.encode()) for text in texts)]
    assert len(everything) > 3
    for name, content in everything:
        assert not any(secret in name or secret.encode() in content for secret in HIDDEN), name


def test_the_same_people_come_from_everywhere(tmp_path: Path) -> None:
    rows = people(2)

    def respond(asked: Asked) -> Said:
        if "page" not in asked.target:
            assert asked.headers["authorization"] == f"Basic {HIDDEN[-1]}"
            return Said(json.dumps({"value": rows[:1], "@odata.nextLink": "/people?page=2"}).encode())
        return Said(json.dumps({"value": rows[1:]}).encode())

    names = ("report", "bucket", "sftp", "web")
    with (
        web_server(respond) as origin,
        web_server(lambda asked: Said(CSV.encode(), "text/csv")) as files,
        object_store() as store,
        sftp_server(tmp_path / "served") as sftp,
        at_work(tmp_path, *(seed(name) for name in names)) as (workplace, sandbox),
    ):
        store.put("extracts")
        store.put("extracts/people-1.csv.gz", gzip.compress(CSV.encode()))
        (sftp.folder / "people.csv").write_text(CSV)
        basic = {"basic": {"username": "isu", "password": "${REPORT_PASSWORD}"}}
        paging = {"next": "@odata.nextLink"}
        report = {"url": f"{origin}/people", "type": "json", "records": "value", "auth": basic, "paging": paging}
        workplace.add("report", source=report)
        bucket = {**store.options, "key": KEY, "secret": "${S3_SECRET}"}
        workplace.add("bucket", source={"path": "s3://extracts/people-*.csv.gz", "options": bucket})
        options = {"password": "${SFTP_PASSWORD}", "known_hosts": str(sftp.known_hosts)}
        workplace.add("sftp", source={"path": f"{sftp.url}/people.csv", "options": options})
        workplace.add("web", source=f"{files}/people.csv?token=${{TOKEN}}")
        found = workplace.run()
        assert found.statuses == dict.fromkeys(names, "succeeded"), found.err
        for name in names:
            assert ids(sandbox.items(id_of(name))) == ["1", "2"]
            assert [item["name"] for item in sandbox.items(id_of(name))] == ["Person 1", "Person 2"]
        without_secrets(workplace, found.out, found.err)
        assert list((workplace.state / "spool").iterdir()) == []


def test_each_that_cannot_be_had_fails_alone_and_says_why(tmp_path: Path) -> None:
    def respond(asked: Asked) -> Said:
        match asked.target.partition("?")[0]:
            case "/login":
                return Said(b"<!DOCTYPE html><html>Sign in</html>", "text/html")
            case "/cut":
                return Said(b'[{"id": "1"}', length=4000)
            case "/empty":
                return Said(b"[]")
            case _:
                return Said(b"", status=401)

    with (
        web_server(respond) as origin,
        sftp_server(tmp_path / "served") as sftp,
        at_work(
            tmp_path, *(seed(name, people(3)) for name in ("login", "cut", "empty", "denied", "locked", "fine"))
        ) as (
            workplace,
            sandbox,
        ),
    ):
        for name in ("login", "cut", "empty", "denied"):
            report = {"url": f"{origin}/{name}?key=${{TOKEN}}", "type": "json", "auth": {"bearer": "${TOKEN}"}}
            workplace.add(name, source={**report, "timeout": "8s"})
        options = {"password": "${TOKEN}", "known_hosts": str(sftp.known_hosts)}
        workplace.add("locked", source={"path": f"{sftp.url}/people.csv", "options": options})
        workplace.add("fine", people(3))
        found = workplace.run()
        assert found.code == 1
        assert found.statuses == {
            **dict.fromkeys(("login", "cut", "denied", "locked"), "failed"),
            "empty": "refused",
            "fine": "succeeded",
        }
        errors = {name: found.dataset(name)["error"] for name in ("login", "cut", "empty", "denied", "locked")}
        assert {name: error["stage"] for name, error in errors.items()} == {
            **dict.fromkeys(("login", "cut", "denied", "locked"), "source"),
            "empty": "guard",
        }
        assert f"{origin}/login answered with a web page in place of json" in errors["login"]["message"]
        assert f"{origin}/cut was cut short" in errors["cut"]["message"]
        assert "does not accept the credentials (401)" in errors["denied"]["message"]
        assert f"access to sftp://127.0.0.1:{sftp.port}/people.csv is refused" in errors["locked"]["message"]
        for name in errors:
            assert len(sandbox.items(id_of(name))) == 3
            assert found.dataset(name)["attempts"] == 0
        assert "Traceback" not in found.err
        without_secrets(workplace, found.out, found.err)
