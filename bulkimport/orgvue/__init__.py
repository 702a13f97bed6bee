"""The remote service: the only part that knows HTTP."""

from bulkimport.orgvue.body import CONTENT_TYPES, Body, BytesBody, FileBody
from bulkimport.orgvue.client import OrgvueClient
from bulkimport.orgvue.exchange import Permits, Traffic
from bulkimport.orgvue.wire import (
    DatasetMetadata,
    DatasetSummary,
    JobError,
    JobStatus,
    Location,
    Property,
    Ticket,
)

__all__ = [
    "CONTENT_TYPES",
    "Body",
    "BytesBody",
    "DatasetMetadata",
    "DatasetSummary",
    "FileBody",
    "JobError",
    "JobStatus",
    "Location",
    "OrgvueClient",
    "Permits",
    "Property",
    "Ticket",
    "Traffic",
]
