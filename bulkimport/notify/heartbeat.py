"""Pings for monitoring that pages when nothing ran. They carry no token and count against no limit of the tenant."""

import aiohttp
import anyio
from yarl import URL

from bulkimport import __version__
from bulkimport.clock import Clock
from bulkimport.hosts import proxy_for
from bulkimport.log import logger
from bulkimport.model import Secret

WAITS = (1.0, 4.0)
"""Seconds before the second attempt and the third, which is the last."""
_ONE_ATTEMPT = 10.0
_MAY_PASS = (408, 425, 429)


async def ping(url: Secret, what: str, clock: Clock, seconds: float) -> None:
    """Requests the URL by GET, a few times if need be, but not longer than `seconds`.

    That it cannot be reached is logged and has no other consequence. `what` is start, success or failure.
    """
    target = URL(url.reveal(), encoded=True)
    reason, may_pass = "", True
    with anyio.move_on_after(seconds) as scope:
        for wait in (*WAITS, None):
            reason, may_pass = await _attempt(target)
            if not reason:
                logger().info("heartbeat.sent", what=what)
                return
            if wait is None or not may_pass:
                break
            await clock.sleep(wait)
    if scope.cancelled_caught:
        reason = f"it took longer than {seconds:g} s" + (f"; last: {reason}" if reason else "")
    logger().warning(
        "heartbeat.failed",
        what=what,
        host=target.host,
        error=reason,
        hint="The run itself is not affected, but its monitoring may page. Check heartbeat in the config.",
    )


async def _attempt(url: URL) -> tuple[str, bool]:
    """What went wrong (empty: nothing), and whether another attempt may help."""
    timeout = aiohttp.ClientTimeout(total=_ONE_ATTEMPT)
    headers = {"User-Agent": f"bulkimport/{__version__}"}
    try:
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout, headers=headers) as session,
            session.get(url, allow_redirects=False, proxy=proxy_for(url.scheme, url.host)) as answer,
        ):
            status = answer.status
    except TimeoutError:
        return f"no answer within {_ONE_ATTEMPT:g} s", True
    except (aiohttp.ClientError, OSError, ValueError) as error:  # their texts quote URLs
        return f"it cannot be reached ({type(error).__name__})", True
    if 200 <= status < 300:
        return "", False
    moved = ", elsewhere: write the address it redirects to" if 300 <= status < 400 else ""
    return f"it answered {status}{moved}", status >= 500 or status in _MAY_PASS
