"""From source rows to the payload's bytes in a private spool file, with what was learnt on the way."""

from bulkimport.payload.link_ends import LinkEndsRequest, find_dangling_ends
from bulkimport.payload.prepare import prepare
from bulkimport.payload.preview import ColumnPreview, prepare_with_preview, survey
from bulkimport.payload.progress import ProgressFile, Reading, read_progress
from bulkimport.payload.request import PayloadRequest

__all__ = [
    "ColumnPreview",
    "LinkEndsRequest",
    "PayloadRequest",
    "ProgressFile",
    "Reading",
    "find_dangling_ends",
    "prepare",
    "prepare_with_preview",
    "read_progress",
    "survey",
]
