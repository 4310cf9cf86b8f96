"""The protocol of offers with everything that can go wrong, over the real rules and the real rows.

The engine is played: each thread is led through the domain's functions as `ConversationWorkflow` does it, by
tasks that project what they decide, and that may be discarded before or after that, with their commands.
Dispatchers without any lease claim, tell and die. At rest every invariant holds
(`support.routing_invariants`), and what the rows tell is what the threads know.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine, delete
from sqlmodel import Session, SQLModel, col, select

from dispatch.batch import MAX_CLAIMS, Batch
from domain.conversations.apply_routing import apply_route
from domain.conversations.apply_signals import apply_signals
from domain.conversations.changes import Change, Refusal
from domain.conversations.command_types import Command
from domain.conversations.conversation import apply_event, decide, needs_workflow
from domain.conversations.deadlines import due_since, fire, is_due
from domain.conversations.projection import LastWritten, date_of_projection
from domain.conversations.queue_stays import is_unrouted
from domain.conversations.state import Conversation, ThreadEvent, ThreadEventKind, ThreadState
from domain.routing.capacity import CapacityNeed, Origin
from domain.routing.demand import Demand
from domain.routing.offers import CLAIM_VALID_FOR, NotificationSettings
from domain.routing.route_result import RouteResult
from domain.routing.route_to_queue import RouteReason
from domain.routing.routing_signals import AgentGone, OfferMade, RoutingSignal
from domain.routing.work_distribution import ConversationDistribution
from domain.sending.window import OpeningKind, opening
from store import tables
from store.conversations.projection import project
from store.db.sql import table_of
from store.events.events import append_events
from store.routing.agent_states import RoutingWrites, add_agent_state, refresh_agent
from store.routing.capacity import lock_agent_state
from store.routing.claims import Claim, claimed_offers, take_lapsed_back
from store.routing.dispatch_marks import MarkKind, append_marks, delete_marks, read_marks
from store.routing.dispatch_settings import read_dispatch_settings
from store.routing.slot_states import WorkItemState
from support.commands import make_command
from support.offer_facts import facts_of, read_offers
from support.routing_invariants import capacity_violations, violations_at_rest
from support.steps import SETTINGS, START
from support.store import PAGE_A, PUBLIC_URL, add_customer, add_message
from workflows.deterministic_ids import ids_of

T = TypeVar("T")

STEP = timedelta(seconds=10)
QUEUES = ("queue-a", "queue-b")
AGENTS = ("agent-a", "agent-b", "agent-c")
SERVES = {"agent-a": QUEUES[:1], "agent-b": QUEUES, "agent-c": QUEUES[1:]}
LIMIT_UNITS = 1
DECLINE_LIMIT = 3
MAX_THREADS = 8

_LIMITS = dict.fromkeys(AGENTS, LIMIT_UNITS)
_DISTRIBUTION = ConversationDistribution(
    allow_picking=True,
    notification=NotificationSettings(reject_button=True),
)
_READY = frozenset({"available", "busy"})


class Fate(StrEnum):
    """What becomes of a task."""

    COUNTS = "counts"
    DISCARDED_BEFORE_PROJECTING = "discarded before projecting"
    DISCARDED_AFTER_PROJECTING = "discarded after projecting"


@dataclass
class Thread:
    """What the engine keeps of one thread: what counts, and what waits for the next task.

    Events and signals are kept whatever happens to a task; commands go with a discarded one, if nobody asks
    again.
    """

    customer_id: str
    queue_id: str
    state: ThreadState
    last: LastWritten = field(default_factory=LastWritten)
    refused_by: datetime | None = None
    unprojected: Change | None = None
    seq: int = 0
    events: list[ThreadEvent] = field(default_factory=list)
    signals: list[RoutingSignal] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    must_write_down: bool = False

    @property
    def conversation(self) -> Conversation | None:
        """The live one."""
        return self.state.conversation

    def is_busy(self, now: datetime) -> bool:
        """Whether there is a task to do."""
        waits = self.events or self.signals or self.commands
        return bool(waits or self.must_write_down or self.unprojected) or is_due(self.state, now)


class Desk:
    """A desk of a few agents and queues."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._now = START
        self._serial = 0
        self._told: list[Claim] = []
        self.threads: dict[str, Thread] = {}
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
        models: tuple[type[SQLModel], ...] = (
            tables.Event,
            tables.DispatchMark,
            tables.WorkItemReturn,
            tables.WorkItemWish,
            tables.WorkItem,
            tables.Slot,
            tables.QueueStay,
            tables.PresenceChange,
            tables.Survey,
            tables.AgentSession,
            tables.Message,
            tables.Conversation,
            tables.AgentState,
        )

        def work(session: Session) -> None:
            for model in models:
                session.connection().execute(delete(table_of(model)))
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

    def agent_is_gone(self, agent_id: str) -> None:
        """The agent's stream closes for good; what they have is told so."""
        self.connect(agent_id, connected=False)
        claims = [each for each in self.transact(claimed_offers) if each.agent_id == agent_id]
        claimed = {each.conversation_id for each in claims}
        for thread in self.threads.values():
            live = thread.conversation
            if live is not None and (live.agent_id == agent_id or live.id in claimed):
                thread.signals.append(AgentGone(agent_id, self._now, final=True))

    # Threads

    def customer_writes(self, choice: int) -> None:
        """Somebody writes: a new customer, or one who has written before."""
        if len(self.threads) < MAX_THREADS and choice % 3:
            self._add_customer()
            choice = len(self.threads) - 1
        if not self.threads:
            return
        thread = self.thread(choice)
        thread.seq, message_id = thread.seq + 1, self._new_id("message")
        row = {"direction": "inbound", "sender_kind": "customer", "status": None, "thread_seq": thread.seq}
        self.transact(
            lambda session: add_message(
                session, message_id, thread.customer_id, self._now, **row, conversation_id=None
            )
        )
        opened = opening(OpeningKind.MESSAGE, occurred_at=self._now, received_at=self._now)
        thread.events.append(ThreadEvent(thread.seq, ThreadEventKind.MESSAGE, self._now, opened, message_id))

    def _add_customer(self) -> None:
        customer_id = f"{self._name}-{len(self.threads)}"
        self.transact(lambda session: add_customer(session, customer_id, START, psid=customer_id))
        settings = replace(SETTINGS, distribution=_DISTRIBUTION)
        queue_id = QUEUES[len(self.threads) % len(QUEUES)]
        self.threads[customer_id] = Thread(customer_id, queue_id, ThreadState(settings=settings))

    def thread(self, choice: int) -> Thread:
        """One of the threads."""
        return list(self.threads.values())[choice % len(self.threads)]

    def busy_threads(self) -> list[Thread]:
        """Those that have a task to do."""
        return [each for each in self.threads.values() if each.is_busy(self._now)]

    def asks(self, thread: Thread, action: str, agent_id: str | None = None) -> None:
        """Somebody gives a command about the live conversation; it waits for the thread's next task."""
        live = thread.conversation
        if live is None:
            return
        who = agent_id or live.agent_id or AGENTS[0]
        command_id = self._new_id("command")
        receivers = {
            "transfer": {"to_agent_id": AGENTS[self._serial % len(AGENTS)]},
            "transfer_to_queue": {"queue_id": QUEUES[self._serial % len(QUEUES)]},
        }
        thread.commands.append(make_command(action, command_id, live.id, who, **receivers.get(action, {})))

    def task(self, thread: Thread, fate: Fate, *, forgets: bool) -> None:
        """The thread's next task. `forgets`: the callers of a discarded one do not ask again."""
        self._now += timedelta(milliseconds=5)
        state, change, asked = self._decided(thread)
        if not (change.is_to_be_recorded or asked):
            projected: Change | None = None
        else:
            date = date_of_projection(self._now, thread.last, thread.refused_by)
            state = replace(state, written_at=date)
            projected = replace(change, state=state)
        refused_by = None
        if projected is not None and fate is not Fate.DISCARDED_BEFORE_PROJECTING:
            refused_by = self._project(thread, projected)
        if fate is Fate.COUNTS:
            self._count(thread, state, projected, refused_by)
            return
        # Its worker died: the rows may be of this task, so the run is asked to write itself down.
        thread.must_write_down = True
        if forgets:
            thread.commands.clear()

    def _count(
        self, thread: Thread, state: ThreadState, projected: Change | None, refused_by: datetime | None
    ) -> None:
        if projected is not None:
            if refused_by is None:
                thread.last, thread.unprojected = LastWritten.of(state), None
            else:
                thread.unprojected = projected
            thread.refused_by = refused_by
        thread.state, thread.must_write_down = state, False
        for waiting in (thread.events, thread.signals, thread.commands):
            waiting.clear()

    def _decided(self, thread: Thread) -> tuple[ThreadState, Change, bool]:
        """The state that the task comes to, what it is to project, and whether it must project anyway."""
        state = thread.state
        change = thread.unprojected or Change(state)
        asked = thread.must_write_down or thread.unprojected is not None
        for taken in self._taken(thread):
            outcome, cause = taken(state)
            if outcome.is_to_be_recorded:
                numbered = replace(outcome.caused_by(cause), state=outcome.state.with_next_version())
                state, change = numbered.state, change.then(numbered)
            else:
                state = outcome.state
        signals = apply_signals(state, thread.signals, self._now, partial(ids_of, thread.customer_id))
        if signals.change.is_to_be_recorded:
            state = signals.change.state.with_next_version()
            change = change.then(replace(signals.change, state=state))
        asked = asked or signals.knows_less
        return state, change, asked or not needs_workflow(state, self._now)

    def _taken(self, thread: Thread) -> Iterator[Callable[[ThreadState], tuple[Change, str]]]:
        """What a task does with the state before it takes signals, as `ConversationWorkflow.run` has it."""
        now, customer_id = self._now, thread.customer_id

        def by_cause(
            act: Callable[[ThreadState, Callable[[], str]], Change | Refusal], cause: str
        ) -> Callable[[ThreadState], tuple[Change, str]]:
            def taken(state: ThreadState) -> tuple[Change, str]:
                outcome = act(state, ids_of(customer_id, cause))
                return (Change(state) if isinstance(outcome, Refusal) else outcome), cause

            return taken

        for event in thread.events:
            yield by_cause(lambda s, ids, e=event: apply_event(s, e, now, ids), f"event/{event.seq}")  # type: ignore[misc]  # bound now
        for command in thread.commands:
            yield by_cause(
                lambda s, ids, c=command: decide(s, c, now, ids),  # type: ignore[misc]
                f"command/{command.command_id}",
            )
        yield lambda state: self._deadlines(state, customer_id)
        yield lambda state: self._routed(state, thread)

    def _deadlines(self, state: ThreadState, customer_id: str) -> tuple[Change, str]:
        if not is_due(state, self._now):
            return Change(state), ""
        ids = ids_of(customer_id, f"deadline/{due_since(state, self._now)}")
        return fire(state, self._now, ids), "deadline"

    def _routed(self, state: ThreadState, thread: Thread) -> tuple[Change, str]:
        live = state.conversation
        if live is None or not is_unrouted(live):
            return Change(state), ""
        number = live.stay.record.number + 1 if live.stay else 1
        cause = f"route/{live.id}/{number}"
        routed = RouteResult(demand_of(thread.queue_id), RouteReason.NO_RULE_MATCHED)
        return apply_route(state, live.id, routed, self._now, ids_of(thread.customer_id, cause)), cause

    def _project(self, thread: Thread, change: Change) -> datetime | None:
        return self.transact(
            lambda session: project(
                session, PAGE_A, thread.customer_id, change, thread.last, public_url=PUBLIC_URL
            )
        )

    # Dispatchers

    def dispatch(self, max_claims: int = MAX_CLAIMS) -> bool:
        """Act on the marks that there are. Whether there were any. Every claim is allowed, and the best."""
        self._now += timedelta(milliseconds=1)

        def work(session: Session) -> bool:
            marks = read_marks(session, 500)
            settings = read_dispatch_settings(session)
            before = _Before(session)
            batch = Batch(session, settings, self._now, partial(self._new_id, "offer"), max_claims=max_claims)
            result = batch.act_on(marks)
            delete_marks(session, result.done)
            append_marks(session, batch.writes.marks)
            append_events(session, batch.writes.events)
            self._told += result.claims
            assert list(before.violations(session, result.claims)) == []
            return bool(marks)

        return self.transact(work)

    def _new_id(self, kind: str) -> str:
        self._serial += 1
        return f"{self._name}-{kind}-{self._serial}"

    def tell(self, choice: int) -> bool:
        """Signal one offer that was claimed."""
        if not self._told:
            return False
        claim = self._told.pop(choice % len(self._told))
        offer = OfferMade(
            claim.offer_id,
            claim.conversation_id,
            claim.agent_id,
            claim.stay,
            claim.queue_id,
            claim.origin,
            claim.valid_until,
        )
        owner = self.transact(lambda session: _customer_of(session, claim.conversation_id))
        if owner is not None:
            self.threads[owner].signals.append(offer)
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

    # What has to hold

    def check(self) -> None:
        """After every step: no overrun, one slot to a conversation, every copy is the sum of the slots."""
        assert self.transact(lambda session: list(capacity_violations(session, _LIMITS))) == []

    def nothing_goes_wrong_for_a_moment(self) -> None:
        """What waits is worked off once, in the usual order."""
        for _ in range(2):
            for thread in self.busy_threads():
                self.task(thread, Fate.COUNTS, forgets=False)
            self.dispatch()
            while self.tell(0):
                pass

    def come_to_rest(self) -> None:
        """Everything that waits happens, and no more is discarded."""
        for _ in range(1000):
            waiting = self.busy_threads()
            for thread in waiting:
                self.task(thread, Fate.COUNTS, forgets=False)
            self.take_back()  # first: what it frees is looked at before anything counts as at rest
            told = [self.dispatch(), self.tell(0)]
            self.check()
            claims = self.transact(claimed_offers)
            if not (waiting or any(told) or claims):
                return
            if claims and not (waiting or any(told)):
                self.claims_lapse()
        raise AssertionError("it never came to rest")

    def differences(self) -> list[str]:
        """At rest: each invariant that does not hold, each row that tells what its thread does not know."""

        def look(session: Session) -> list[str]:
            told = read_offers(facts_of(session), _LIMITS, DECLINE_LIMIT)
            found = violations_at_rest(session, self._now, _LIMITS, told)
            return [*found, *self._unlike(session)]

        return self.transact(look)

    def _unlike(self, session: Session) -> Iterator[str]:
        for thread in self.threads.values():
            live = thread.conversation
            rows = session.exec(
                select(tables.Conversation).where(
                    tables.Conversation.customer_id == thread.customer_id,
                    tables.Conversation.status != "closed",
                )
            ).all()
            told = [(row.id, row.status, row.agent_id, row.session_id, row.stay) for row in rows]
            known = [_known(live)] if live is not None else []
            if told != known:
                yield f"{thread.customer_id}: {told} instead of {known}"


