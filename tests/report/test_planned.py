from bulkimport.model import Changes, Stage
from bulkimport.planner import PlannedDataset
from bulkimport.report.layout import Layout
from bulkimport.report.planned import check_document, check_text, plan_document, plan_text
from tests.support.vocabulary import a_payload, an_error

READY = PlannedDataset("people", "ID-1", "ready", a_payload(100), "live", 90, Changes(20, 5, 10, 75))
REFUSED = PlannedDataset(
    "positions",
    "ID-2",
    "refused",
    a_payload(3),
    "last_run",
    error=an_error("Too many deletions.", stage=Stage.GUARD),
    warnings=("The items could not be read.",),
)
FAILED = PlannedDataset("links", "ID-3", "failed", error=an_error("There is no file.", stage=Stage.SOURCE))
ALL = (READY, REFUSED, FAILED)
LAYOUT = Layout(width=100)


def test_the_plan_document_has_the_contracts_keys_for_every_dataset() -> None:
    document = plan_document("all.yaml", ALL, sandbox=True)
    assert (document["schema"], document["config"]) == ("bulkimport.plan/1", "all.yaml")
    keys = {"name", "dataset_id", "status", "rows", "bytes", "sha256", "baseline", "items", "error"}
    assert all(one.keys() >= keys for one in document["datasets"])
    ready, refused, failed = document["datasets"]
    assert ready["items"] == {"created": 20, "updated": 5, "deleted": 10, "unchanged": 75}
    assert (ready["rows"], ready["error"]) == (100, None)
    assert (refused["items"], refused["error"]["stage"], refused["warnings"]) == (None, "guard", list(REFUSED.warnings))
    assert (failed["rows"], failed["sha256"], failed["error"]["message"]) == (None, None, "There is no file.")


def test_the_plan_text_shows_the_numbers_the_reasons_and_what_to_do() -> None:
    text = plan_text("all.yaml", ALL, LAYOUT, sandbox=False)
    for part in (
        "nothing was changed",
        "people",
        "20",
        "75",
        "refused",
        "Too many deletions.",
        "Try again.",
        "Warning",
    ):
        assert part in text
    assert "SANDBOX" not in text


def test_a_plan_against_the_sandbox_says_so_at_both_ends() -> None:
    lines = plan_text("all.yaml", [READY], LAYOUT, sandbox=True).strip().splitlines()
    assert lines[0].startswith("SANDBOX")
    assert lines[-1].startswith("SANDBOX")


def test_a_check_tells_the_columns_and_the_warnings_of_the_config() -> None:
    document = check_document("all.yaml", ALL, ["The token stands readable."])
    assert document["schema"] == "bulkimport.check/1"
    assert document["warnings"] == ["The token stands readable."]
    assert [one["columns"] for one in document["datasets"]] == [["employeeID", "name"], ["employeeID", "name"], None]
    text = check_text("all.yaml", ALL, ["The token stands readable."], LAYOUT)
    for part in ("people", "The token stands readable.", "There is no file."):
        assert part in text
