"""An engine that discards workflow tasks, over the real rules and the real projection.

One thread's run, in the role of `ConversationWorkflow`. What it projects goes to two stores: to `rows`
whatever a task projects, discarded or not, in time or late; to `ledger` only what the tasks that count have
projected. At rest both must tell the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, delete, select

from domain.conversations.apply_routing import apply_agent_gone, apply_offer, apply_route, cause_of_gone
from domain.conversations.changes import Change, Refusal, SendOutcome
from domain.conversations.command_types import AgentCommand, Command, Reply
from domain.conversations.conversation import (
    apply_event,
    decide,
    needs_workflow,
    with_settings,
)
from domain.conversations.deadlines import due_since, fire, is_due
from domain.conversations.outbox import send_postponed, send_settled
from domain.conversations.projection import NEVER_WAS, LastWritten, date_of_projection
from domain.conversations.queue_stays import is_unrouted
from domain.conversations.state import ThreadEvent, ThreadState
from domain.routing.routing_signals import AgentGone, OfferMade
from domain.sending.delivery import MessageStatus
from domain.workstreams.conversation_settings import ConversationSettings
from store import tables
from store.conversations.messages import begin_attempt, new_outbound_row, settle
from store.conversations.projection import project
from store.conversations.state_versions import readable
from store.db.sql import insert_or_ignore
from support.steps import ROUTED, SETTINGS, START, Doing, Postponed
from support.store import PAGE_A, PUBLIC_URL
from workflows.deterministic_ids import ids_of

CUSTOMER = "customer-a"
TASK_TIMEOUT = timedelta(seconds=2)

_STATE = TypeAdapter(ThreadState)
_COMPARED: tuple[tuple[type[SQLModel], frozenset[str]], ...] = (
    # What an earlier attempt told stays in the log with its own instant.
    (tables.Event, frozenset({"id", "at", "written_at"})),
    # A repair writes each conversation and the survey anew, with the version of the state that it writes.
    (tables.Conversation, frozenset({"version"})),
    (tables.AgentSession, frozenset()),
    (tables.QueueStay, frozenset()),
    (tables.Participant, frozenset()),
    # A stay that is there already is left to the dispatcher, with the age that an earlier attempt gave it.
    (tables.WorkItem, frozenset({"written_at", "age_at"})),
    (tables.Survey, frozenset({"token", "version"})),
    (tables.Message, frozenset({"content"})),  # a survey's link has its token
    (tables.Thread, frozenset()),
)


class Fate(StrEnum):
    """What becomes of a workflow task."""

    COUNTS = "counts"
    DISCARDED_BEFORE_PROJECTING = "discarded before projecting"
    DISCARDED_AFTER_PROJECTING = "discarded after projecting"
    DISCARDED_AND_PROJECTS_LATE = "discarded, and projects late"


@dataclass(frozen=True, slots=True)
class Run:
    """What a run knows between two tasks that count."""

    state: ThreadState = field(default_factory=lambda: ThreadState(settings=SETTINGS))
    last: LastWritten = field(default_factory=LastWritten)
    unprojected: Change | None = None
    refused_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Projection:
    """What one task gives to the projection."""

    change: Change
    before: LastWritten

    def write(self, engine: Engine) -> datetime | None:
        """As the local activity does."""
        with Session(engine) as session:
            refused_by = project(session, PAGE_A, CUSTOMER, self.change, self.before, public_url=PUBLIC_URL)
            session.commit()
        return refused_by


class Thread:
    """One thread, its engine and its two stores."""

    def __init__(self, rows: Engine, ledger: Engine) -> None:
        self.rows, self.ledger = rows, ledger
        self.now = START
        self.run = Run()
        self.is_open = False
        self.seq = 0
        self.waiting: list[tuple[str, Doing]] = []
        self.lost: list[tuple[str, Command]] = []
        self.late: list[Projection] = []
        self.refused_projections = 0
        for engine in self.both:
            _clear(engine)

    @property
    def both(self) -> tuple[Engine, Engine]:
        return self.rows, self.ledger

    def happens(self, doing: Doing) -> None:
        """Something for the next task; what is no command is in the history, and never lost."""
        match doing:
            case datetime():
                self.now = max(self.now, doing)
            case ThreadEvent():
                self.seq += 1
                self._event(replace(doing, seq=self.seq))
            case AgentCommand():
                if isinstance(doing, Reply):
                    doing = self._reply(doing)
                self.waiting.append((f"command/{doing.command_id}", doing))
            case SendOutcome() | Postponed():
                cause = f"send/{doing.message_id}"
                # The next attempt begins only when the run has taken the end of this one in, and none before
                # the row of its message is written.
                if self.run.unprojected is None and cause not in {each for each, _ in self.waiting}:
                    self._attempt(doing)
                    self.waiting.append((cause, doing))
            case OfferMade():
                self.waiting.append((f"offer/{doing.offer_id}", doing))
            case AgentGone():
                self.waiting.append((f"agent_gone/{doing.agent_id}/{doing.since.isoformat()}", doing))
            case _:
                self.waiting.append(("", doing))

    def task(self, fate: Fate, *, forgotten: int = 0, clock_goes_back: bool = False) -> None:
        """One workflow task with all that waits.

        `forgotten`: bits of the commands that a discarded one takes along. `clock_goes_back`: to before this
        task, once it is over.
        """
        self.now += timedelta(milliseconds=5)
        self._open()
        run, projection = self._attempted()
        if fate is Fate.COUNTS:
            self._count(run, projection)
            return
        if projection is not None and fate is Fate.DISCARDED_AFTER_PROJECTING:
            projection.write(self.rows)
        if projection is not None and fate is Fate.DISCARDED_AND_PROJECTS_LATE:
            self.late.append(projection)
        commands = [each for each in self.waiting if isinstance(each[1], AgentCommand)]
        for number, (cause, command) in enumerate(commands):
            if forgotten >> number & 1:
                self.waiting.remove((cause, command))
                self.lost.append((cause, command))  # type: ignore[arg-type]  # a command, as filtered above
        self.now += TASK_TIMEOUT
        if clock_goes_back and not self.late:  # both at once are beyond what dates can tell (ADR 0018)
            self.now -= 4 * TASK_TIMEOUT

    def ask_again(self) -> None:
        """The oldest command that was lost comes again, under its id."""
        if self.lost:
            self.waiting.append(self.lost.pop(0))

    def continue_as_new(self) -> None:
        """The next run goes on with the state of this one."""
        if self.is_open and self.run.unprojected is None:
            self.run = Run(self.run.state, LastWritten.of(self.run.state))

    def project_late(self) -> None:
        """A worker that had stood still goes on with a task that was given up for lost."""
        for projection in self.late:
            projection.write(self.rows)
        self.late.clear()

    def come_to_rest(self) -> None:
        """Everything lost that is kept elsewhere comes again; then the run is asked to write itself down."""
        self.project_late()
        self.waiting += [(cause, each) for cause, each in self.lost if isinstance(each, Reply)]
        self.lost.clear()
        self._run_until_written()
        self.write_down()
        self.task(Fate.COUNTS)
        self._run_until_written()

    def _run_until_written(self) -> None:
        """A projection that was refused is written again by a later task."""
        while self.waiting or self.run.unprojected is not None:
            self.task(Fate.COUNTS)

    def write_down(self) -> None:
        """The signal that repairs; a run that is over needs none."""
        if self.is_open:
            self.waiting.append(("", START))

    def differences(self) -> list[str]:
        """What the rows tell otherwise than the ledger, but for what they say never was."""
        return [
            f"{model.__name__}: {one} != {other}"
            for model, ignored in _COMPARED
            for one, other in _unlike(_told(self.rows, model, ignored), _told(self.ledger, model, ignored))
        ]

    def _event(self, event: ThreadEvent) -> None:
        if event.message_id is not None:
            inbound = {
                "direction": "inbound",
                "sender_kind": "customer",
                "status": None,
                "thread_seq": event.seq,
                "occurred_at": event.at,
            }
            self._insert(_message(event.message_id, None, self.now) | inbound)
        self.waiting.append((f"event/{event.seq}", event))

    def _reply(self, command: Reply) -> Reply:
        """The API keeps the agent's words first; it may say again what nobody knows to have arrived."""
        conversation = self.run.state.conversation
        session = conversation.session if conversation is not None else None
        with Session(self.ledger) as ledger:
            unknown = ledger.exec(
                select(tables.Message.id)
                .where(
                    tables.Message.status == MessageStatus.UNKNOWN.value,
                    tables.Message.sender_kind == "agent",
                )
                .order_by(tables.Message.id)
            ).first()
        command = replace(command, resends=unknown)
        known = conversation is not None and conversation.id == command.conversation_id
        row = _message(command.message_id, command.conversation_id if known else None, self.now)
        self._insert(
            row
            | {
                "agent_id": command.agent_id,
                "hold": command.hold,
                "resends": command.resends,
                "session_id": session.id if session is not None and known else None,
            }
        )
        return command

    def _insert(self, row: dict[str, Any]) -> None:
        for engine in self.both:
            with Session(engine) as session:
                insert_or_ignore(session, tables.Message, [row])
                session.commit()

    def _attempt(self, doing: SendOutcome | Postponed) -> None:
        """What the send activity does to the row, which must be there and must wait for it."""
        for engine in self.both:
            with Session(engine) as session:
                message = session.get(tables.Message, doing.message_id)
                assert message is not None, f"{doing.message_id} is to be sent and has no row"
                if message.status in {MessageStatus.QUEUED, MessageStatus.HELD}:
                    begin_attempt(session, message, "standard", self.now)
                assert message.status in {MessageStatus.SENDING, MessageStatus.UNKNOWN}, message.status
                session.flush()
                status = doing.status if isinstance(doing, SendOutcome) else MessageStatus.QUEUED
                reason = doing.reason if isinstance(doing, SendOutcome) else None
                settle(session, message.id, status, self.now, reason=reason)
                session.commit()

    def _open(self) -> None:
        """A run begins with what it loads; one that went on is loaded as it left."""
        if self.is_open:
            return
        with Session(self.rows) as session:
            kept = session.get_one(tables.Thread, CUSTOMER).state
        loaded = _STATE.validate_python(readable(kept or {}))
        assert _written(loaded) == _written(self.run.state)
        self.run = Run(replace(loaded, settings=self.run.state.settings), LastWritten.of(loaded))
        self.is_open = True

    def _attempted(self) -> tuple[Run, Projection | None]:
        """The run as this task leaves it, and what it projects."""
        state = self.run.state
        change = self.run.unprojected or Change(state)
        asked = self.run.unprojected is not None
        signals = [each for each in self.waiting if isinstance(each[1], OfferMade | AgentGone)]
        for cause, doing in self.waiting:
            if (cause, doing) in signals:
                continue
            asked = asked or isinstance(doing, datetime)
            outcome = self._applied(state, cause, doing)
            state, change = outcome.state, change.then(outcome)
        if is_due(state, self.now):
            ids = ids_of(CUSTOMER, f"deadline/{due_since(state, self.now)}")
            fired = _numbered(fire(state, self.now, ids), "deadline")
            state, change = fired.state, change.then(fired)
        for taken in self._routed(state):
            state, change = taken.state, change.then(taken)
        for told, doing in signals:
            cause = cause_of_gone(state, doing) if isinstance(doing, AgentGone) else told
            outcome = self._applied(state, cause, doing)
            state, change = outcome.state, change.then(outcome)
        if not (change.is_to_be_recorded or asked or not needs_workflow(state, self.now)):
            return replace(self.run, state=state), None
        date = date_of_projection(self.now, self.run.last, self.run.refused_by)
        state = replace(state, written_at=date)
        change = replace(change, state=state)
        return Run(state, LastWritten.of(state), change), Projection(change, self.run.last)

    def _routed(self, state: ThreadState) -> list[Change]:
        live = state.conversation
        if live is None or not is_unrouted(live):
            return []
        cause = f"route/{live.id}/{live.stay.record.number + 1 if live.stay else 1}"
        taken = apply_route(state, live.id, ROUTED, self.now, ids_of(CUSTOMER, cause))
        return [_numbered(taken, cause)]

    def _applied(self, state: ThreadState, cause: str, doing: Doing) -> Change:
        ids = ids_of(CUSTOMER, cause)
        outcome: Change | Refusal = Change(state)
        match doing:
            case ThreadEvent():
                outcome = apply_event(state, doing, self.now, ids)
            case AgentCommand():
                outcome = decide(state, doing, self.now, ids)
            case OfferMade():
                outcome = apply_offer(state, doing, self.now, ids)
            case AgentGone():
                outcome = apply_agent_gone(state, doing, self.now, ids)
            case SendOutcome():
                ids = ids_of(CUSTOMER, f"{cause}/{doing.status}")
                outcome = send_settled(state, doing, self.now, ids)
            case Postponed():
                outcome = Change(send_postponed(state, doing.message_id, doing.until))
            case ConversationSettings():
                outcome = Change(with_settings(state, doing, self.now))
        return Change(state) if isinstance(outcome, Refusal) else _numbered(outcome, cause)

    def _count(self, run: Run, projection: Projection | None) -> None:
        refused_by = projection.write(self.rows) if projection is not None else None
        if projection is not None and refused_by is None:
            assert projection.write(self.ledger) is None
            run = replace(run, unprojected=None)
        elif refused_by is not None:
            self.refused_projections += 1
            run = replace(run, last=self.run.last, refused_by=refused_by)
        self._refuse(run.state)
        self.run = run
        self.waiting.clear()
        self.is_open = run.unprojected is not None or needs_workflow(run.state, self.now)

    def _refuse(self, state: ThreadState) -> None:
        """The API records what became of refused replies."""
        known = {each.command_id for each in state.applied_commands} | {
            each.message_id for each in state.held
        }
        refused = [each for _, each in self.waiting if isinstance(each, Reply)]
        for command in refused:
            if command.command_id not in known and command.message_id not in known:
                for engine in self.both:
                    with Session(engine) as session:
                        settle(session, command.message_id, MessageStatus.FAILED, self.now)
                        session.commit()


