"""URLs as received, byte for byte: reading them, comparing origins, following redirects."""

import re
from collections.abc import Mapping

from yarl import URL

# What may stand in a URL at all (RFC 3986) and, for presigned ones seen in the wild, a little more; never blanks,
# control characters or anything that would have to be encoded before it can be sent.
_SENDABLE = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_TARGET = re.compile(r"[a-z]+://[^/?#]*([^#]*)", re.IGNORECASE)

MAX_REDIRECTS = 5
_SAME_METHOD = frozenset({307, 308})
_TO_GET = frozenset({301, 302, 303})


class AddressError(ValueError):
    """A URL that cannot or must not be used; the text says why, without showing the URL."""


def presigned(text: str) -> URL:
    """A URL that goes out exactly as it is written; raises AddressError."""
    if not _SENDABLE.fullmatch(text):
        raise AddressError("it is not an http(s) URL, or holds characters that cannot be sent as they are")
    try:
        url = URL(text, encoded=True)
        host, has_user = url.host, url.user is not None or url.password is not None  # read only when asked for
    except ValueError:
        raise AddressError("it is not a well-formed URL") from None
    if not host:
        raise AddressError("it names no host")
    if has_user:
        raise AddressError("it carries a user name or password")
    match = _TARGET.fullmatch(text.partition("#")[0])
    target = match[1] if match else None
    if target is None or url.raw_path_qs not in (target, f"/{target}"):
        raise AddressError("it cannot be sent as it is written")
    return url


def require_secure(url: URL, *, like: URL) -> None:
    """Raises AddressError if `url` is plain http where `like` is https."""
    if like.scheme == "https" and url.scheme != "https":
        raise AddressError("it is plain http, and only https is accepted here")


def is_redirect(status: int, method: str, headers: Mapping[str, str]) -> bool:
    """Whether the answer sends us elsewhere. 301 to 303 would turn anything but a GET into something else: not ours."""
    if "Location" not in headers:
        return False
    return status in _SAME_METHOD or (status in _TO_GET and method == "GET")


def resolve(location: str, *, base: URL) -> URL:
    """The target of a redirect, byte for byte; a relative one counts from `base`. Raises AddressError."""
    if re.match(r"[a-z][a-z0-9+.-]*:", location, re.IGNORECASE):
        target = presigned(location)
    elif location.startswith("//"):
        target = presigned(f"{base.scheme}:{location}")
    elif location.startswith("/"):
        target = presigned(f"{base.origin()}{location}")
    elif location.startswith("?"):
        target = presigned(f"{base.origin()}{base.raw_path}{location}")
    else:
        folder = base.raw_path.rpartition("/")[0]
        target = presigned(f"{base.origin()}{folder}/{location}")
    require_secure(target, like=base)
    return target
