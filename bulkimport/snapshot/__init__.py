"""What Orgvue held before an import: compared with the payload, and kept as far as the import would destroy it."""

from bulkimport.snapshot.compare import CompareRequest, Snapshot, compare

__all__ = ["CompareRequest", "Snapshot", "compare"]
