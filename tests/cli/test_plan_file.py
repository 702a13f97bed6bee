"""Plan files: what is put in, which run may apply one, and that it does so once."""

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bulkimport.cli.plan_file import check_savable, load_plan, save_plan, use_once
from bulkimport.errors import StateError, UsageError
from bulkimport.guards import Allowance
from bulkimport.identity import fingerprint
from bulkimport.journal import Journal
from bulkimport.model import Changes, ErrorReport, ImportOptions, Tenant
from bulkimport.planner import PlannedDataset
from bulkimport.saved_plan import Approval, SavedPlan
from tests.support.clock import FakeClock
from tests.support.vocabulary import a_config, a_dataset, a_payload

KEY = "/configs/all.yaml"
CONFIG = a_config(*map(a_dataset, ("people", "links", "blind")))
READY = PlannedDataset("people", "A", "ready", a_payload(9), "live", 12, Changes(1, 2, 3, 4))
REFUSED = PlannedDataset("links", "B", "refused", a_payload(9), error=ErrorReport(None, "No.", "Look."))
UNSEEN = PlannedDataset("blind", "C", "ready", a_payload(9), "none")


def saved(folder: Path, *planned: PlannedDataset, allowances: dict[str, Allowance] | None = None) -> Path:
    path = folder / "plan.json"
    save_plan(path, CONFIG, KEY, list(planned), allowances or {}, FakeClock())
    return path


def test_only_what_was_ready_is_approved(tmp_path: Path) -> None:
    path = saved(tmp_path, READY, REFUSED, UNSEEN, allowances={"people": Allowance(5)})
    plan = load_plan(path, CONFIG, KEY)
    sha256 = a_payload(9).sha256
    assert plan.approvals == {
        "people": Approval(sha256, 3, "live", allow_delete=5, fingerprint=fingerprint(CONFIG, CONFIG.datasets[0])),
        "blind": Approval(sha256, None, "none", fingerprint=fingerprint(CONFIG, CONFIG.datasets[2])),
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_plan_of_another_config_or_tenant_is_a_usage_error(tmp_path: Path) -> None:
    path = saved(tmp_path, READY)
    with pytest.raises(UsageError, match="another config"):
        load_plan(path, CONFIG, "/configs/other.yaml")
    with pytest.raises(UsageError, match="tenant"):
        load_plan(path, replace(CONFIG, tenant=Tenant("sandbox", "OTHER", None)), KEY)


@pytest.mark.parametrize(
    "change", [{"dataset_id": "OTHER"}, {"key": ("name",)}, {"import_options": ImportOptions(implicit_delete=False)}]
)
def test_a_plan_for_a_dataset_that_would_go_elsewhere_by_now_is_a_usage_error(
    change: dict[str, Any], tmp_path: Path
) -> None:
    path = saved(tmp_path, READY)
    changed = replace(CONFIG, datasets=(a_dataset("people", **change),))
    with pytest.raises(UsageError, match="made for another config of people: "):
        load_plan(path, changed, KEY)
    load_plan(path, replace(CONFIG, datasets=(a_dataset("people"), a_dataset("links", **change))), KEY)


def test_a_plan_in_which_nothing_was_ready_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ready"):
        load_plan(saved(tmp_path, REFUSED), CONFIG, KEY)


async def test_a_plan_is_used_once(tmp_path: Path) -> None:
    plan = SavedPlan("a1", KEY, "sandbox/ACME", "", {})
    async with Journal.open(tmp_path, FakeClock()) as journal:
        await use_once(journal, plan, "run-1")
        await use_once(journal, plan, "run-1")
        with pytest.raises(UsageError, match="applied already, by run run-1"):
            await use_once(journal, plan, "run-2")
        await use_once(journal, replace(plan, plan_id="a2"), "run-2")


def test_where_nothing_can_be_written_is_known_beforehand(tmp_path: Path) -> None:
    check_savable(tmp_path / "plan.json")
    for path in (tmp_path, tmp_path / "missing" / "plan.json"):
        with pytest.raises(UsageError, match="cannot be saved"):
            check_savable(path)


def test_a_disk_that_fails_at_the_end_is_told(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be saved"):
        saved(tmp_path / "missing", READY)
