"""Telling conversations' workflows of the offers that were claimed for them."""

import asyncio
from collections.abc import Iterable

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from base import failpoints
from base.log import get_logger
from base.temporal import UNAVAILABLE, temporal_answers
from domain.routing.routing_signals import OfferMade
from store.db.database import Database
from store.routing.claims import Claim, threads_of
from workflows.messages import OFFER_SIGNAL, conversation_workflow_id

_AT_ONCE = 20
_CALL_SECONDS = 2.0

_log = get_logger("dispatch")


class OfferTeller:
    """Signals offers, each until its workflow has it; a repeated signal is nothing to a workflow."""

    def __init__(self, client: Client, database: Database) -> None:
        self._client = client
        self._database = database
        self._pending: dict[str, Claim] = {}
        self.is_temporal_there = True
        """While Temporal does not answer nothing more is to be claimed."""

    def tell_later(self, claims: Iterable[Claim]) -> None:
        """Have these told by the next `tell`."""
        self._pending.update({claim.offer_id: claim for claim in claims})

    async def tell(self) -> None:
        """Tell what is pending; what fails because Temporal is away stays pending."""
        if not self._pending:
            if not self.is_temporal_there:
                self.is_temporal_there = await temporal_answers(self._client)
            return
        batch = list(self._pending.values())[:_AT_ONCE]
        threads = await self._database.read(
            lambda session: threads_of(session, [claim.conversation_id for claim in batch])
        )
        for claim in batch:
            if claim.conversation_id not in threads:
                self._pending.pop(claim.offer_id)  # its customer was erased
        known = [claim for claim in batch if claim.conversation_id in threads]
        told = await asyncio.gather(*(self._tell(claim, *threads[claim.conversation_id]) for claim in known))
        self.is_temporal_there = all(told)

    async def _tell(self, claim: Claim, page_id: str, customer_id: str) -> bool:
        offer = OfferMade(
            claim.offer_id,
            claim.conversation_id,
            claim.agent_id,
            claim.stay,
            claim.queue_id,
            claim.origin,
            claim.valid_until,
        )
        handle = self._client.get_workflow_handle(conversation_workflow_id(page_id, customer_id))
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                await handle.signal(OFFER_SIGNAL, offer)
        except TimeoutError:
            return False
        except RPCError as error:
            if error.status in UNAVAILABLE:
                return False
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            # The run is over, so its last projection has released the slot, or the claim lapses.
            _log.warning("offer_without_run", offer_id=claim.offer_id)
        self._pending.pop(claim.offer_id, None)
        failpoints.reach("dispatch.told")
        return True
