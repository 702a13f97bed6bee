"""CHECKING: what the dataset holds is read and compared, and the guards decide. Reads only; nothing is sent."""

from dataclasses import dataclass

import anyio.to_thread

from bulkimport import guards
from bulkimport.diff import ComparisonRules
from bulkimport.errors import BulkimportError, GuardError, ServiceError, TenantError
from bulkimport.folders import require_space
from bulkimport.guards import Baseline
from bulkimport.identity import differences
from bulkimport.json_stream import JsonStreamError
from bulkimport.model import Changes, Dataset, DatasetStatus, Payload
from bulkimport.orgvue.wire import DatasetMetadata
from bulkimport.properties import check_properties
from bulkimport.refresh.context import DatasetContext
from bulkimport.refresh.events import PayloadChecked, RefreshEnded
from bulkimport.refresh.machine import Refresh
from bulkimport.saved_plan import check_changes_are_as_planned, check_payload_is_as_planned
from bulkimport.snapshot import CompareRequest, compare
from bulkimport.wording import counted


@dataclass(slots=True)
class _Findings:
    metadata: DatasetMetadata | None = None
    baseline: Baseline | None = None
    items_looked_at: bool = False
    warnings: tuple[str, ...] = ()

    def warn(self, context: DatasetContext, message: str) -> None:
        self.warnings = (*self.warnings, message)
        context.run.observer.warned(context.dataset.name, message)


async def check_payload(
    context: DatasetContext, refresh: Refresh, *, counts_anyway: bool = False
) -> PayloadChecked | RefreshEnded:
    """All guards, in the order in which they cost something. A refusal carries what was found until then; with
    `counts_anyway` also what the payload would change, as far as that can be told."""
    payload = refresh.payload
    assert payload is not None  # noqa: S101 - CHECKING follows SourceRead
    findings = _Findings()
    try:
        await _check_config_change(context, findings)
        if context.run.extracts is not None:
            await context.run.extracts.check(context)
        if context.approval is not None:
            check_payload_is_as_planned(context.approval, payload, _new_plan(context))
        metadata = await _structure(context, payload, findings)
        if context.run.links is not None and (dangling := await context.run.links.check(context)) is not None:
            findings.warn(context, dangling)
        findings.baseline = baseline = await _baseline(context, payload, metadata, findings)
        guards.check_changes(context.dataset, payload, baseline, context.allowance, context.again)
        if context.approval is not None:
            check_changes_are_as_planned(context.approval, baseline.kind, baseline.changes, _new_plan(context))
    except GuardError as error:
        found = findings.baseline
        if counts_anyway and not findings.items_looked_at:
            found = await _foreseen(context, payload, findings.metadata)
        return RefreshEnded(
            DatasetStatus.REFUSED,
            error.report(),
            changes=found.changes if found else None,
            baseline=found.kind if found else None,
            warnings=findings.warnings,
        )
    if baseline.changes is not None and baseline.changes.rekeyed > guards.NEVER_FIRES_BELOW:
        findings.warn(context, guards.rekeyed_text(baseline.changes))
    return PayloadChecked(
        baseline=baseline.kind,
        held=baseline.held,
        changes=baseline.changes,
        cache_key=metadata.cache_key if metadata else None,
        warnings=findings.warnings,
    )


def _new_plan(context: DatasetContext) -> str:
    return context.run.typed.command("plan", "--only", context.dataset.name, "--save", "plan.json")


async def _check_config_change(context: DatasetContext, findings: _Findings) -> None:
    """A typo in an id must not pour one dataset into another: what has changed since the last success wants a look."""
    run, name = context.run, context.dataset.name
    accepted = await run.journal.accepted_fingerprint(run.config_key, name)
    changed = differences(accepted, context.fingerprint) if accepted is not None else []
    if not changed:
        return
    message = f"The config of this dataset has changed since its last success: {'; '.join(changed)}."
    if name in run.accepted_changes:
        findings.warn(context, message)
        return
    only = ("--only", name)
    raise GuardError(
        f"{message} Nothing was sent.",
        hint=f"See what it would do now, which also accepts the change: {run.typed.command('plan', *only)}. "
        f"Or, if you are sure: {run.typed.command('run', *only, '--accept-config-change', name)}",
    )


async def check_structure(context: DatasetContext, payload: Payload, metadata: DatasetMetadata) -> None:
    """The guards that need no items: rows and properties. Raises GuardError."""
    guards.check_rows(context.dataset, payload, context.again)
    _check_properties(context, payload, metadata)


async def _structure(context: DatasetContext, payload: Payload, findings: _Findings) -> DatasetMetadata | None:
    guards.check_rows(context.dataset, payload, context.again)
    findings.metadata = metadata = await _metadata(context, findings)
    if metadata is not None:
        _check_properties(context, payload, metadata)
    return metadata


def _check_properties(context: DatasetContext, payload: Payload, metadata: DatasetMetadata) -> None:
    types = {key: one.type for key, one in metadata.properties.items()}
    check_properties(context.dataset, payload.columns, types, metadata.auto_id)


