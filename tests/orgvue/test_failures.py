import errno
import socket
import ssl
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.http_exceptions import BadHttpMessage

from bulkimport.model import Timeouts
from bulkimport.orgvue.failures import NETWORK_ERRORS, describe
from bulkimport.retry import Failure

KEY = ConnectionKey("store.example", 443, True, True, None, None, None)
EXPIRED = ssl.SSLCertVerificationError(1, "certificate verify failed")
EXPIRED.verify_message = "certificate has expired"
REQUEST = Mock(real_url="https://store.example/?sig=5ecre7")
PAYLOAD = aiohttp.ClientPayloadError("https://store.example/?sig=5ecre7")


@pytest.mark.parametrize(
    ("error", "failure", "words"),
    [
        (
            aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "x")),
            Failure.UNREACHABLE,
            "connection refused",
        ),
        (aiohttp.ClientConnectorError(KEY, OSError("x")), Failure.UNREACHABLE, "no reason"),
        (aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(-2, "x")), Failure.UNREACHABLE, "cannot be resolved"),
        (aiohttp.ClientProxyConnectionError(KEY, OSError(111, "x")), Failure.UNREACHABLE, "the proxy"),
        (aiohttp.ClientHttpProxyError(REQUEST, (), status=407, message="x"), Failure.UNREACHABLE, "the proxy"),
        (aiohttp.ConnectionTimeoutError("x"), Failure.UNREACHABLE, "within 10 s"),
        (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, "x")), Failure.UNREACHABLE, "no TLS connection"),
        (aiohttp.ClientConnectorCertificateError(KEY, EXPIRED), Failure.UNTRUSTED, "certificate has expired"),
        (aiohttp.SocketTimeoutError("x"), Failure.LOST, "silent for 60 s"),
        (TimeoutError(), Failure.LOST, "did not answer in time"),
        (aiohttp.ServerDisconnectedError(), Failure.LOST, "closed the connection"),
        (aiohttp.ClientOSError(errno.ECONNRESET, "x"), Failure.LOST, "closed the connection"),
        (ConnectionResetError(), Failure.LOST, "closed the connection"),
        (PAYLOAD, Failure.LOST, "cut short"),
        (BadHttpMessage("x"), Failure.LOST, "cut short or damaged"),
        (aiohttp.ClientResponseError(REQUEST, (), status=400, message="x"), Failure.GARBLED, "not HTTP"),
    ],
)
def test_every_failure_is_told_in_words_and_without_urls(error: Exception, failure: Failure, words: str) -> None:
    assert isinstance(error, NETWORK_ERRORS)
    kind, reason, hint = describe(error, "store.example", Timeouts())
    assert kind is failure
    assert words in reason
    assert "store.example" in reason
    assert "5ecre7" not in reason + hint
