"""Delivers kept replies that never reached a workflow: Temporal was away, or a process died between.

It runs in every API process, at its start and then every few seconds. A reply has one update id, so two
sweeps at once do no harm; each reply is judged again by the window of its own moment.
"""

import asyncio
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from api.sending.reply_service import ReplyService
from api.services.workflow_client import CommandRefusedError, TemporalUnavailableError, TooManyUpdatesError
from base import clock
from base.log import get_logger
from store.db.refusals import StoreRefusalError

INTERVAL_SECONDS = 5.0
MAX_UNANSWERED = 3
# A request of this age has ended; a younger reply is still its request's to deliver.
MIN_AGE = timedelta(seconds=10)

_log = get_logger("api")


async def sweep_forever(replies: ReplyService) -> None:
    """Sweep until cancelled."""
    unanswered: set[str] = set()
    while True:
        try:
            await sweep(replies, unanswered)
        except SQLAlchemyError as error:
            _log.warning("sweep_postponed", error=type(error).__name__)
        await asyncio.sleep(INTERVAL_SECONDS)


async def sweep(replies: ReplyService, unanswered: set[str] | None = None) -> None:
    """Deliver pending replies; gives up for now when Temporal is still away.

    `unanswered` are those that had no answer the last time: the others come first.
    """
    unanswered = set() if unanswered is None else unanswered
    failures = 0
    before = clock.now() - MIN_AGE
    found = await replies.pending_replies(before)
    unanswered.intersection_update(found)
    for message_id in sorted(found, key=lambda each: each in unanswered):
        try:
            await replies.deliver_pending_reply(message_id)
        except CommandRefusedError as refused:
            _log.info("kept_reply_refused", message_id=message_id, code=refused.refusal.code)
        except TooManyUpdatesError:
            continue
        except TemporalUnavailableError:
            # One unresponsive conversation must not delay the others.
            unanswered.add(message_id)
            failures += 1
            if failures == MAX_UNANSWERED:
                return
        except StoreRefusalError as refused:
            _log.error("kept_reply_impossible", message_id=message_id, code=refused.code)
