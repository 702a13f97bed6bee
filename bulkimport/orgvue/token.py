"""From when and until when an API token is valid, as it says itself: it is a JWT. Read, not verified. Pure."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from bulkimport.errors import TenantError
from bulkimport.orgvue.hints import TENANT_HINTS

WARNED_BEFORE = timedelta(days=14)
LEEWAY = timedelta(minutes=1)
"""A token made just now may begin in what is the future of a clock that is a little slow."""


@dataclass(frozen=True, slots=True)
class TokenLife:
    """Aware moments; None where the token does not say."""

    begins: datetime | None = None
    ends: datetime | None = None


def read_life(token: str) -> TokenLife:
    """What the token's claims `nbf` and `exp` say; nothing where it is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return TokenLife()
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return TokenLife()
    if not isinstance(claims, dict):
        return TokenLife()
    return TokenLife(_moment(claims.get("nbf")), _moment(claims.get("exp")))


def _moment(seconds: Any) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def refusal(life: TokenLife, now: datetime) -> TenantError | None:
    """What Orgvue would answer, known without asking; None while the token is valid."""
    if life.ends is not None and now >= life.ends:
        return _refused("40302", "ApiTokenExpired", f"expired on {at(life.ends)}")
    if life.begins is not None and now < life.begins - LEEWAY:
        return _refused("40301", "ApiTokenNotYetActive", f"is not valid before {at(life.begins)}")
    return None


def _refused(code: str, name: str, what: str) -> TenantError:
    return TenantError(
        f"The API token {what}, as it says itself. Nothing is sent with it.",
        hint=f"{TENANT_HINTS[code]} (If that is not so, this machine's clock is wrong.)",
        code=code,
        name=name,
    )


def warning(life: TokenLife, now: datetime) -> str | None:
    """A sentence about a token that is no longer valid or not for long, for every run to say; None if all is well."""
    refused = refusal(life, now)
    if refused is not None:
        return refused.message
    if life.ends is None or life.ends - now > WARNED_BEFORE:
        return None
    return (
        f"The API token expires in {in_days(life.ends - now)}, on {at(life.ends)}. Create a new one in Orgvue's "
        "settings before that."
    )


def at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def in_days(left: timedelta) -> str:
    """`13 days`, rounded down; `less than a day`."""
    return "less than a day" if left.days < 1 else f"{left.days} day{'s' if left.days > 1 else ''}"
