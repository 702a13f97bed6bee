"""Presigned URLs: who holds one may do one thing with one object until a moment.

The signature covers the method, the content type (for uploads) and the request target byte for byte, as the object
store does it. The query string deliberately holds characters that do not survive re-quoting: `%2B`, `%2F`, a literal
`+` and `=`, and hex escapes in lower case.
"""

import hashlib
import hmac
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

_SIGNATURE = re.compile(r"(.+)&X-Amz-Signature=([0-9a-f]{64})")
_UNTIL = re.compile(r"[?&]x-until=(\d+)")

SignatureState = Literal["valid", "expired", "mismatch", "unsigned"]


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs and checks request targets with one secret key."""

    key: bytes = field(repr=False)

    def target(self, method: str, path: str, now: float, ttl: float, content_type: str = "") -> str:
        """`path` (already quoted) with the query string that makes it a presigned target.

        `now` is Unix time and `ttl` seconds; `content_type` is what an upload has to declare.
        """
        moment = datetime.fromtimestamp(now, UTC)
        opaque = hmac.digest(self.key, path.encode(), "sha256").hex()
        signed_headers = "content-type%3bhost" if content_type else "host"
        unsigned = (
            f"{path}?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            f"&X-Amz-Credential=ASIASANDBOX%2F{moment:%Y%m%d}%2feu-west-1%2Fs3%2Faws4_request"
            f"&X-Amz-Date={moment:%Y%m%dT%H%M%SZ}&X-Amz-Expires={max(1, math.ceil(ttl))}"
            f"&X-Amz-Security-Token=IQoJb3{opaque[:12]}%2B{opaque[12:24]}%2F{opaque[24:36]}+{opaque[36:48]}%2f~a=="
            f"&X-Amz-SignedHeaders={signed_headers}&x-until={int((now + ttl) * 1000)}"
        )
        return f"{unsigned}&X-Amz-Signature={self._digest(method, unsigned, content_type)}"

    def verify(self, method: str, target: str, now: float, content_type: str = "") -> SignatureState:
        """What the store thinks of a raw request target at Unix time `now`; the signature is judged before the age."""
        found = _SIGNATURE.fullmatch(target)
        if not found:
            return "mismatch" if "X-Amz-Signature" in target else "unsigned"
        unsigned, signature = found[1], found[2]
        signs_type = "content-type" in unsigned
        expected = self._digest(method, unsigned, content_type if signs_type else "")
        if not hmac.compare_digest(expected, signature):
            return "mismatch"
        until = _UNTIL.search(unsigned)
        return "valid" if until and now * 1000 < int(until[1]) else "expired"

    def _digest(self, method: str, unsigned: str, content_type: str) -> str:
        message = "\n".join((method, content_type, unsigned)).encode("utf-8", "surrogateescape")
        return hmac.new(self.key, message, hashlib.sha256).hexdigest()
