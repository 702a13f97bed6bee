"""What an answer over HTTP means for a report, in words for people. Decisions alone: nothing here is sent or read."""

import re
import ssl
from collections.abc import Mapping

import aiohttp
from yarl import URL

from bulkimport.errors import SourceError
from bulkimport.hosts import is_loopback
from bulkimport.retry import TRANSIENT_STATUSES

_PAGE = re.compile(rb"\s*(?:<!doctype\s+html|<html)", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml", re.IGNORECASE)
_BOM = b"\xef\xbb\xbf"


class TransferError(Exception):
    """An attempt that failed: what happened, and whether the next one may fare better (`is_transient`)."""

    def __init__(
        self, message: str, hint: str = "", *, is_transient: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or "Run this dataset again later; if it stays like this, ask whoever runs the server."
        self.is_transient = is_transient
        self.retry_after = retry_after

    def error(self, more: str = "") -> SourceError:
        """What it means in the end."""
        return SourceError(f"{self.message}.{more}" if more else self.message, self.hint)


def name_of(url: URL) -> str:
    """What people call an address: without what may be secret in it, which is its user, query and fragment."""
    port = "" if url.is_default_port() or url.port is None else f":{url.port}"
    return f"{url.scheme}://{url.host}{port}{url.raw_path}"


def usable(url: URL) -> URL:
    """The URL itself. Raises ValueError if it cannot be asked for."""
    if not url.host or url.explicit_port == 0:  # reading the port checks it
        raise ValueError
    return url


def is_secure(url: URL) -> bool:
    """Whether nobody on the way can read along: https, or a host that can only be this machine."""
    if url.scheme == "http":
        return is_loopback(url.host or "")
    return url.scheme == "https"


def judge_status(status: int, name: str, *, retry_after: float | None) -> TransferError:
    """What a status other than 200 means."""
    match status:
        case 401:
            hint = "Check `auth` and `headers`: the password may have changed, or the token run out."
            return TransferError(f"{name} does not accept the credentials (401)", hint)
        case 403:
            hint = (
                "Have the account of `auth` permitted to read this report; some servers answer a wrong key like this."
            )
            return TransferError(f"{name} refuses access with these credentials (403)", hint)
        case 404 | 410:
            return TransferError(
                f"{name} does not exist ({status})", "Check the URL, and whether the report was renamed."
            )
        case 429:
            hint = "Its limit is used up: run this dataset at another time, or have the limit raised."
            return TransferError(f"{name} turns requests away (429)", hint, is_transient=True, retry_after=retry_after)
        case 202:
            hint = "Have the report made beforehand, or give the address under which it is there once it is done."
            return TransferError(f"{name} is yet to be made (202)", hint)
        case 206:
            return TransferError(
                f"{name} gave only a part of the report (206)", "Leave `Range` out of `headers`, if it is there."
            )
        case 204:
            return TransferError(f"{name} has no content (204), not even an empty list", "Check the report.")
        case _ if status in TRANSIENT_STATUSES:
            return TransferError(
                f"{name} is not able to answer at the moment ({status})", is_transient=True, retry_after=retry_after
            )
        case _:
            hint = "Check the URL, `params` and `headers` against the server's documentation."
            return TransferError(f"{name} answered {status} in place of a report", hint)


def judge_content(name: str, kind: str, headers: Mapping[str, str], start: bytes, *, is_bounded: bool) -> None:
    """Raises TransferError for what is certainly no report of `kind` (csv, json or ndjson), or may be a part of one.

    `start` is what the answer begins with, unpacked; `is_bounded` says that its end was marked.
    """
    start = start.removeprefix(_BOM)
    media = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    packing = headers.get("Content-Encoding", "identity").lower()
    if packing not in ("identity", "gzip", "x-gzip", ""):
        raise TransferError(
            f"{name} is packed as {packing!r}, which was not asked for", "Have it answer with gzip or plain."
        )
    if not start:
        raise TransferError(f"{name} is empty: it has no content at all", "Check the report.", is_transient=True)
    if media in ("text/html", "application/xhtml+xml") or _PAGE.match(start):
        hint = "It is often a login or error page: check the URL and `auth`, and open the report as that account."
        raise TransferError(f"{name} answered with a web page in place of {kind}", hint)
    is_json = media.endswith(("/json", "+json"))
    if media.endswith(("/xml", "+xml")) or _XML.match(start):
        hint = "Ask for another format: many servers have a parameter such as `params: {format: json}` for it."
        raise TransferError(f"{name} answered with XML in place of {kind}", hint)
    if is_json and kind == "csv":
        raise TransferError(
            f"{name} answered with JSON in place of csv", "Say `type: json`, or ask for CSV in `params`."
        )
    if media == "text/csv" and kind != "csv":
        raise TransferError(
            f"{name} answered with CSV in place of {kind}", "Say `type: csv`, or ask for JSON in `params`."
        )
    if not is_bounded and kind != "json":
        hint = "Have the server send a Content-Length, or use JSON, whose end is marked."
        raise TransferError(f"{name} does not say how long it is, so that a part of it would look like the whole", hint)


def network_error_of(error: Exception, name: str, silence: float) -> TransferError:
    """What the network did. The errors' own texts may quote URLs and are not shown."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            hint = "Check this machine's clock and certificate authorities (`SSL_CERT_FILE`)."
            return TransferError(f"the certificate of {name} is not accepted", hint)
        case aiohttp.ClientConnectorDNSError():
            hint = "Check the host name in the URL, and this machine's name resolution."
            return TransferError(f"the host of {name} cannot be found", hint, is_transient=True)
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            hint = "Check HTTPS_PROXY and NO_PROXY, and that the proxy lets this machine through."
            return TransferError(f"the proxy on the way to {name} gave no connection", hint, is_transient=True)
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return TransferError(f"there is no connection to {name}", is_transient=True)
        case TimeoutError():
            hint = "Let the report be made in smaller parts, or ask whoever runs the server why it is slow."
            return TransferError(f"{name} was silent for {silence:g} s", hint, is_transient=True)
        case aiohttp.InvalidURL():
            return TransferError(f"{name} cannot be asked for as it is written", "Check the URL.")
        case _:
            return TransferError(
                f"{name} was cut short: the connection ended before the answer was whole", is_transient=True
            )
