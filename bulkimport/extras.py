"""The optional parts of the program: which libraries each needs, and what to say where they are not installed."""

from importlib.util import find_spec

_LIBRARIES = {
    "notify": "apprise",
    "metrics": "prometheus_client",
    "otel": "opentelemetry.exporter.otlp.proto.http",
    "remote": "fsspec",
}


def missing(extra: str) -> str:
    """What to install, as the end of a sentence, if the extra's library is not there; otherwise nothing."""
    try:
        is_there = find_spec(_LIBRARIES[extra]) is not None
    except ModuleNotFoundError:  # a package around it
        is_there = False
    return "" if is_there else f"needs a library that is not installed: pip install 'bulkimport[{extra}]'"
