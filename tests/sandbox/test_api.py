"""The calls under /api/v1: identity, strictness, and the whole import as the description walks through it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bulkimport.sandbox.world import DatasetSeed, PropertySeed
from tests.support.sandbox import CSV, JSON, PEOPLE, PEOPLE_SEED, POSITIONS, Caller, calling, quick_options

GENERATE = {"targetType": "json", "targetEncoding": "identity"}


def people(*ids: str, **more: Any) -> list[dict[str, Any]]:
    return [{"_action": "createOrUpdate", "employeeID": key, "name": f"name of {key}", **more} for key in ids]


async def test_the_import_goes_step_by_step_from_generate_to_the_result(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        location = await caller.generate()
        assert (await caller.upload(location, json.dumps(people("007", "8")).encode())).status == 200
        accepted = await caller.submit(PEOPLE, location)
        assert accepted.status == 202
        ticket = accepted.json()
        assert ticket["jobStatus"] == "created"
        assert ticket["_links"]["self"]["type"] == "jobTicket"
        assert ticket["_links"]["self"]["url"].startswith(sandbox.storage_url)
        assert ticket["X-Amzn-Trace-Id"] == accepted.headers["X-Amzn-Trace-Id"]
        ended = await caller.wait(ticket)
        assert ended["jobStatus"] == "completed"
        assert ended["_modifiedAt"]
        assert ended["_links"]["result"]["type"] == "downloadLink"
        entries = await caller.result(ended)
        assert [(entry["_status"], entry["_action"], entry["employeeID"]) for entry in entries] == [
            ("success", "create", "007"),
            ("success", "create", "8"),
        ]
        assert (await caller.send("GET", location["get"])).json() == entries
        assert [item["employeeID"] for item in await sandbox.items(PEOPLE)] == ["007", "8"]


async def test_a_second_import_skips_updates_and_deletes(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        await caller.load(PEOPLE, people("1", "2", "3"))
        _, entries = await caller.load(PEOPLE, [*people("1"), *people("2", name="new")])
        assert [(entry["_status"], entry["_action"], entry["employeeID"]) for entry in entries] == [
            ("skipped", "update", "1"),
            ("success", "update", "2"),
            ("implicitDelete", "delete", "3"),
        ]


async def test_the_cache_key_changes_with_the_data_and_only_then(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):

        async def cache_key() -> str:
            return str((await caller.api("GET", f"datasets/{PEOPLE}")).json()["cacheKey"])

        empty = await cache_key()
        await caller.load(PEOPLE, people("1"))
        filled = await cache_key()
        await caller.load(PEOPLE, people("1"))
        assert empty != filled == await cache_key()


async def test_csv_payloads_are_read_by_the_types_of_the_properties(tmp_path: Path) -> None:
    payload = b'_action,employeeID,name,salary,dob,active\ncreateOrUpdate,01,"a,""b""",1e3,2020-02-29,TRUE\n'
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        await caller.load(PEOPLE, payload, target_type="csv")
        (item,) = await sandbox.items(PEOPLE)
        del item["_id"]
        assert item == {"employeeID": "01", "name": 'a,"b"', "salary": 1000.0, "dob": "2020-02-29", "active": True}


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("authorization", "Bearer secret", "40101"),
        ("Authorization", "", "40101"),
        ("Authorization", "Basic secret", "40103"),
        ("Authorization", "Bearer ", "40103"),
        ("Authorization", "Bearer wrong", "40102"),
    ],
)
async def test_authentication_errors_have_the_documented_codes(
    tmp_path: Path, header: str, value: str, code: str
) -> None:
    async with calling(quick_options(tmp_path, tenant="ACME", token="secret")) as (_, caller):
        reply = await caller.send("GET", caller.url("datasets"), None, {header: value})
        assert (reply.status, reply.json()["errors"][0]["code"]) == (401, code)
        assert reply.headers["X-Amzn-Trace-Id"].startswith("Root=1-")