def _known(live: Conversation) -> tuple[str, str, str | None, str | None, int]:
    session_id = live.session.id if live.session else None
    stay = live.stay.record.number if live.stay else 0
    return live.id, live.status.value, live.agent_id, session_id, stay


class _Before:
    """How members and items stood before a batch: what it may claim, and in which order."""

    def __init__(self, session: Session) -> None:
        self._presences = {
            state.agent_id: state.presence for state in session.exec(select(tables.AgentState))
        }
        self._returns = Counter(
            {
                (each.conversation_id, each.agent_id): each.count
                for each in session.exec(select(tables.WorkItemReturn))
            }
        )
        self._waiting = _waiting(session)

    def violations(self, session: Session, claims: Iterable[Claim]) -> Iterator[str]:
        """4, 7: nobody who may not have it, and nobody before who came earlier."""
        left = {each.conversation_id for each in _waiting(session)}
        for claim in claims:
            if claim.origin is not Origin.PUSH:
                continue
            item = next(
                (each for each in self._waiting if each.conversation_id == claim.conversation_id), None
            )
            if item is None:
                continue  # told again
            if self._presences[claim.agent_id] not in _READY or claim.queue_id not in SERVES[claim.agent_id]:
                yield f"{claim} of who is {self._presences[claim.agent_id]}"
            if self._returns[claim.conversation_id, claim.agent_id] >= DECLINE_LIMIT:
                yield f"{claim} of who did not take it often enough"
            for other in self._waiting:
                earlier = (other.age_at, other.conversation_id) < (item.age_at, item.conversation_id)
                alike = other.demand_id == item.demand_id and other.returns == 0
                if earlier and alike and other.conversation_id in left:
                    yield f"{claim} although {other.conversation_id} came before"


