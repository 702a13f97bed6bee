"""Logging: structured events, without secrets, to stderr and to the run's own file.

with configure("console", "info", Redactor([token])) as output:
    output.bind(run_id=run_id)
    logger().info(RUN_STARTED, sandbox=True)
"""

from bulkimport.log.events import (
    REFRESH_ENDED,
    REFRESH_STATE_CHANGED,
    RUN_FINISHED,
    RUN_STARTED,
)
from bulkimport.log.pipeline import LogFormat, LogLevel, LogOutput, configure, is_coloured, logger
from bulkimport.log.redaction import MARK, Plain, Redactor

__all__ = [
    "MARK",
    "REFRESH_ENDED",
    "REFRESH_STATE_CHANGED",
    "RUN_FINISHED",
    "RUN_STARTED",
    "LogFormat",
    "LogLevel",
    "LogOutput",
    "Plain",
    "Redactor",
    "configure",
    "is_coloured",
    "logger",
]
