"""READING: the whole source becomes a payload in the spool; nothing is sent before that."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import anyio.to_thread

from bulkimport.alongside import alongside
from bulkimport.folders import require_space
from bulkimport.model import Payload
from bulkimport.payload import ColumnPreview, PayloadRequest, prepare, prepare_with_preview, read_progress
from bulkimport.refresh.choosing import choose_files
from bulkimport.refresh.context import DatasetContext
from bulkimport.refresh.events import SourceRead
from bulkimport.refresh.machine import Refresh
from bulkimport.sources.size import is_heavy, source_size

PAYLOAD_RATIO = 3
"""How much larger than a source its payload and keys may be, about: JSON repeats every property's name."""

_INTERVAL = 0.25

T = TypeVar("T")


async def read_source(context: DatasetContext, refresh: Refresh) -> SourceRead:
    """Prepares the payload off the event loop.

    Raises SourceError, GuardError where the source's files are too old, and StateError where the disk has no room.
    """
    payload = await _read(context, prepare)
    observer, name = context.run.observer, context.dataset.name
    observer.reading(name, payload.rows, payload.source_bytes, payload.source_bytes)
    for warning in payload.warnings:
        observer.warned(name, warning)
    if context.run.links is not None:
        await context.run.links.keep(context.dataset, payload)
    return SourceRead(payload)


async def preview_source(context: DatasetContext) -> tuple[Payload, tuple[ColumnPreview, ...]]:
    """Prepares the payload in the same way, and tells what the source's columns look like."""
    return await _read(context, prepare_with_preview)


async def _read(context: DatasetContext, preparation: Callable[[PayloadRequest], T]) -> T:
    chosen = await choose_files(context)
    request = replace(PayloadRequest.of(context.dataset, context.files.spool), source=chosen.source)
    size = await anyio.to_thread.run_sync(source_size, chosen.source)
    await anyio.to_thread.run_sync(require_space, context.files.spool, PAYLOAD_RATIO * (size or 0))
    async with alongside(_report_progress, context, request):
        known = None if is_heavy(chosen.source) else size
        found = await context.run.workers.run(preparation, request, size=known)
    await chosen.verify()
    return found


async def _report_progress(context: DatasetContext, request: PayloadRequest) -> None:
    if request.progress_path is None:
        return
    while True:
        await context.run.clock.sleep(_INTERVAL)
        now = await anyio.to_thread.run_sync(read_progress, request.progress_path)
        context.run.observer.reading(context.dataset.name, now.rows, now.source_bytes, now.source_bytes_total)