async def test_any_tenant_and_token_will_do_unless_they_are_given(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        url = f"{caller.address.base_url}/api/v1/ANY_1/datasets"
        assert (await caller.send("GET", url, None, {"Authorization": "Bearer any"})).status == 200
        url = f"{caller.address.base_url}/api/v1/lower/datasets"
        assert (await caller.send("GET", url, None, {"Authorization": "Bearer any"})).status == 400


async def test_another_tenant_than_the_one_given_is_refused(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path, tenant="ACME")) as (_, caller):
        url = f"{caller.address.base_url}/api/v1/OTHER/datasets"
        reply = await caller.send("GET", url, None, {"Authorization": "Bearer any"})
        assert reply.error_names == ["ApiTokenInvalid"]


@pytest.mark.parametrize(
    "headers",
    [{"content-type": JSON}, {"Content-Type": "application/json"}, {"Content-Type": "text/plain; charset=UTF-8"}, {}],
)
async def test_a_body_needs_the_documented_content_type_in_its_documented_spelling(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        sent = {"Authorization": f"Bearer {caller.address.token}", **headers}
        reply = await caller.send("POST", caller.url("files/generate"), json.dumps(GENERATE).encode(), sent)
        assert (reply.status, reply.json()["errors"][0]["code"]) == (415, "415001")


@pytest.mark.parametrize(
    "body",
    [
        {"targetType": "xml", "targetEncoding": "identity"},
        {"targetType": "json"},
        {"targetType": "json", "targetEncoding": "gzip"},
        {**GENERATE, "more": 1},
        [],
        b"{",
    ],
)
async def test_generate_wants_exactly_its_body(tmp_path: Path, body: Any) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        assert (await caller.api("POST", "files/generate", body)).status == 400


@pytest.mark.parametrize(
    ("method", "rest", "status", "name"),
    [
        ("GET", "datasets/people", 400, "PathParameterMustBeUUIDString"),
        ("GET", f"datasets/{POSITIONS}", 404, "NotFound"),
        ("GET", f"datasets/{PEOPLE}/nothing", 404, "NotFound"),
        ("DELETE", f"datasets/{PEOPLE}", 405, "MethodNotAllowed"),
        ("POST", f"datasets/{PEOPLE}/export/pdf", 404, "NotFound"),
    ],
)
async def test_what_does_not_exist_is_said_so(tmp_path: Path, method: str, rest: str, status: int, name: str) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        reply = await caller.api(method, rest)
        assert (reply.status, reply.error_names) == (status, [name])


@pytest.mark.parametrize(
    "query",
    [
        "autoId=true&idKey=name",
        "idKey=name&mergeKey=name",
        "implicitDelete=yes",
        "implicitdelete=true",
        "autoId=true&autoId=true",
        "dateFormat=YYYY",
        "idKey=nothing",
        "onItemAccessDenied=ignore",
    ],
)
async def test_query_parameters_are_read_strictly(tmp_path: Path, query: str) -> None:
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        location = await caller.generate()
        await caller.upload(location, b"[]")
        assert (await caller.submit(PEOPLE, location, query)).status == 400
        assert await sandbox.jobs() == []


async def test_an_import_of_what_was_never_uploaded_is_refused_or_fails(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path / "a")) as (sandbox, caller):
        assert (await caller.submit(PEOPLE, await caller.generate())).status == 400
        assert await sandbox.jobs() == []
    async with calling(quick_options(tmp_path / "b", location_check="job")) as (_, caller):
        accepted = await caller.submit(PEOPLE, await caller.generate())
        ticket = await caller.wait(accepted.json())
        assert (ticket["jobStatus"], ticket["errors"][0]["name"]) == ("failed", "ImportLocationUnreadable")


