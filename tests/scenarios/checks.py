"""What must be true of every run, however it went."""

import re
from collections import defaultdict
from itertools import pairwise
from typing import Any

from bulkimport.model import DatasetStatus, Stage
from bulkimport.sandbox.state import Job
from tests.support.program import TOKEN, Invocation, Workplace

SECRETS = re.compile(rf"{TOKEN}|X-Amz-(Signature|Security-Token|Credential)|x-until=|IQoJb3")
ITEMS = {"created", "updated", "deleted", "skipped", "failed"}
ERROR = {"stage", "http_status", "code", "name", "message", "hint", "trace_id", "retryable"}
NOTHING_SENT = {"refused", "blocked", "cancelled"}


def assert_sound_summary(document: dict[str, Any]) -> None:
    """The document has the shape of the contract, and what it says fits together."""
    assert document["schema"] == "bulkimport.run/1"
    assert document["status"] in ("succeeded", "failed", "interrupted")
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{4}", document["run_id"])
    assert document["finished_at"] >= document["started_at"]
    assert document["requests"] >= 0
    assert document["throttled"] >= 0
    good = [dataset["status"] in ("succeeded", "unchanged") for dataset in document["datasets"]]
    if document["status"] != "interrupted":
        assert (document["status"] == "succeeded") is all(good)
    for dataset in document["datasets"]:
        assert_sound_dataset(dataset)


def assert_sound_dataset(dataset: dict[str, Any]) -> None:
    name, status, error = dataset["name"], dataset["status"], dataset["error"]
    assert status in set(DatasetStatus), name
    assert dataset["items"].keys() == ITEMS, name
    assert dataset["duration_s"] >= 0, name
    if status in ("succeeded", "unchanged"):
        assert error is None, name
        return
    assert error.keys() >= ERROR, name
    assert error["stage"] in {None, *Stage}, name
    assert len(error["message"]) > 20, name
    assert len(error["hint"]) > 10, name
    assert ("blocked_by" in error) is (status == "blocked"), name
    if status in NOTHING_SENT:
        assert dataset["items"] == dict.fromkeys(ITEMS, 0), name


def assert_no_secret(workplace: Workplace, *invocations: Invocation) -> None:
    """Neither the token nor a presigned URL is in anything that was printed, or written outside of the journal."""
    texts = workplace.written() | {
        f"{stream} {number}": getattr(invocation, stream).encode()
        for number, invocation in enumerate(invocations)
        for stream in ("out", "err")
    }
    assert {name for name, content in texts.items() if SECRETS.search(content.decode("utf-8", "replace"))} == set()


def assert_one_job_at_a_time(jobs: list[Job]) -> None:
    """Of each dataset no job was accepted while an earlier one had not ended."""
    by_dataset: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        by_dataset[job.dataset_id].append(job)
    for own in by_dataset.values():
        for earlier, later in pairwise(own):
            assert earlier.modified_at is not None
            assert earlier.modified_at <= later.created_at
