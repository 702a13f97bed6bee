"""What `Link` headers say (RFC 8288)."""

import re
from collections.abc import Sequence

_LINK = re.compile(r'<([^>]*)>((?:[^"<,]|"[^"]*")*)')
_RELATION = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)


def next_in(links: Sequence[str]) -> str | None:
    """The target of the first link to what comes next in `Link` headers."""
    for link in (found for header in links for found in _LINK.finditer(header)):
        relation = _RELATION.search(link[2])
        if relation and "next" in (relation[1] or relation[2] or "").lower().split():
            return link[1]
    return None