async def test_locations_must_be_whole_presigned_urls_of_the_sandbox(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        location = await caller.generate()
        await caller.upload(location, b"[]")
        for get in (
            location["get"][:-1],
            location["get"].replace("%2B", "+"),
            "http://example.org/x",
            location["put"],
        ):
            assert (await caller.submit(PEOPLE, {**location, "get": get})).status == 400


async def test_the_result_goes_to_the_location_that_was_named(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        source, target = await caller.generate(), await caller.generate()
        payload = json.dumps(people("1")).encode()
        await caller.upload(source, payload)
        ticket = (await caller.submit(PEOPLE, {"get": source["get"], "put": target["put"]})).json()
        ended = await caller.wait(ticket)
        assert (await caller.send("GET", target["get"])).json() == await caller.result(ended)
        assert (await caller.send("GET", source["get"])).body == payload


async def test_without_result_location_the_result_replaces_the_payload(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        location = await caller.generate()
        await caller.upload(location, json.dumps(people("1")).encode())
        body = {"importLocation": {"method": "GET", "url": location["get"]}}
        ticket = (await caller.api("PUT", f"datasets/{PEOPLE}/items/import?autoId=true", body)).json()
        ended = await caller.wait(ticket)
        assert (await caller.send("GET", location["get"])).json() == await caller.result(ended)


async def test_two_imports_of_one_dataset_run_in_the_order_of_their_acceptance(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        tickets = []
        for key in ("1", "2", "3"):
            location = await caller.generate()
            await caller.upload(location, json.dumps(people(key)).encode())
            tickets.append((await caller.submit(PEOPLE, location)).json())
        results = [await caller.result(await caller.wait(ticket)) for ticket in tickets]
        assert [[entry["_status"] for entry in entries] for entries in results] == [
            ["success"],
            ["success", "implicitDelete"],
            ["success", "implicitDelete"],
        ]
        assert [item["employeeID"] for item in await sandbox.items(PEOPLE)] == ["3"]


async def test_the_payload_is_the_one_that_lay_there_when_the_import_was_accepted(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        location = await caller.generate()
        await caller.upload(location, json.dumps(people("1")).encode())
        ticket = (await caller.submit(PEOPLE, location)).json()
        await caller.upload(location, json.dumps(people("2")).encode())
        await caller.wait(ticket)
        assert [item["employeeID"] for item in await sandbox.items(PEOPLE)] == ["1"]


async def test_items_are_streamed_as_one_array_and_compressed_on_request(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        assert (await caller.api("GET", f"datasets/{PEOPLE}/items")).json() == []
        await caller.load(PEOPLE, people(*map(str, range(5000))))
        plain = await caller.api("GET", f"datasets/{PEOPLE}/items")
        packed = await caller.api("GET", f"datasets/{PEOPLE}/items", Accept_Encoding="gzip")
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body
        assert plain.json() == await sandbox.items(PEOPLE)
        assert len(plain.json()) == 5000


async def test_a_dataset_above_the_limit_cannot_be_read_at_once(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path, items_limit=1)) as (_, caller):
        await caller.load(PEOPLE, people("1"))
        assert (await caller.api("GET", f"datasets/{PEOPLE}/items")).status == 200
        await caller.load(PEOPLE, people("1", "2"))
        assert (await caller.api("GET", f"datasets/{PEOPLE}/items")).status == 413


async def test_list_and_metadata_describe_the_datasets(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        (entry,) = (await caller.api("GET", "datasets")).json()
        assert (entry["datasetId"], entry["name"], entry["type"]) == (PEOPLE, "people", "PEOPLE")
        metadata = (await caller.api("GET", f"datasets/{PEOPLE.lower()}")).json()
        assert metadata["autoId"] == "employeeID"
        assert [(prop["key"], prop["type"], prop["isAutoId"]) for prop in metadata["properties"]][:3] == [
            ("employeeID", "text", True),
            ("name", "text", False),
            ("salary", "number", False),
        ]


async def test_a_dataset_can_be_created_and_then_filled(tmp_path: Path) -> None:
    body = {
        "name": "made",
        "type": "POSITIONS",
        "autoId": "id",
        "labelId": "label",
        "properties": [{"key": "id", "isRequired": True}, {"key": "label"}],
    }
    async with calling(quick_options(tmp_path)) as (_, caller):
        created = await caller.api("POST", "datasets", body)
        assert created.status == 201
        ticket, _ = await caller.load(created.json()["datasetId"], [{"_action": "create", "id": "1", "label": "x"}])
        assert ticket["jobStatus"] == "completed"
        assert (await caller.api("POST", "datasets", {**body, "autoId": "none"})).status == 400
        assert (
            await caller.api("POST", "datasets", {**body, "properties": [{"key": "id", "type": "x"}]})
        ).status == 400


async def test_the_synchronous_import_answers_with_the_result(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        reply = await caller.api("PUT", f"datasets/{PEOPLE}/items?autoId=true", people("1"))
        assert (reply.status, reply.json()[0]["_status"]) == (200, "success")
        reply = await caller.api(
            "PUT", f"datasets/{PEOPLE}/items?autoId=true", b"_action,employeeID\ncreate,1\n", Content_Type=CSV
        )
        assert (reply.status, reply.error_names) == (400, ["ItemExists"])
        huge = b"[" + b" " * (6 * 1024 * 1024) + b"]"
        assert (await caller.api("PUT", f"datasets/{PEOPLE}/items?autoId=true", huge)).status == 413
        assert len(await sandbox.items(PEOPLE)) == 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("jsonObjects", b'"name":"a\\tb"}]'),
        ("jsonRows", b'[["_id","employeeID","name","salary","dob","active"],\n["'),
        ("jsonColumns", b'"name":["a\\tb"],\n"salary":[null]'),
        ("csv", b"_id,employeeID,name,salary,dob,active\r\n"),
        ("tsv", b'\t1\t"a\tb"\t\t\t\r\n'),
    ],
)
async def test_exports_are_jobs_with_a_result(tmp_path: Path, kind: str, expected: bytes) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        await caller.load(PEOPLE, people("1", name="a\tb"))
        accepted = await caller.api("POST", f"datasets/{PEOPLE}/export/{kind}", {})
        assert accepted.status == 202
        ticket = await caller.wait(accepted.json())
        reply = await caller.send("GET", ticket["_links"]["result"]["url"])
        assert expected in reply.body
        assert reply.headers["Content-Type"] == ticket["_links"]["result"]["contentType"]


async def test_a_learning_dataset_takes_every_property_as_text(tmp_path: Path) -> None:
    seed = DatasetSeed(PEOPLE, "learner", auto_id="id")
    async with calling(quick_options(tmp_path, seeds=(seed,))) as (sandbox, caller):
        _, entries = await caller.load(PEOPLE, [{"_action": "createOrUpdate", "id": "007", "n": 5, "t": True}])
        assert entries[0]["_status"] == "success"
        (item,) = await sandbox.items(PEOPLE)
        assert (item["id"], item["n"], item["t"]) == ("007", "5", "true")
        properties = (await caller.api("GET", f"datasets/{PEOPLE}")).json()["properties"]
        assert properties == []  # it would take any


async def test_a_seed_completes_a_dataset_that_exists_and_keeps_its_items(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (_, caller):
        await caller.load(PEOPLE, people("1"))
    more = DatasetSeed(PEOPLE, "other", properties=(PropertySeed("name", "number"), PropertySeed("grade")), items=({},))
    async with calling(quick_options(tmp_path, seeds=(more,))) as (sandbox, caller):
        metadata = (await caller.api("GET", f"datasets/{PEOPLE}")).json()
        assert metadata["name"] == PEOPLE_SEED.name
        assert [(prop["key"], prop["type"]) for prop in metadata["properties"]][-1] == ("grade", "text")
        assert metadata["properties"][1]["type"] == "text"
        assert len(await sandbox.items(PEOPLE)) == 1


async def test_every_answer_has_a_date_and_the_api_a_trace_id(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        api, storage = await caller.api("GET", "datasets"), await caller.send("GET", f"{sandbox.storage_url}/x")
        assert "Date" in api.headers
        assert "Date" in storage.headers
        assert "X-Amzn-Trace-Id" in api.headers
        assert "X-Amzn-Trace-Id" not in storage.headers


async def test_requests_are_kept_as_they_came(tmp_path: Path) -> None:
    async with calling(quick_options(tmp_path)) as (sandbox, caller):
        assert isinstance(caller, Caller)
        location = await caller.generate()
        await caller.upload(location, b"[]")
        first, second = sandbox.requests
        assert (first.step, first.host, first.method, first.status) == ("generate", "api", "POST", 200)
        assert (second.step, second.host, second.framing, second.received) == ("upload", "storage", "length", 2)
        assert location["put"].endswith(second.target)
        assert second.header("Content-Type") == JSON
        assert second.header("content-type") is None
        assert second.ended is not None
        assert second.ended >= second.started
