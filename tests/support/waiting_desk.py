"""A migrated store with agents who serve the default queue, and conversations that wait there."""

import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import Session

from domain.routing.capacity import CapacityNeed
from domain.routing.demand import DEFAULT_QUEUE_ID, Demand
from domain.routing.placement import Placement, StayRecord, WaitingPlace
from domain.routing.presence import PresenceKind
from store import tables
from store.db.database import Database
from store.db.migrate import migrate
from store.routing.agent_states import RoutingWrites, refresh_agent
from store.routing.capacity import lock_agent_state
from store.routing.claims import Claim, ClaimOrder, ClaimRefusal, claim
from store.routing.dispatch_marks import append_marks
from store.routing.members import enrol_agent
from store.routing.projection import project_routing
from support.postgres import any_database
from support.steps import START
from support.store import add_conversation, add_customer, make_settings, seed

T = TypeVar("T")

ALLOWED = frozenset({PresenceKind.AVAILABLE, PresenceKind.BUSY})
DEMAND = Demand(DEFAULT_QUEUE_ID, "messenger", need=CapacityNeed(1))


class Desk:
    """Agents and conversations of the default queue."""

    def __init__(self, store: Database) -> None:
        self.store = store

    async def change(self, work: Callable[[Session, RoutingWrites], T]) -> T:
        """In one transaction, with its marks."""

        def whole(session: Session) -> T:
            writes = RoutingWrites()
            result = work(session, writes)
            append_marks(session, writes.marks)
            return result

        return await self.store.write(whole)

    async def agent(self, agent_id: str, limit_units: int) -> None:
        """Somebody comes who serves the default queue."""

        def work(session: Session, writes: RoutingWrites) -> None:
            session.add(tables.Agent(id=agent_id, name=agent_id, role="agent", created_at=START))
            session.flush()
            enrol_agent(session, agent_id, "agent", writes, START)
            state = lock_agent_state(session, agent_id)
            assert state is not None
            state.connected, state.limit_units = True, limit_units
            refresh_agent(session, state, writes, START, freed=False, reason="stream")

        await self.change(work)

    async def waiting(self, *conversation_ids: str) -> None:
        """Conversations that wait in the default queue."""

        def work(session: Session) -> None:
            for each in conversation_ids:
                add_customer(session, each, START, psid=each)
                add_conversation(session, each, each, START, status="open", reason="customer_wrote")
            session.flush()
            stay = StayRecord(1, DEFAULT_QUEUE_ID, "messenger", START, "customer_wrote")
            place = WaitingPlace(DEMAND, 0, START)
            placements = [
                Placement(each, 1, DEFAULT_QUEUE_ID, place, stays=(stay,)) for each in conversation_ids
            ]
            project_routing(session, placements, START)

        await self.store.write(work)

    async def claim(
        self, conversation_id: str, agent_id: str, *, now: datetime = START, **more: Any
    ) -> Claim | ClaimRefusal:
        """Claim one of them for an agent."""
        order = ClaimOrder(
            conversation_id,
            more.pop("stay", 1),
            DEFAULT_QUEUE_ID,
            DEMAND,
            agent_id,
            f"offer-{conversation_id}-{agent_id}",
            **({"allowed": ALLOWED} | more),
        )
        return await self.change(lambda session, writes: claim(session, order, writes, now))

    async def read(self, work: Callable[[Session], T]) -> T:
        """What the rows tell."""
        return await self.store.read(work)


@contextlib.asynccontextmanager
async def waiting_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """On PostgreSQL where the tests are told of a server."""
    with any_database() as url:
        settings = make_settings(tmp_path, database_url=url) if url else make_settings(tmp_path)
        migrate(settings)
        database = Database(settings.store_url)
        await database.write(lambda session: seed(session, settings))
        await database.write(_push)
        yield Desk(database)
        database.close()


def _push(session: Session) -> None:
    session.get_one(tables.Workstream, "messenger").distribution_mode = "push"
