"""Getting a message to its channel: in a process of its own, a few times, within a deadline."""

from collections.abc import Sequence

import anyio

from bulkimport import channels
from bulkimport.clock import Clock
from bulkimport.errors import BulkimportError
from bulkimport.log import logger
from bulkimport.model import Notification
from bulkimport.notify.message import Message
from bulkimport.workers import Workers

WAITS = (2.0, 8.0)
"""Seconds before the second attempt and the third, which is the last."""
MOST_AT_ONCE = 8


async def deliver(
    message: Message, notifications: Sequence[tuple[int, Notification]], clock: Clock, seconds: float
) -> None:
    """Sends the message to every channel at the same time; what is not out after `seconds` is given up.

    Whatever goes wrong is logged and has no other consequence. Channels are numbered as in the config.
    """
    if not notifications:
        return
    workers = Workers(processes=min(len(notifications), MOST_AT_ONCE))
    async with anyio.create_task_group() as group:
        for number, notification in notifications:
            group.start_soon(_to_channel, message, number, notification, workers, clock, seconds)


async def _to_channel(
    message: Message, number: int, notification: Notification, workers: Workers, clock: Clock, seconds: float
) -> None:
    channel, reason, attempts = f"notify[{number}]", "", 0
    with anyio.move_on_after(seconds) as scope:
        for wait in (*WAITS, None):
            attempts += 1
            reason = await _attempt(message, notification, workers) or ""
            if not reason:
                logger().info("notification.sent", channel=channel, title=message.title, attempts=attempts)
                return
            if wait is not None:
                await clock.sleep(wait)
    if scope.cancelled_caught:
        reason = f"it took longer than {seconds:g} s" + (f"; last: {reason}" if reason else "")
    logger().warning(
        "notification.failed",
        channel=channel,
        title=message.title,
        attempts=attempts,
        error=reason,
        hint="The run itself is not affected. Check the channel's URL and whether this machine reaches it.",
    )


async def _attempt(message: Message, notification: Notification, workers: Workers) -> str | None:
    """One attempt; None or what went wrong. The process is killed if it is given up."""
    try:
        return await workers.run(
            channels.deliver, notification.url.reveal(), message.title, message.body, message.tone, size=None
        )
    except BulkimportError:
        return "the process that sends it died"
    except Exception as error:  # noqa: BLE001 - a library's defect must not touch the run, nor its text the log
        return f"sending failed ({type(error).__name__})"
