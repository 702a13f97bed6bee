"""Mistakes of the program itself, told in words to whoever ran it."""

import traceback
from pathlib import Path

from bulkimport.errors import BulkimportError

TRACEBACK_VARIABLE = "BULKIMPORT_TRACEBACK"


def as_error(defect: Exception) -> BulkimportError:
    """What it was, where it is, and what to do. Its own words may hold secrets."""
    inner = defect
    while isinstance(inner, ExceptionGroup):
        inner = inner.exceptions[0]
    frames = traceback.extract_tb(inner.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return BulkimportError(
        f"bulkimport itself failed: {type(inner).__name__}{place}: {inner}",
        hint=f"This is a defect: please report it, with the traceback that {TRACEBACK_VARIABLE}=1 in the environment "
        "shows. `bulkimport status` tells how far the run came.",
    )
