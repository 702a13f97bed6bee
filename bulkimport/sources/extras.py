"""Libraries that are installed only by those who need them."""

import importlib
from types import ModuleType

from bulkimport.errors import SourceError


def extra_library(module: str, extra: str, what: str) -> ModuleType:
    """The imported `module`, which `pip install 'bulkimport[EXTRA]'` brings. Raises SourceError where it is missing."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        hint = f"Install it with: pip install 'bulkimport[{extra}]'."
        raise SourceError(
            f"{what} needs the library {module.partition('.')[0]}, which is not installed", hint
        ) from None
