"""Brings kept replies to the workflow that it never heard of: the engine was away, or a process died between.

It runs in every API process, at its start and then every few seconds. A reply has one update id, so two
sweeps that meet do no harm; each is judged anew by the window of its own moment.
"""

import asyncio
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from api.runtime.dependencies import AppDependencies
from api.runtime.workflow_client import CommandRefusedError, EngineBusyError, EngineUnavailableError
from api.sending.replies import settle
from base import clock
from base.log import get_logger
from store.db.refusals import StoreRefusalError
from store.sending.replies import unsettled_replies

EVERY_SECONDS = 5.0
SILENCES = 3
# A request that is still waiting for its answer is not an orphan.
SETTLED_BY_THEN = timedelta(seconds=10)

_log = get_logger("api")


async def sweep_forever(services: AppDependencies) -> None:
    """Sweep until cancelled."""
    silent: set[str] = set()
    while True:
        try:
            await sweep(services, silent)
        except SQLAlchemyError as error:
            _log.warning("sweep_postponed", error=type(error).__name__)
        await asyncio.sleep(EVERY_SECONDS)


async def sweep(services: AppDependencies, silent: set[str] | None = None) -> None:
    """Settle what is left over; gives up for now when the engine is still away.

    `silent` are those that had no answer the last time: the others come first.
    """
    silent = set() if silent is None else silent
    silences = 0
    before = clock.now() - SETTLED_BY_THEN
    found = await services.database.read(lambda session: unsettled_replies(session, before))
    silent.intersection_update(found)
    for message_id in sorted(found, key=lambda each: each in silent):
        try:
            await settle(services.database, services.engine, services.flights, message_id)
        except CommandRefusedError as refused:
            _log.info("kept_reply_refused", message_id=message_id, code=refused.refusal.code)
        except EngineBusyError:
            continue
        except EngineUnavailableError:
            # One wedged conversation must not keep the others waiting.
            silent.add(message_id)
            silences += 1
            if silences == SILENCES:
                return
        except StoreRefusalError as refused:
            _log.error("kept_reply_impossible", message_id=message_id, code=refused.code)
