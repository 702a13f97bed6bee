"""Every kind of fault at every step, once and always: each ends as the table says, and nothing hangs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.checks import assert_no_secret, assert_one_job_at_a_time, assert_sound_summary
from tests.support.program import at_work, fault, id_of, ids, people, seed

KINDS: dict[str, dict[str, Any]] = {
    "503": {"status": 503},
    "500": {"status": 500},
    "reset before": {"reset_before": True},
    "reset after": {"reset_after": True},
    "stall before": {"stall": 100},
    "stall after": {"stall_after": 100},
    "truncated": {"truncate": 0.5},
    "web page": {"html": True},
    "not JSON": {"malformed": True},
    "403": {"status": 403, "body": "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"},
    "expired": {"expire": True},
}
STALLS = ("stall before", "stall after")
IMPATIENT: dict[str, Any] = {
    "timeouts": {"connect": "60s", "read": "2s"},
    "retries": {"attempts": 2, "max_wait": "20ms", "total": "100s"},
}
"""Settings that end a stall. Only what stalls is run with them, a few datasets: all else may take its time."""
NEVER_IMPORTED = ("503", "500", "reset before", "stall before")
"""After these nobody can say whether the import was carried out; the sandbox did not."""
WITH_URLS = ("upload", "tempget", "poll", "result")

EXPECTED: dict[str, dict[str, dict[str, str]]] = {
    # Only warned about: it is the items that count. A file without properties cannot be checked against them.
    "metadata": {"once": dict.fromkeys(KINDS, "succeeded"), "always": dict.fromkeys(KINDS, "succeeded")},
    # Without the items, and without an earlier run, nothing is known of what would be deleted.
    "items": {
        "once": dict.fromkeys(KINDS, "succeeded") | {"403": "refused"},
        "always": dict.fromkeys(KINDS, "refused"),
    },
    "generate": {
        "once": dict.fromkeys(KINDS, "succeeded") | {"403": "failed"},
        "always": dict.fromkeys(KINDS, "failed"),
    },
    # What the store says in an answer of success does not matter; a fresh location helps against one that expired.
    "upload": {
        "once": dict.fromkeys(KINDS, "succeeded"),
        "always": dict.fromkeys(KINDS, "failed") | dict.fromkeys(("truncated", "web page", "not JSON"), "succeeded"),
    },
    # What the store holds of the upload; where it does not say how much, its acknowledgement has to do.
    "tempget": {
        "once": dict.fromkeys(KINDS, "succeeded"),
        "always": dict.fromkeys(KINDS, "succeeded") | dict.fromkeys(("expired", "web page"), "failed"),
    },
    # Never sent twice. Found by its result if it was carried out, else unknown.
    "import": {
        "once": dict.fromkeys(KINDS, "succeeded") | dict.fromkeys(NEVER_IMPORTED, "unknown") | {"403": "failed"},
        "always": dict.fromkeys(KINDS, "succeeded") | dict.fromkeys(NEVER_IMPORTED, "unknown") | {"403": "failed"},
    },
    # The result at the location proves the job's end where the ticket, or the result's own link, is of no use.
    "poll": {"once": dict.fromkeys(KINDS, "succeeded"), "always": dict.fromkeys(KINDS, "succeeded")},
    "result": {"once": dict.fromkeys(KINDS, "succeeded"), "always": dict.fromkeys(KINDS, "succeeded")},
}


def cases(step: str, occasion: str, *, stalls: bool) -> Iterator[tuple[str, dict[str, Any], str]]:
    """(kind, action, expected status) for every fault that can happen at the step, the stalls or all others."""
    for kind, action in KINDS.items():
        if (kind in STALLS) is not stalls:
            continue
        if (kind == "expired" and step not in WITH_URLS) or (kind == "truncated" and step == "tempget"):
            continue  # nothing presigned; an answer of one byte
        yield kind, action, EXPECTED[step][occasion][kind]


def watched_for(step: str, occasion: str, status: str) -> dict[str, Any]:
    """The settings of a dataset whose job, or whose lost import, is not to be watched for long.

    A ticket that is never readable is given up at `poll.timeout`, by which the job has to have ended; an import that
    never was is searched for as long.
    """
    if status == "unknown":
        return {"poll": {"timeout": "1s"}}
    return {"poll": {"timeout": "6s"}} if (step, occasion) == ("poll", "always") else {}


@pytest.mark.parametrize("stalls", [False, True])
@pytest.mark.parametrize("step", ["metadata", "items", "import", "poll", "result"])
def test_a_fault_at_a_step_of_one_dataset(step: str, stalls: bool, tmp_path: Path) -> None:
    expected, rules, settings = {}, [], {}
    for occasion, when in (("once", {"nth": 1}), ("always", {})):
        for number, (_, action, status) in enumerate(cases(step, occasion, stalls=stalls)):
            name = f"{occasion}-{number}"
            expected[name] = status
            rules.append(fault(step, action, name, **when))
            settings[name] = watched_for(step, occasion, status)
    expected["untouched"] = "succeeded"
    with at_work(tmp_path, *(seed(name, people(3)) for name in expected), faults=rules) as (work, sandbox):
        work.settings |= {"run": {"max_parallel_datasets": 40}} | (IMPATIENT if stalls else {})
        for name in expected:
            work.add(name, people(3, start=2), **settings.get(name, {}))
        run = work.run()
        jobs = sandbox.jobs()
        held = {name: ids(sandbox.items(id_of(name))) for name in expected}
    assert run.statuses == expected
    assert run.code == (0 if set(expected.values()) == {"succeeded"} else 1)
    assert_sound_summary(run.document)
    assert_no_secret(work, run)
    assert len({job.dataset_id for job in jobs}) == len(jobs)  # one at most for each, whatever went wrong
    for dataset in run.document["datasets"]:
        name, status = dataset["name"], dataset["status"]
        assert held[name] == (["2", "3", "4"] if status == "succeeded" else ["1", "2", "3"]), name
        if status == "unknown":
            assert dataset["error"]["stage"] == step


@pytest.mark.parametrize("stalls", [False, True])
@pytest.mark.parametrize("occasion", ["once", "always"])
@pytest.mark.parametrize("step", ["generate", "upload", "tempget"])
def test_a_fault_at_a_step_that_knows_no_dataset(step: str, occasion: str, stalls: bool, tmp_path: Path) -> None:
    when: dict[str, Any] = {"nth": 1} if occasion == "once" else {}
    found, expected = {}, {}
    with at_work(tmp_path, *(seed(f"d{number}", people(3)) for number in range(len(KINDS)))) as (work, sandbox):
        work.settings |= IMPATIENT if stalls else {}
        for number, (kind, action, status) in enumerate(cases(step, occasion, stalls=stalls)):
            name = f"d{number}"
            work.datasets.clear()
            work.add(name, people(3, start=2))
            sandbox.set_faults(fault(step, action, **when))
            run = work.run()
            dataset = run.dataset(name)
            found[kind], expected[kind] = dataset["status"], status
            assert_sound_summary(run.document)
            assert_no_secret(work, run)
            assert dataset["status"] == "succeeded" or dataset["error"]["stage"] in (step, "upload"), kind
            held = ids(sandbox.items(id_of(name)))
            assert held == (["2", "3", "4"] if dataset["status"] == "succeeded" else ["1", "2", "3"]), kind
        assert_one_job_at_a_time(sandbox.jobs())
    assert found == expected


TENANT_WIDE = {
    "40102": (401, "ApiTokenInvalid"),
    "40302": (403, "ApiTokenExpired"),
    "42902": (429, "QuotaExceeded"),
}


@pytest.mark.parametrize("code", TENANT_WIDE)
@pytest.mark.parametrize("step", ["metadata", "items", "generate", "import"])
def test_what_concerns_the_tenant_stops_every_dataset_that_is_not_submitted(
    step: str, code: str, tmp_path: Path
) -> None:
    status, name = TENANT_WIDE[code]
    body = {"errors": [{"name": name, "code": code, "message": "no more of this"}]}
    names = ["first", "second", "third"]
    rules = [fault(step, {"status": status, "body": body})]
    with at_work(tmp_path, *(seed(one, people(3)) for one in names), faults=rules) as (work, sandbox):
        work.settings["run"] = {"max_parallel_datasets": 1}
        for one in names:
            work.add(one, people(3, start=2))
        run = work.run()
        assert sandbox.jobs() == []
        asked = [request.step for request in sandbox.requests].count(step)
    assert run.code == 1
    assert run.statuses == {"first": "failed", "second": "cancelled", "third": "cancelled"}
    assert run.dataset("first")["error"]["code"] == code
    assert name in run.dataset("third")["error"]["message"]
    assert asked == 1  # it is not tried again, for none of them
    assert_sound_summary(run.document)
    assert_no_secret(work, run)


@pytest.mark.parametrize("advice", ["seconds", "date", "none"])
def test_a_throttled_run_waits_and_succeeds(advice: str, tmp_path: Path) -> None:
    """Every step of the API is turned away once; the store does not throttle."""
    body = {"errors": [{"name": "Throttled", "code": "42901", "message": "slow down"}]}
    action: dict[str, Any] = {"status": 429, "body": body}
    if advice == "seconds":
        action["retry_after"] = 1
    if advice == "date":
        action["retry_after"] = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
    steps = ("metadata", "items", "generate", "import")
    rules = [fault(step, action, nth=1) for step in steps]
    with at_work(tmp_path, seed("people", people(3)), faults=rules) as (work, sandbox):
        work.add("people", people(3, start=2))
        run = work.run()
        assert ids(sandbox.items(id_of("people"))) == ["2", "3", "4"]
        assert len(sandbox.jobs()) == 1
    assert run.statuses == {"people": "succeeded"}
    assert run.document["throttled"] == len(steps)
    assert_sound_summary(run.document)
