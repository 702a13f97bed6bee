"""Before a run: what `check` finds out, and what is told of a token before anything is sent with it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.orgvue.test_token import jwt
from tests.scenarios.checks import assert_sound_summary
from tests.support.program import TENANT, Invocation, Workplace, at_work, fault, id_of, people, seed


def with_token(work: Workplace, days: float) -> str:
    token = jwt({"exp": (datetime.now(UTC) + timedelta(days=days)).timestamp()})
    path = work.folder / "jwt"
    path.write_text(token)
    path.chmod(0o600)
    work.settings["tenant"] = {"base_url": work.address.base_url, "tenant_id": TENANT, "token_file": "jwt"}
    return token


def statuses(found: Invocation) -> dict[str, str]:
    return {one["dataset"] or one["name"]: one["status"] for one in found.document["checks"]}


def test_a_check_before_everything_is_in_order(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people"), seed("links")) as (work, sandbox):
        work.add("people", people(3))
        work.add("links", people(3))
        with_token(work, 40)
        offline = work.invoke("check")
        assert statuses(offline) == dict.fromkeys(("token", "quota", "disk"), "ok")
        assert sandbox.requests == []
        found = work.invoke("check", "--online")
        assert found.code == 0, found.err
        names = ("token", "quota", "disk", "tenant", "clock", "storage", "people", "links")
        assert statuses(found) == dict.fromkeys(names, "ok")
        text = work.invoke("check", "--online", output="text").out
        assert "✓ token: Valid until" in text
        assert "✓ datasets: 2 datasets found" in text
        assert {request.method for request in sandbox.requests if request.step != "generate"} == {"GET"}


def test_an_expired_token_is_told_and_not_sent(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(3)), seed("links")) as (work, sandbox):
        work.add("people", people(3, start=2))
        work.add("links", people(1), depends_on=["people"])
        token = with_token(work, -2)
        for options in ((), ("--online",)):
            found = work.invoke("check", *options)
            assert found.code == 1
            assert statuses(found)["token"] == "failed"
        run = work.run()
        assert run.code == 1
        assert_sound_summary(run.document)
        assert run.statuses == {"people": "failed", "links": "blocked"}
        assert run.dataset("people")["error"]["code"] == "40302"
        assert "expired on" in run.document["warnings"][0]
        assert sandbox.requests == []
        assert token not in run.out + run.err
        with_token(work, 100)
        assert work.run("--failed").statuses == {"people": "succeeded", "links": "succeeded"}


def test_the_end_of_a_token_is_announced_by_every_run(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people", people(3))) as (work, _):
        work.add("people", people(3, start=2))
        with_token(work, 5.5)
        run = work.run()
        assert run.code == 0
        (sentence,) = run.document["warnings"]
        assert sentence.startswith("The API token expires in 5 days")
        assert sentence in run.err


@pytest.mark.parametrize(
    ("code", "name"), [("40303", "ApiTokenSubnetViolation"), ("40324", "UserAccountSubnetViolation")]
)
def test_a_forbidden_subnet_is_explained(code: str, name: str, tmp_path: Path) -> None:
    body = {"errors": [{"name": name, "code": code, "message": "Not from here."}]}
    rules = [fault("api", {"status": 403, "body": body})]
    with at_work(tmp_path, seed("people"), faults=rules) as (work, _):
        work.add("people", people(3))
        found = work.invoke("check", "--online")
        assert found.code == 1
        assert statuses(found)["tenant"] == "failed"
        assert statuses(found)["storage"] == "skipped"
        tenant = next(one for one in found.document["checks"] if one["name"] == "tenant")
        assert "subnet" in tenant["hint"]


def test_a_wrong_id_is_found_by_its_name(tmp_path: Path) -> None:
    with at_work(tmp_path, seed("people")) as (work, _):
        work.add("people", people(3), dataset_id=id_of("nobody"))
        found = work.invoke("check", "--online", output="text")
        assert found.code == 1
        assert f"dataset_id: {id_of('people')}" in " ".join(found.out.split())
