from dataclasses import replace

from bulkimport.model import DatasetStatus
from bulkimport.report.alike import alike, attention, in_full
from tests.report.examples import EXPIRED, SUCCEEDED, ended


def test_what_has_one_cause_is_explained_once_with_all_names_and_traces() -> None:
    other = replace(EXPIRED, trace_id="Root=1-other")
    datasets = [
        ended(DatasetStatus.FAILED, "a", EXPIRED),
        SUCCEEDED,
        ended(DatasetStatus.FAILED, "b", other),
        ended(DatasetStatus.FAILED, "c", replace(EXPIRED, message="Another.")),
        ended(DatasetStatus.REFUSED, "d", EXPIRED),
        replace(SUCCEEDED, status=None),
    ]
    found = alike(datasets)
    assert [group.names for group in found] == [["a", "b"], ["c"], ["d"]]
    assert found[0].traces == [EXPIRED.trace_id, "Root=1-other"]


def test_what_failed_needs_attention_before_what_waits_and_what_succeeded() -> None:
    order = [DatasetStatus.FAILED, DatasetStatus.REFUSED, DatasetStatus.BLOCKED, DatasetStatus.SUCCEEDED]
    places = [attention(ended(status)) for status in order]
    assert places == sorted(set(places))
    assert attention(ended(DatasetStatus.UNCHANGED)) == places[-1]


def test_a_message_is_completed_by_what_it_does_not_say_itself() -> None:
    assert in_full(EXPIRED) == "The API token has expired. [HTTP 403, 40302, ApiTokenExpired]"
    assert in_full(replace(EXPIRED, message="403: 40302 ApiTokenExpired")) == "403: 40302 ApiTokenExpired"
