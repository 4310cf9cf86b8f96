"""A store with many agents, queues and waiting conversations, and nothing else: for what claims cost."""

import itertools
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, event
from sqlmodel import Session, SQLModel

from base.ids import new_id
from bench.rows import BrokenError
from dispatch.batch import MAX_CLAIMS, Batch
from domain.routing.capacity import CapacityNeed
from domain.routing.demand import Demand, SkillMatching, SkillNeed
from domain.routing.offers import CLAIM_VALID_FOR
from domain.routing.work_distribution import USUAL_PRESENCES
from store import tables
from store.db.engines import make_engine
from store.db.sql import bulk_insert_detached
from store.routing.agent_states import RoutingWrites, refresh_agent
from store.routing.capacity import lock_agent_state
from store.routing.claims import (
    LAPSE_GRACE,
    Claim,
    ClaimOrder,
    claim,
    take_lapsed_back,
)
from store.routing.dispatch_marks import Mark, MarkKind
from store.routing.dispatch_settings import read_dispatch_settings

AGENTS, QUEUES, SKILLS, UNITS = 200, 4, 5, 5
_DEMANDS_OF_A_QUEUE = 7
_MORNING = datetime(2026, 11, 30, 8, tzinfo=UTC)
_WORKSTREAM, _PAGE, _ACCOUNT = "messenger", "880000000000001", "account"


