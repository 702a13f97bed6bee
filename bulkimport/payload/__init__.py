"""From source rows to the payload's bytes in a private spool file, with what was learnt on the way."""

from bulkimport.payload.prepare import prepare
from bulkimport.payload.preview import ColumnPreview, prepare_with_preview, survey
from bulkimport.payload.progress import Progress, Reading, read_progress
from bulkimport.payload.request import PayloadRequest

__all__ = [
    "ColumnPreview",
    "PayloadRequest",
    "Progress",
    "Reading",
    "prepare",
    "prepare_with_preview",
    "read_progress",
    "survey",
]
