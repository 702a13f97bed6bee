"""aiohttp's exceptions, told apart and put into words. Their own texts may quote URLs and are never shown."""

import os
import ssl

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from bulkimport.model import Timeouts
from bulkimport.retry import Failure

# All that a request can raise because of the network or the other side. Plain OSErrors are not among them: those come
# from our own files.
NETWORK_ERRORS = (aiohttp.ClientError, HttpProcessingError, TimeoutError, ConnectionError, ssl.SSLError)


def describe(error: BaseException, host: str, timeouts: Timeouts) -> tuple[Failure, str, str]:
    """What kind of failure it was, in words, and a hint ("" where there is nothing special to say)."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            reason = f"the certificate of {host} is not accepted ({_certificate(error.certificate_error)})"
            return Failure.UNTRUSTED, reason, _TLS_HINT
        case aiohttp.ClientConnectorSSLError():
            return Failure.UNREACHABLE, f"no TLS connection to {host}", _TLS_HINT
        case aiohttp.ClientConnectorDNSError():
            return Failure.UNREACHABLE, f"the host name {host} cannot be resolved", _DNS_HINT
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return Failure.UNREACHABLE, f"the proxy on the way to {host} gave no connection", _PROXY_HINT
        case aiohttp.ClientConnectorError():
            return Failure.UNREACHABLE, f"no connection to {host} ({_system(error.os_error)})", ""
        case aiohttp.ConnectionTimeoutError():
            return Failure.UNREACHABLE, f"no connection to {host} within {timeouts.connect:g} s", ""
        case aiohttp.SocketTimeoutError():
            return Failure.LOST, f"{host} was silent for {timeouts.read:g} s", ""
        case TimeoutError():
            return Failure.LOST, f"{host} did not answer in time", ""
        case aiohttp.ClientPayloadError() | HttpProcessingError():
            return Failure.LOST, f"the answer of {host} was cut short or damaged on the way", ""
        case aiohttp.ClientResponseError():
            return Failure.GARBLED, f"the answer of {host} is not HTTP", ""
        case _:
            return Failure.LOST, f"{host} closed the connection before it had answered in full", ""


_TLS_HINT = (
    "Check this machine's clock and certificate authorities (`SSL_CERT_FILE`); a proxy that inspects TLS needs its own"
    " authority there."
)
_DNS_HINT = "Check `tenant.base_url` and this machine's name resolution."
_PROXY_HINT = "Check HTTPS_PROXY and NO_PROXY, and that the proxy is up and lets this machine through."


def _system(error: OSError) -> str:
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return "the system gives no reason"


def _certificate(error: Exception) -> str:
    return error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else "it is for another name"