def _numbered(change: Change, cause: str) -> Change:
    if not change.is_to_be_recorded:
        return change
    return replace(change.caused_by(cause), state=change.state.with_next_version())


def _message(message_id: str, conversation_id: str | None, at: datetime) -> dict[str, Any]:
    return new_outbound_row(
        id=message_id,
        page_id=PAGE_A,
        customer_id=CUSTOMER,
        conversation_id=conversation_id,  # type: ignore[arg-type]  # a customer's message has none yet
        sender_kind="agent",
        text="words",
        created_at=at,
    ) | {"thread_seq": None}


def _written(state: ThreadState) -> ThreadState:
    """What of a state is projected whenever it changes."""
    return replace(state, settings=SETTINGS, settings_since=None, window=ThreadState().window)


def _told(engine: Engine, model: type[SQLModel], ignored: frozenset[str]) -> dict[Any, dict[str, Any]]:
    with Session(engine) as session:
        found = [each.model_dump(exclude=set(ignored)) for each in session.exec(select(model))]
    if model is tables.Event:
        # Without a key: retracted.
        return {
            each["dedupe_key"]: each
            for each in found
            if each["dedupe_key"] and "retracted/" not in each["dedupe_key"]
        }
    kept = (
        each
        for each in found
        if NEVER_WAS not in {each.get("status_reason"), each.get("closure_reason"), each.get("reason")}
    )
    return {_key_of(each): each for each in kept}