def _waiting(session: Session) -> list[tables.WorkItem]:
    waiting = select(tables.WorkItem).where(col(tables.WorkItem.state) == WorkItemState.WAITING)
    return [tables.WorkItem(**row.model_dump()) for row in session.exec(waiting)]


def _customer_of(session: Session, conversation_id: str) -> str | None:
    found = session.get(tables.Conversation, conversation_id)
    return found.customer_id if found is not None else None


def _take_back(offer_id: str, now: datetime, session: Session, writes: RoutingWrites) -> bool:
    return take_lapsed_back(session, offer_id, writes, now)


def demand_of(queue_id: str) -> Demand:
    """What every conversation of a queue asks for."""
    return Demand(queue_id, "messenger", need=CapacityNeed(1))


def seed_desk(session: Session) -> None:
    """The agents, and queues that each serves: the second agent both, the others one."""
    session.merge(tables.RoutingVersion(version=1))
    workstream = session.get_one(tables.Workstream, "messenger")
    workstream.distribution_mode = "push"
    session.add(workstream)
    session.add_all(
        tables.Agent(id=agent_id, name=agent_id, role="agent", created_at=START) for agent_id in AGENTS
    )
    session.add_all(
        tables.Queue(id=queue_id, name=queue_id, created_at=START, decline_limit=DECLINE_LIMIT)
        for queue_id in QUEUES
    )
    session.flush()
    session.add_all(
        tables.QueueMember(queue_id=queue_id, agent_id=agent_id, freed_at=START, last_assigned_at=START)
        for agent_id, queue_ids in SERVES.items()
        for queue_id in queue_ids
    )
    session.flush()
