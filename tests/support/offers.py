"""The protocol of offers with everything that can go wrong, over the real rows.

The engine is played: each conversation is a small state machine whose tasks project what they decide, and may
be discarded before or after that, with their commands. Dispatchers without any lease claim, tell and die.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from dispatch.batch import MAX_CLAIMS, Batch
from domain.routing.capacity import CapacityNeed, HeldSlot, Origin
from domain.routing.chooser import choose
from domain.routing.demand import Demand
from domain.routing.placement import Placement, StayEnd, StayRecord, WaitingPlace
from store import tables
from store.db.sql import table_of
from store.events.events import append_events
from store.routing.agent_states import RoutingWrites, add_agent_state, refresh_agent
from store.routing.capacity import lock_agent_state
from store.routing.claims import CLAIM_VALID_FOR, Claim, claimed_offers, take_lapsed_back
from store.routing.distribution_settings import read_distribution_settings
from store.routing.marks import MarkKind, append_marks, delete_marks, read_marks
from store.routing.matching import waiting_items
from store.routing.projection import project_routing
from store.routing.ready_members import members_of
from store.routing.slot_states import SlotState, WorkItemState
from support.steps import START
from support.store import add_conversation, add_customer

T = TypeVar("T")

STEP = timedelta(seconds=10)
QUEUES = ("queue-a", "queue-b")
AGENTS = ("agent-a", "agent-b", "agent-c")
LIMIT_UNITS = 2
MAX_CONVERSATIONS = 8


class Fate(StrEnum):
    """What becomes of a task."""

    COUNTS = "counts"
    DISCARDED_BEFORE_PROJECTING = "discarded before projecting"
    DISCARDED_AFTER_PROJECTING = "discarded after projecting"


class Phase(StrEnum):
    """Where a conversation stands."""

    NEW = "new"
    OPEN = "open"
    OFFERED = "offered"
    ACTIVE = "active"
    CLOSED = "closed"


@dataclass(frozen=True)
class Run:
    """What the workflow of a conversation knows."""

    phase: Phase = Phase.NEW
    stay: int = 0
    queue_id: str | None = None
    agent_id: str | None = None
    slot_id: str | None = None
    origin: Origin = Origin.PUSH
    returns: tuple[tuple[str, int], ...] = ()
    stays: tuple[StayRecord, ...] = ()

    def in_queue(self, queue_id: str) -> "Run":
        """The next stay begins."""
        stay = StayRecord(self.stay + 1, queue_id, "messenger", START, "customer_wrote")
        return Run(Phase.OPEN, stay.number, queue_id, returns=self.returns, stays=(*self.stays, stay))

    def back_in_queue(self, *, declined: bool) -> "Run":
        """The next stay, which remembers who did not take it."""
        counts = dict(self.returns)
        if declined and self.agent_id is not None:
            counts[self.agent_id] = counts.get(self.agent_id, 0) + 1
        ended = replace(self.stays[-1], end=StayEnd.DECLINED if declined else StayEnd.TRANSFERRED)
        before = replace(self, returns=tuple(sorted(counts.items())), stays=(*self.stays[:-1], ended))
        return before.in_queue(self.queue_id or "")

    def with_agent(self, phase: Phase, agent_id: str, slot_id: str, origin: Origin) -> "Run":
        """Offered to an agent, or taken by one."""
        return replace(self, phase=phase, agent_id=agent_id, slot_id=slot_id, origin=origin)


Act = Callable[[Run, datetime], Run]


@dataclass
class Durable:
    """What the engine keeps of one conversation: what counts, and what waits for the next task.

    Signals are kept whatever happens to a task; commands go with a discarded one, if nobody asks again.
    """

    run: Run = field(default_factory=Run)
    signals: list[Act] = field(default_factory=list)
    offers: list[Claim] = field(default_factory=list)
    commands: list[Act] = field(default_factory=list)
    must_write_down: bool = False
    repairs: bool = False


class Desk:
    """A desk of a few agents and queues."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._now = START
        self._serial = 0
        self._told: list[Claim] = []
        self.threads: dict[str, Durable] = {}
        self._clear()

    # Rows

    def transact(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction of its own."""
        with Session(self._engine) as session, session.begin():
            return work(session)

    def _write(self, work: Callable[[Session, RoutingWrites], T]) -> T:
        def whole(session: Session) -> T:
            writes = RoutingWrites()
            result = work(session, writes)
            append_marks(session, writes.marks)
            append_events(session, writes.events)
            return result

        return self.transact(whole)

    def _clear(self) -> None:
        def work(session: Session) -> None:
            for model in (
                tables.Event,
                tables.DispatchMark,
                tables.WorkItemReturn,
                tables.WorkItem,
                tables.Slot,
                tables.QueueStay,
                tables.PresenceChange,
            ):
                session.connection().execute(delete(table_of(model)))
            for agent_id in AGENTS:
                if state := session.get(tables.AgentState, agent_id):
                    session.delete(state)
            session.flush()
            for agent_id in AGENTS:
                add_agent_state(session, agent_id, START)

        self.transact(work)
        for agent_id in AGENTS:
            self.connect(agent_id, connected=True)

    def connect(self, agent_id: str, *, connected: bool) -> None:
        """The agent's stream opens or closes."""

        def work(session: Session, writes: RoutingWrites) -> None:
            state = lock_agent_state(session, agent_id)
            assert state is not None
            state.connected, state.limit_units = connected, LIMIT_UNITS
            refresh_agent(session, state, writes, self._now, freed=False, reason="stream")

        self._write(work)

    # Conversations

    def customer_writes(self) -> None:
        """A conversation begins, in one of the queues."""
        if len(self.threads) >= MAX_CONVERSATIONS:
            return
        conversation_id = f"{self._name}-{len(self.threads)}"

        def work(session: Session) -> None:
            add_customer(session, conversation_id, START, psid=conversation_id)
            add_conversation(
                session, conversation_id, conversation_id, START, status="open", reason="customer_wrote"
            )

        self.transact(work)
        queue_id = QUEUES[len(self.threads) % len(QUEUES)]
        self.threads[conversation_id] = Durable(
            signals=[
                lambda run, _: run.in_queue(queue_id) if run.phase is Phase.NEW else run,
            ]
        )

    def thread(self, choice: int) -> str:
        """One of the conversations."""
        return list(self.threads)[choice % len(self.threads)]

    def busy_threads(self) -> list[str]:
        """Those that have a task to do."""
        return [
            each
            for each, thread in self.threads.items()
            if thread.signals or thread.commands or thread.offers or thread.must_write_down
        ]

    def command(self, conversation_id: str, act: Act) -> None:
        """Somebody asks for something; it waits for the conversation's next task."""
        self.threads[conversation_id].commands.append(act)

    def task(self, conversation_id: str, fate: Fate, *, forgets: bool) -> None:
        """The conversation's next task. `forgets`: the callers of a discarded one do not ask again."""
        thread = self.threads[conversation_id]
        run = thread.run
        for act in (*thread.signals, *thread.commands):
            run = act(run, self._now)
        knows_less = False
        for offer in thread.offers:
            run, unfit = self._offered(run, offer)
            knows_less = knows_less or unfit
        changed = run != thread.run
        if fate is not Fate.DISCARDED_BEFORE_PROJECTING and (changed or knows_less or thread.must_write_down):
            self._project(conversation_id, run, repairs=thread.repairs)
        if fate is Fate.COUNTS:
            self.threads[conversation_id] = Durable(run)
            return
        # Its worker died: the rows may be of this task, so the run is asked to write itself down.
        thread.must_write_down = thread.repairs = True
        if forgets:
            thread.commands.clear()

    def _offered(self, run: Run, offer: Claim) -> tuple[Run, bool]:
        if run.slot_id == offer.offer_id:
            return run, False
        fits = run.phase is Phase.OPEN and (run.stay, run.queue_id) == (offer.stay, offer.queue_id)
        if fits and self._now < offer.valid_until:
            return run.with_agent(Phase.OFFERED, offer.agent_id, offer.offer_id, Origin.PUSH), False
        return run, True

    def _project(self, conversation_id: str, run: Run, *, repairs: bool) -> None:
        def work(session: Session) -> None:
            placement = placement_of(conversation_id, run)
            append_events(session, project_routing(session, [placement], self._now, repairs=repairs))

        self.transact(work)

    # Dispatchers

    def dispatch(self, max_claims: int = MAX_CLAIMS) -> bool:
        """Act on the marks that there are. Whether there were any."""

        def work(session: Session) -> bool:
            marks = read_marks(session, 500)
            settings = read_distribution_settings(session)
            batch = Batch(session, settings, self._now, self._new_offer_id, max_claims=max_claims)
            result = batch.act_on(marks)
            delete_marks(session, result.done)
            append_marks(session, batch.writes.marks)
            append_events(session, batch.writes.events)
            self._told += result.claims
            return bool(marks)

        return self.transact(work)

    def _new_offer_id(self) -> str:
        self._serial += 1
        return f"{self._name}-offer-{self._serial}"

    def tell(self, choice: int) -> bool:
        """Signal one offer that was claimed."""
        if not self._told:
            return False
        offer = self._told.pop(choice % len(self._told))
        self.threads[offer.conversation_id].offers.append(offer)
        return True

    def dispatcher_dies(self) -> None:
        """What it remembered is gone; its successor tells every claim again, and looks at everything."""
        self._told = self.transact(claimed_offers)
        self.transact(lambda session: append_marks(session, [(MarkKind.ALL, "")]))

    def take_back(self) -> None:
        """Take back what has lapsed."""
        for offer in self.transact(claimed_offers):
            self._write(partial(_take_back, offer.offer_id, self._now))

    def a_step_passes(self) -> None:
        """Less than a claim holds."""
        self._now += STEP

    def claims_lapse(self) -> None:
        """More than a claim holds."""
        self._now += CLAIM_VALID_FOR + timedelta(minutes=1)

    def pick(self, conversation_id: str, agent_id: str) -> None:
        """An agent picks, whatever their capacity."""
        self._serial += 1
        slot_id = f"{self._name}-pick-{self._serial}"
        self.command(
            conversation_id,
            lambda run, _: (
                run.with_agent(Phase.ACTIVE, agent_id, slot_id, Origin.PICK)
                if run.phase is Phase.OPEN
                else run
            ),
        )

    # What has to hold

    def check(self) -> None:
        """After every step."""
        self.transact(self._check)

    def _check(self, session: Session) -> None:
        live = session.exec(select(tables.Slot).where(tables.Slot.state != SlotState.RELEASED)).all()
        of_conversations = [slot.conversation_id for slot in live]
        assert len(of_conversations) == len(set(of_conversations)), "two slots for one conversation"
        for state in session.exec(
            select(tables.AgentState).where(col(tables.AgentState.agent_id).in_(AGENTS))
        ):
            own = [slot for slot in live if slot.agent_id == state.agent_id]
            assert state.used_units == sum(slot.units for slot in own), "used units are not the slots' sum"
            assert sum(slot.units for slot in own if not slot.forced) <= LIMIT_UNITS, "an overrun"
            for member in session.exec(
                select(tables.QueueMember).where(tables.QueueMember.agent_id == state.agent_id)
            ):
                assert (member.presence, member.free_units) == (
                    state.presence,
                    state.limit_units - state.used_units,
                )

    def nothing_goes_wrong_for_a_moment(self) -> None:
        """What waits is worked off once, in the usual order."""
        for _ in range(2):
            for conversation_id in self.busy_threads():
                self.task(conversation_id, Fate.COUNTS, forgets=False)
            self.dispatch()
            while self.tell(0):
                pass

    def come_to_rest(self) -> None:
        """Everything that waits happens, and no more is discarded."""
        for _ in range(1000):
            self._now += STEP
            waiting = self.busy_threads()
            for conversation_id in waiting:
                self.task(conversation_id, Fate.COUNTS, forgets=False)
            self.take_back()  # first: what it frees is looked at before anything counts as at rest
            told = [self.dispatch(), self.tell(0)]
            self.check()
            if not (waiting or any(told) or self.transact(claimed_offers)):
                return
        raise AssertionError("it never came to rest")

    def differences(self) -> list[str]:
        """At rest: each row that differs from what the runs know, each item that waits beside room."""
        return self.transact(self._differences)

    def _differences(self, session: Session) -> list[str]:
        found = []
        for conversation_id, thread in self.threads.items():
            run = thread.run
            item = session.get(tables.WorkItem, conversation_id)
            live = session.exec(
                select(tables.Slot).where(
                    tables.Slot.conversation_id == conversation_id,
                    tables.Slot.state != SlotState.RELEASED,
                )
            ).first()
            # Parked: everybody declined it as often as they may be asked.
            waits = (item.stay, item.queue_id) if item else None
            holds = (live.id, live.agent_id, live.state) if live else None
            known = (run.stay, run.queue_id) if run.phase is Phase.OPEN else None
            held = (run.slot_id, run.agent_id, "held") if run.phase in {Phase.OFFERED, Phase.ACTIVE} else None
            if (waits, holds) != (known, held):
                found.append(f"{conversation_id}: {waits}, {holds} instead of {known}, {held}")
            stays = session.exec(
                select(tables.QueueStay.stay, tables.QueueStay.end)
                .where(tables.QueueStay.conversation_id == conversation_id)
                .order_by(col(tables.QueueStay.stay))
            ).all()
            expected = [(stay.number, stay.end) for stay in run.stays]
            if list(stays) != expected:
                found.append(f"{conversation_id}: stays {list(stays)} instead of {expected}")
        found += _waiting_beside_room(session, self._now)
        return found


def _take_back(offer_id: str, now: datetime, session: Session, writes: RoutingWrites) -> bool:
    return take_lapsed_back(session, offer_id, writes, now)


def _waiting_beside_room(session: Session, now: datetime) -> Iterator[str]:
    settings = read_distribution_settings(session)
    waiting = session.exec(
        select(tables.WorkItem.conversation_id).where(tables.WorkItem.state == WorkItemState.WAITING)
    ).all()
    for queued in waiting_items(session, waiting, settings):
        queue = settings.queues[queued.item.demand.queue_id]
        members = members_of(session, queue.id, settings, now)
        choice = choose(queued.item, members, queue.assignment, now)
        if choice is not None:
            yield f"{queued.item.conversation_id} waits beside {choice.agent_id}, who has room"


def demand_of(queue_id: str) -> Demand:
    """What every conversation of a queue asks for."""
    return Demand(queue_id, "messenger", need=CapacityNeed(1))


def placement_of(conversation_id: str, run: Run) -> Placement:
    """What the run's projection says."""
    waiting = slot = None
    if run.phase is Phase.OPEN and run.queue_id is not None:
        waiting = WaitingPlace(demand_of(run.queue_id), 0, START, returns=dict(run.returns))
    if run.phase in {Phase.OFFERED, Phase.ACTIVE} and run.slot_id and run.agent_id:
        slot = HeldSlot(run.slot_id, conversation_id, run.agent_id, CapacityNeed(1))
    return Placement(conversation_id, run.stay, run.queue_id, waiting, slot, run.origin, run.stays)


def seed_desk(session: Session) -> None:
    """The agents, and queues that each serves: the second agent both, the others one."""
    session.merge(tables.RoutingVersion(version=1))
    session.get_one(tables.Workstream, "messenger").distribution_mode = "push"
    session.add_all(
        tables.Agent(id=agent_id, name=agent_id, role="agent", created_at=START) for agent_id in AGENTS
    )
    session.add_all(tables.Queue(id=queue_id, name=queue_id, created_at=START) for queue_id in QUEUES)
    session.flush()
    serves = {"agent-a": QUEUES[:1], "agent-b": QUEUES, "agent-c": QUEUES[1:]}
    session.add_all(
        tables.QueueMember(queue_id=queue_id, agent_id=agent_id, freed_at=START, last_assigned_at=START)
        for agent_id, queue_ids in serves.items()
        for queue_id in queue_ids
    )
    session.flush()