async def _metadata(context: DatasetContext, findings: _Findings) -> DatasetMetadata | None:
    try:
        return await context.run.client.metadata(context.dataset.dataset_id)
    except TenantError:
        raise
    except ServiceError as error:
        if error.http_status == 404:
            raise
        findings.warn(
            context,
            f"The dataset's properties could not be read ({error.message}): columns and types were not checked.",
        )
        return None


async def _baseline(
    context: DatasetContext, payload: Payload, metadata: DatasetMetadata | None, findings: _Findings
) -> Baseline:
    wanted = context.dataset.guards.baseline
    findings.items_looked_at = True
    problem, unreadable = "The items in Orgvue are not looked at (guards.baseline = last_run)", False
    if wanted == "none":
        return Baseline("none", None, None)
    if wanted == "live":
        try:
            baseline = await _live(context, payload, metadata)
            await _warn_of_few_items(context, baseline, findings)
            return baseline
        except TenantError:
            raise
        except (ServiceError, JsonStreamError) as error:
            if isinstance(error, ServiceError) and error.http_status == 404 and metadata is None:
                raise  # there is no such dataset
            problem, unreadable = f"The items in Orgvue could not be read ({error})", True
    baseline = await _last_run(context, payload, problem)
    if unreadable:
        findings.warn(context, f"{problem}; the last successful run's numbers stand in for them.")
    return baseline


async def _warn_of_few_items(context: DatasetContext, baseline: Baseline, findings: _Findings) -> None:
    """An answer that lacks most items looks like a dataset that lost them; deletions are counted against it."""
    run, held = context.run, baseline.held
    of_dataset = run.tenant_key, context.dataset.dataset_id
    last = await run.journal.last_success(*of_dataset)
    if last is None or last.rows is None or held is None or 2 * held >= last.rows:
        return
    if await run.journal.last_import(*of_dataset) is None:
        return  # a restore has come since
    findings.warn(
        context,
        f"Orgvue holds {counted(held, 'item')}, while the last successful run left {last.rows:,} "
        f"({last.at.date().isoformat()}). If the others were not deleted since, the answer was incomplete, and the "
        "import would delete more than is counted here.",
    )


async def _foreseen(context: DatasetContext, payload: Payload, metadata: DatasetMetadata | None) -> Baseline | None:
    """What the items say of a payload that is refused already; a reading that fails takes nothing from the refusal.
    `metadata` is the dataset's if it was read already."""
    if context.dataset.guards.baseline != "live":
        return None
    try:
        metadata = metadata or await context.run.client.metadata(context.dataset.dataset_id)
        return await _live(context, payload, metadata)
    except (BulkimportError, JsonStreamError):
        return None


async def _live(context: DatasetContext, payload: Payload, metadata: DatasetMetadata | None) -> Baseline:
    dataset, files = context.dataset, context.files
    size = await context.run.client.download_items(dataset.dataset_id, files.items)
    await anyio.to_thread.run_sync(require_space, files.spool, size + payload.bytes)
    request = CompareRequest(
        payload_path=payload.path,
        payload_format=payload.format,
        columns=payload.columns,
        items_path=str(files.items),
        comparison=comparison_of(dataset, metadata),
        implicit_delete=dataset.import_options.implicit_delete,
        scratch=str(files.spool),
        backup_path=str(files.backup) if files.backup is not None else None,
        created_path=str(files.created) if files.created is not None else None,
        has_unique_rows=not (payload.duplicate_keys or payload.blank_keys),
    )
    snapshot = await context.run.workers.run(compare, request, size=payload.bytes + size)
    await anyio.to_thread.run_sync(files.items.unlink)
    return Baseline("live", snapshot.held, snapshot.changes)


def comparison_of(dataset: Dataset, metadata: DatasetMetadata | None) -> ComparisonRules:
    """How this dataset's payload and items are compared, as far as its properties are known."""
    options = dataset.import_options
    return ComparisonRules(
        key=dataset.key,
        types={key: one.type for key, one in metadata.properties.items()} if metadata else {},
        date_format=options.date_format,
        noop_token=options.noop_token,
        clear_token=options.clear_token,
    )


async def _last_run(context: DatasetContext, payload: Payload, problem: str) -> Baseline:
    """What the last successful run left; `problem` says why it must stand in for the items."""
    last = await context.run.journal.last_success(context.run.tenant_key, context.dataset.dataset_id)
    if last is None or last.rows is None:
        raise GuardError(
            f"{problem}, and no successful run is on record. Without either, a load could delete everything unseen; "
            "nothing was sent.",
            hint="Run again once the items can be read (by the token's user, too) and guards.baseline is `live`, or "
            f"set it to `none` for one run of `{context.dataset.name}` that you watch.",
        )
    rows = payload.rows
    gone = max(0, last.rows - rows) if context.dataset.import_options.implicit_delete else 0
    changes = Changes(created=max(0, rows - last.rows), updated=0, deleted=gone, unchanged=min(rows, last.rows))
    return Baseline("last_run", last.rows, changes, since=last.at.date().isoformat())
