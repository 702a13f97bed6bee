"""A restore's own steps: its payload comes from backups, is shown, judged by the guards, and sent as approved."""

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bulkimport.errors import StateError
from bulkimport.guards import Allowance
from bulkimport.model import Changes, Dataset, DatasetStatus, Guards, Stage
from bulkimport.refresh.events import RefreshEnded
from bulkimport.refresh.machine import Refresh
from bulkimport.refresh.restoring import Restoring
from bulkimport.snapshot.restoration import Undo
from bulkimport.wording import Typed
from tests.support.clock import FakeClock
from tests.support.refreshing import Bench, a_bench, csv_dataset

AGAIN = partial(Typed("configs/all.yaml").command, "restore", "people", "--run", "run-0")


@dataclass
class Restore:
    """A bench on which one dataset is restored, and what the person who approves was shown."""

    bench: Bench
    folder: Path
    answer: bool = True
    shown: list[tuple[Changes, int]] = field(default_factory=list)

    async def undo(self) -> tuple[Undo, ...]:
        return (Undo(str(self.folder / "backup.gz"), str(self.folder / "created.gz")),)

    async def approve(self, changes: Changes, held: int) -> bool:
        self.shown.append((changes, held))
        return self.answer

    async def drive(self) -> Refresh:
        steps: dict[str, Any] = {
            command.name: step for command, step in Restoring(self.undo, self.approve, AGAIN).steps.items()
        }
        driver = await self.bench.driver("people", **steps)
        return await driver.drive()

    @property
    def sent(self) -> list[Any]:
        (stored,) = self.bench.service.stored.values()
        rows: list[Any] = json.loads(stored)
        return rows


def pack(path: Path, objects: list[dict[str, Any]]) -> None:
    path.write_bytes(gzip.compress(b"".join(json.dumps(one).encode() + b"\n" for one in objects)))


def prepare(folder: Path, guards: Guards | None = None) -> Dataset:
    """Twelve items were created and one was deleted since."""
    pack(folder / "backup.gz", [{"_id": "A", "id": "1", "name": "Ann"}])
    pack(folder / "created.gz", [{"id": f"{number}"} for number in range(10, 22)])
    return csv_dataset(folder, "people", guards=guards or Guards())


@asynccontextmanager
async def restoring(folder: Path, dataset: Dataset, **more: Any) -> AsyncIterator[Restore]:
    async with a_bench(folder, dataset, clock=FakeClock(), **more) as bench:
        items = [{"id": f"{number}", "name": "new"} for number in range(10, 22)] + [{"id": "5", "name": "as ever"}]
        bench.service.items[dataset.dataset_id] = items
        yield Restore(bench, folder)


ALLOWED = {"allowances": {"people": Allowance(12)}}


async def test_what_was_approved_is_sent(tmp_path: Path) -> None:
    dataset = prepare(tmp_path)
    async with restoring(tmp_path, dataset, **ALLOWED) as restore:
        restore.bench.service.looks = 10**9  # the fake's jobs know no actions but one; its start is enough
        restore.bench.service.errors["poll"] = [StateError("Seen enough.")]
        await restore.drive()
        assert [(one.created, one.deleted, held) for one, held in restore.shown] == [(1, 12, 13)]
        assert restore.sent == [{"_action": "delete", "id": str(number)} for number in range(10, 22)] + [
            {"_action": "createOrUpdate", "id": "1", "name": "Ann"}
        ]
        assert restore.bench.service.times("import") == 1
        assert "PayloadChecked" in await restore.bench.kinds("people")


async def test_a_refusal_names_the_restore_that_would_be_let_through(tmp_path: Path) -> None:
    dataset = prepare(tmp_path)
    async with restoring(tmp_path, dataset) as restore:
        refresh = await restore.drive()
        assert refresh.status is DatasetStatus.REFUSED
        assert refresh.error is not None
        assert refresh.error.stage is Stage.GUARD
        assert refresh.error.hint.endswith(AGAIN("--allow-delete", "people=12"))
        assert "source" not in refresh.error.hint
        assert refresh.changes is not None
        assert len(restore.shown) == 1
        assert restore.bench.service.times("generate") == 0


async def test_what_is_not_approved_is_cancelled(tmp_path: Path) -> None:
    dataset = prepare(tmp_path)
    async with restoring(tmp_path, dataset, **ALLOWED) as restore:
        restore.answer = False
        refresh = await restore.drive()
        assert refresh.status is DatasetStatus.CANCELLED
        assert restore.bench.service.times("generate") == 0


async def test_where_nothing_is_to_be_put_back_nobody_is_asked(tmp_path: Path) -> None:
    dataset = prepare(tmp_path)
    async with restoring(tmp_path, dataset) as restore:
        restore.bench.service.items[dataset.dataset_id] = [{"id": "1", "name": "Ann"}, {"id": "9"}]
        refresh = await restore.drive()
        assert (refresh.status, refresh.held) == (DatasetStatus.UNCHANGED, 2)
        assert restore.shown == []
        assert restore.bench.service.times("generate") == 0


async def test_a_dataset_that_changes_after_the_approval_is_left_alone(tmp_path: Path) -> None:
    dataset = prepare(tmp_path)
    async with restoring(tmp_path, dataset, **ALLOWED) as restore:

        async def somebody_else() -> None:
            restore.bench.service.versions[dataset.dataset_id] += 1

        restore.bench.service.before["upload"] = somebody_else
        refresh = await restore.drive()
        assert refresh.status is DatasetStatus.REFUSED
        assert refresh.error is not None
        assert "has changed in Orgvue" in refresh.error.message
        assert restore.bench.service.times("import") == 0


async def test_properties_that_the_dataset_has_lost_are_refused_by_name(tmp_path: Path) -> None:
    dataset = prepare(tmp_path)
    async with restoring(tmp_path, dataset, **ALLOWED) as restore:
        restore.bench.service.properties = {"id": "text", "title": "text"}
        refresh = await restore.drive()
        assert refresh.status is DatasetStatus.REFUSED
        assert refresh.error is not None
        assert "name" in refresh.error.message
        assert "extra_columns" not in refresh.error.hint
        assert restore.bench.service.times("generate") == 0


async def test_items_that_cannot_come_back_are_warned_of(tmp_path: Path) -> None:
    dataset = prepare(tmp_path)
    pack(tmp_path / "backup.gz", [{"_id": "A", "name": "without a key"}])
    async with restoring(tmp_path, dataset) as restore:
        refresh = await restore.drive()
        (warning,) = refresh.warnings
        assert "1 item without a key" in warning
        assert restore.bench.witness.of("warned") == [warning]


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"x" * 40)])
async def test_a_backup_that_cannot_be_read_fails_the_restore(damage: Any, tmp_path: Path) -> None:
    dataset = prepare(tmp_path)
    damage(tmp_path / "backup.gz")
    async with restoring(tmp_path, dataset, **ALLOWED) as restore:
        refresh = await restore.drive()
        assert refresh.status is DatasetStatus.FAILED
        assert refresh.error is not None
        assert refresh.error.stage is Stage.SOURCE
        assert f"{refresh.error.message} {refresh.error.hint}".count("Nothing was sent") == 1
        assert restore.bench.service.times("generate") == 0
        (ended,) = [event for event in await restore.bench.events("people") if isinstance(event, RefreshEnded)]
        assert ended.error == refresh.error