def _key_of(row: dict[str, Any]) -> Any:
    if "stay" in row and "id" not in row:
        return row["conversation_id"], row["stay"]
    return row.get("id") or row["customer_id"]


def _unlike(
    rows: dict[Any, dict[str, Any]], ledger: dict[Any, dict[str, Any]]
) -> Iterator[tuple[dict[str, Any] | None, dict[str, Any] | None]]:
    for key in rows | ledger:
        one, other = rows.get(key), ledger.get(key)
        if one is None or other is None:
            yield one, other
        elif one != other:
            names = [name for name in one if one[name] != other[name]]
            yield {"id": key, **{name: one[name] for name in names}}, {name: other[name] for name in names}


def _clear(engine: Engine) -> None:
    with Session(engine) as session:
        for model in (
            tables.Event,
            tables.WorkItemReturn,
            tables.WorkItemWish,
            tables.WorkItem,
            tables.QueueStay,
            tables.Participant,
            tables.Survey,
            tables.AgentSession,
            tables.Message,
            tables.Conversation,
            tables.Thread,
        ):
            session.execute(delete(model))
        session.add(tables.Thread(customer_id=CUSTOMER, page_id=PAGE_A))
        queue = tables.Queue(id="default", name="Default queue", is_default=True, created_at=START)
        insert_or_ignore(session, tables.Queue, [queue.model_dump()])
        session.commit()
