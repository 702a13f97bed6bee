"""The example configs of configs/sources, read from servers that answer as the real ones do."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio.to_thread
from yarl import URL

from bulkimport.config import load
from bulkimport.model import Dataset, HttpSource, RemoteSource, Secret
from bulkimport.payload import PayloadRequest, prepare
from tests.support.http import Received, Reply, ScriptedServer, answer, json_answer, scripted_server
from tests.support.readme import ROOT

FOLDER = ROOT / "configs" / "sources"
ENVIRONMENT = {
    "WORKDAY_HOST": "workday.example",
    "WORKDAY_REPORT": "acme/isu/People",
    "WORKDAY_USER": "isu_orgvue",
    "WORKDAY_PASSWORD": "password-4711",
    "SF_HOST": "sf.example",
    "SF_USER": "orgvue@acme",
    "SF_PASSWORD": "password-4711",
    "BAMBOO_COMPANY": "acme",
    "BAMBOO_KEY": "key-4711",
    "EXTRACT_BUCKET": "extracts",
    "S3_KEY": "key-4711",
    "S3_SECRET": "secret-4711",
    "SFTP_HOST": "sftp.example",
    "SFTP_PASSWORD": "password-4711",
    "WEB_HOST": "web.example",
}


def examples() -> dict[str, Dataset]:
    configs = [load(path, ENVIRONMENT) for path in sorted(FOLDER.glob("*.yaml"))]
    assert [warning for config in configs for warning in config.warnings] == []
    return {dataset.name: dataset for config in configs for dataset in config.datasets}


def test_every_example_loads_and_shows_no_secret() -> None:
    found = examples()
    assert len(found) == 7
    assert "4711" not in repr(found)


async def sent(name: str, folder: Path, server: ScriptedServer) -> Sequence[dict[str, Any]]:
    """The payload of an example whose report is on `server`."""
    dataset = await anyio.to_thread.run_sync(lambda: examples()[name])
    assert isinstance(dataset.source, HttpSource)
    url = URL(dataset.source.url.reveal(), encoded=True)
    assert url.scheme == "https"
    source = replace(dataset.source, url=Secret(f"{server.origin}{url.raw_path_qs}"))
    request = PayloadRequest.of(replace(dataset, source=source), folder)
    payload = await anyio.to_thread.run_sync(prepare, request)
    text = await anyio.to_thread.run_sync(Path(payload.path).read_bytes)
    items: list[dict[str, Any]] = json.loads(text)
    assert not any("4711" in path.name for path in folder.rglob("*"))
    return [{name: value for name, value in item.items() if name != "_action"} for item in items]


def asked_with(server: ScriptedServer, credentials: str) -> None:
    assert {request.header("Authorization") for request in server.received} == {credentials}


async def test_workday(tmp_path: Path) -> None:
    entry = {"Employee_ID": "21001", "Worker": "Ann Lee", "Hire_Date": "2019-04-01", "Location": "London", "FTE": "0.8"}
    async with scripted_server(json_answer({"Report_Entry": [{**entry, "Cost": "1"}]})) as server:
        assert await sent("workday-people", tmp_path, server) == [
            {"employeeID": "21001", "name": "Ann Lee", "hireDate": "2019-04-01", "location": "London", "fte": 0.8}
        ]
    assert server.received[0].target == "/ccx/service/customreport2/acme/isu/People?format=json"
    asked_with(server, "Basic aXN1X29yZ3Z1ZTpwYXNzd29yZC00NzEx")


async def test_successfactors(tmp_path: Path) -> None:
    def entry(number: int) -> dict[str, Any]:
        uri = f"https://sf.example/odata/v2/EmpJob('{number}')"
        return {
            "__metadata": {"uri": uri, "type": "SFOData.EmpJob"},
            "userId": f"{number}",
            "startDate": "/Date(1577836800000)/",
            "jobTitle": None,
            "fte": "1",
            "userNav": {"__metadata": {"uri": uri}, "defaultFullName": f"Person {number}"},
        }

    def first(request: Received) -> Reply:
        return json_answer({"d": {"results": [entry(1)], "__next": f"{server.origin}/odata/v2/EmpJob?$skiptoken=eyJz"}})

    async with scripted_server(first, json_answer({"d": {"results": [entry(2)]}})) as server:
        assert await sent("successfactors-people", tmp_path, server) == [
            {"employeeID": f"{n}", "name": f"Person {n}", "startDate": "2020-01-01", "jobTitle": None, "fte": 1}
            for n in (1, 2)
        ]
    query = URL(server.received[0].target).query
    assert (query["$format"], query["$expand"], query["paging"]) == ("json", "userNav", "snapshot")
    assert server.received[1].target == "/odata/v2/EmpJob?$skiptoken=eyJz"
    asked_with(server, "Basic b3JndnVlQGFjbWU6cGFzc3dvcmQtNDcxMQ==")


async def test_bamboohr(tmp_path: Path) -> None:
    people = [{"id": "123", "firstName": "Ann", "lastName": "Lee", "hireDate": "2019-04-01"}]
    report = {"title": "Orgvue", "fields": [{"id": "id", "type": "int", "name": "EEID"}], "employees": people}
    async with scripted_server(json_answer(report)) as server:
        assert await sent("bamboohr-people", tmp_path, server) == [
            {"employeeID": "123", "firstName": "Ann", "lastName": "Lee", "hireDate": "2019-04-01"}
        ]
    assert server.received[0].target == "/api/gateway.php/acme/v1/reports/128?format=JSON"
    asked_with(server, "Basic a2V5LTQ3MTE6eA==")


async def test_bamboohr_as_csv(tmp_path: Path) -> None:
    text = b'"Employee #","First name","Last name","Hire Date"\n"7","Ann","Lee","2019-04-01"\n'
    async with scripted_server(answer(200, text, [("Content-Type", "text/csv")])) as server:
        assert await sent("bamboohr-people-csv", tmp_path, server) == [
            {"employeeID": "7", "firstName": "Ann", "lastName": "Lee"}
        ]


def test_remote_files_say_where_they_are() -> None:
    sources = [dataset.source for dataset in examples().values() if isinstance(dataset.source, RemoteSource)]
    assert [source.urls[0].reveal() for source in sources] == [
        "s3://extracts/people-*.csv.gz",
        "sftp://extract@sftp.example/outgoing/people.csv",
        "https://web.example/extracts/people.csv",
    ]