class WaitingDesk:
    """Agents who are all there, each in two queues, with about half of the skills."""

    def __init__(self, engine: Engine, waiting: int, seed: int) -> None:
        self._engine = engine
        self._random = random.Random(seed)  # noqa: S311 - an invented desk
        self._now = _MORNING
        with Session(engine) as session, session.begin():
            self._fill(session, waiting)
        with Session(engine) as session:
            self._settings = read_dispatch_settings(session)

    def claim_one_by_one(self, count: int) -> float:
        """Processor milliseconds of one claim: an agent with room, the best item for them, the claim.

        Each is taken back afterwards, so that the next finds as much waiting.
        """
        used = 0.0
        for number in range(count):
            agent_id = _agent(self._random.randrange(AGENTS))
            began = time.process_time()
            (claimed,) = self._act_on([Mark(number, MarkKind.AGENT, agent_id)], max_claims=1)
            used += time.process_time() - began
            self._take_back(claimed)
        return used / count * 1000

    def statements_of_claims(self, count: int) -> float:
        """How many statements a claim takes at most, of so many that are made and taken back."""
        most = 0
        for number in range(count):
            agent_id = _agent(self._random.randrange(AGENTS))
            (found,) = self._act_on([Mark(number, MarkKind.AGENT, agent_id)], max_claims=1)
            self._take_back(found)
            with Session(self._engine) as session, session.begin():
                item = session.get_one(tables.WorkItem, found.conversation_id)
                order = ClaimOrder(
                    found.conversation_id,
                    found.stay,
                    found.queue_id,
                    self._demands[item.demand_id or ""],
                    agent_id,
                    new_id(),
                    allowed=USUAL_PRESENCES,
                )
                session.expunge_all()
                with _counted(self._engine) as statements:
                    claimed = claim(session, order, RoutingWrites(), self._now)
            if not isinstance(claimed, Claim):
                raise BrokenError(f"A claim was refused: {claimed}.")
            most = max(most, len(statements))
            self._take_back(claimed)
        return float(most)

    def fill_everybody(self) -> tuple[float, int]:
        """The seconds until no agent has room any more, and how much was claimed."""
        began, claimed = time.perf_counter(), 0
        marks = [Mark(number, MarkKind.AGENT, _agent(number)) for number in range(AGENTS)]
        while marks:
            claims = self._act_on(marks[:1], max_claims=MAX_CLAIMS)
            claimed += len(claims)
            if len(claims) < MAX_CLAIMS:
                marks.pop(0)
        return time.perf_counter() - began, claimed

    def _act_on(self, marks: Sequence[Mark], max_claims: int) -> tuple[Claim, ...]:
        with Session(self._engine) as session, session.begin():
            batch = Batch(session, self._settings, self._now, new_id, max_claims=max_claims)
            return batch.act_on(marks).claims

    def _take_back(self, claimed: Claim) -> None:
        self._now += timedelta(seconds=1)
        with Session(self._engine) as session, session.begin():
            lapsed = self._now + CLAIM_VALID_FOR + LAPSE_GRACE
            take_lapsed_back(session, claimed.offer_id, RoutingWrites(), lapsed)

    def _fill(self, session: Session, waiting: int) -> None:
        workstream = tables.Workstream(
            id=_WORKSTREAM,
            name="Messenger",
            distribution_mode="push",
            auto_close_waiting_after_seconds=3600,
            created_at=_MORNING,
        )
        account = tables.Account(id=_ACCOUNT, name="App", app_id="1", app_secret="", created_at=_MORNING)
        session.add_all([workstream, account, tables.RoutingVersion(version=1)])
        session.add_all(
            tables.Queue(id=_queue(number), name=_queue(number), created_at=_MORNING)
            for number in range(QUEUES)
        )
        session.add_all(
            tables.Skill(id=_skill(number), name=_skill(number), created_at=_MORNING)
            for number in range(SKILLS)
        )
        session.flush()
        session.add(
            tables.Page(
                page_id=_PAGE,
                account_id=_ACCOUNT,
                workstream_id=_WORKSTREAM,
                name="Page",
                access_token="",
                created_at=_MORNING,
            )
        )
        session.flush()
        self._fill_agents(session)
        demands = self._fill_demands(session)
        self._demands = {demand.key: demand for demand in demands}
        self._fill_items(session, demands, waiting)

    def _fill_agents(self, session: Session) -> None:
        for number in range(AGENTS):
            agent_id = _agent(number)
            session.add(tables.Agent(id=agent_id, name=agent_id, role="agent", created_at=_MORNING))
            session.flush()
            session.add(
                tables.AgentState(
                    agent_id=agent_id,
                    limit_units=UNITS,
                    connected=True,
                    freed_at=_MORNING,
                    changed_at=_MORNING,
                )
            )
            for queue in self._random.sample(range(QUEUES), 2):
                session.add(
                    tables.QueueMember(
                        queue_id=_queue(queue),
                        agent_id=agent_id,
                        freed_at=_MORNING,
                        last_assigned_at=_MORNING,
                    )
                )
            session.add_all(
                tables.AgentSkill(agent_id=agent_id, skill_id=_skill(n), rating=1)
                for n in range(SKILLS)
                if self._random.random() < 0.5
            )
            session.flush()
            state = lock_agent_state(session, agent_id)
            if state is not None:
                refresh_agent(session, state, RoutingWrites(), _MORNING, freed=False, reason="stream")

    def _fill_demands(self, session: Session) -> list[Demand]:
        demands: dict[str, Demand] = {}
        for queue, number in itertools.product(range(QUEUES), range(_DEMANDS_OF_A_QUEUE)):
            needed = self._random.sample(range(SKILLS), min(2, (number + 1) // 3))
            demand = Demand(
                _queue(queue),
                _WORKSTREAM,
                tuple(SkillNeed(_skill(n)) for n in needed),
                SkillMatching.EXACT,
                CapacityNeed(1),
            )
            demands[demand.key] = demand
        session.add_all(
            tables.Demand(
                id=demand.key,
                queue_id=demand.queue_id,
                workstream_id=_WORKSTREAM,
                skills={need.skill_id: need.rating for need in demand.skills},
                skill_matching=demand.skill_matching.value,
                units=1,
            )
            for demand in demands.values()
        )
        session.flush()
        return list(demands.values())

    def _fill_items(self, session: Session, demands: list[Demand], waiting: int) -> None:
        rows: dict[type[SQLModel], list[SQLModel]] = {
            tables.Customer: [],
            tables.Conversation: [],
            tables.WorkItem: [],
        }
        for number in range(waiting):
            name, demand = f"c{number}", self._random.choice(demands)
            at = _MORNING - timedelta(hours=10) + timedelta(seconds=number)
            rows[tables.Customer].append(tables.Customer(id=name, page_id=_PAGE, psid=name, created_at=at))
            rows[tables.Conversation].append(_conversation(name, at))
            rows[tables.WorkItem].append(
                tables.WorkItem(
                    conversation_id=name,
                    stay=1,
                    queue_id=demand.queue_id,
                    demand_id=demand.key,
                    state="waiting",
                    priority=self._random.choice((0, 0, 0, 5)),
                    age_at=at,
                )
            )
        for objects in rows.values():
            bulk_insert_detached(session, objects)


@contextmanager
def waiting_desk(waiting: int, seed: int) -> Iterator[WaitingDesk]:
    """A desk in a database file of its own, for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as directory:
        engine = make_engine(f"sqlite:///{Path(directory) / 'pagedesk.db'}")
        SQLModel.metadata.create_all(engine)
        try:
            yield WaitingDesk(engine, waiting, seed)
        finally:
            engine.dispose()


@contextmanager
def _counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that are executed within the block."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _conversation(name: str, at: datetime) -> tables.Conversation:
    return tables.Conversation(
        id=name,
        page_id=_PAGE,
        customer_id=name,
        workstream_id=_WORKSTREAM,
        status="open",
        status_reason="customer_wrote",
        status_changed_at=at,
        opened_at=at,
    )


def _agent(number: int) -> str:
    return f"agent-{number}"


def _queue(number: int) -> str:
    return f"queue-{number}"


def _skill(number: int) -> str:
    return f"skill-{number}"
