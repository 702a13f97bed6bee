"""Traces by OpenTelemetry: a span for the run, each dataset, each of its stages and each request.

Nothing here imports OpenTelemetry until tracing is asked for.
"""

from bulkimport.tracing.exporting import open_tracing
from bulkimport.tracing.seam import Spans

__all__ = ["Spans", "open_tracing"]
