"""Reports from the tables and a recount of the log agree, whatever has happened."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from sqlalchemy import delete
from sqlmodel import Session, col

from domain.conversations.changes import Change, SendOutcome
from domain.conversations.conversation import apply_event, decide
from domain.conversations.deadlines import fire
from domain.conversations.outbox import send_settled
from domain.conversations.projection import LastWritten, date_of_projection
from domain.conversations.state import ThreadEvent, ThreadEventKind, ThreadState
from domain.reports.measures import Cell, Measures, add_up, measure
from domain.sending.delivery import MessageStatus
from domain.sending.window import OpeningKind, opening
from store import tables
from store.conversations.messages import settle
from store.conversations.projection import project
from store.db.database import Database
from store.db.sql import table_of
from store.events.events import append_events
from store.reports.reports import Period, read_cells
from store.routing.agent_states import RoutingWrites, add_agent_state, refresh_agent
from store.routing.capacity import lock_agent_state
from support.commands import make_command
from support.recount import recount
from support.report_rows import AGENTS, BEGIN, clear
from support.store import PAGE_A, PUBLIC_URL, add_customer, add_message

DAYS = 6
END = BEGIN + timedelta(days=DAYS)
RETRY_AFTER = timedelta(seconds=20)
COMMANDS = ("pick", "pick", "close_session", "reopen", "release", "end", "complete", "force_close")


class Desk:
    """Threads led by chance through the rules, each task projected as the workflow does it."""

    def __init__(self, database: Database, seed_: int, *, discards: bool) -> None:
        self._database = database
        self._discards = discards
        self._random = random.Random(seed_)  # noqa: S311 - no secret
        self._numbers = count(1)
        self._states = {f"customer-{number}": ThreadState() for number in range(3)}
        self._now = BEGIN

    def live(self) -> None:
        """Some days, with a few steps each."""
        for each in self._states:
            self._write(partial(add_customer, customer_id=each, at=BEGIN, psid=each))
        for _ in range(60):
            self._now += timedelta(seconds=self._random.choice([1, 20, 90, 3600, 30_000]))
            if self._now >= END:
                return
            self._random.choice(
                [self._customer_writes, self._agent_acts, self._agent_acts, self._agent_comes]
            )()

    def _customer_writes(self) -> None:
        customer_id, state = self._pick_thread()
        seq, message_id = state.applied_seq + 1, self._new_id()
        row = {"direction": "inbound", "sender_kind": "customer", "status": None, "thread_seq": seq}
        self._write(
            lambda session: add_message(
                session, message_id, customer_id, self._now, **row, conversation_id=None
            )
        )
        opened = opening(OpeningKind.MESSAGE, occurred_at=self._now, received_at=self._now)
        event = ThreadEvent(seq, ThreadEventKind.MESSAGE, self._now, opened, message_id)
        self._task(customer_id, lambda current: apply_event(current, event, self._now, self._new_id))

    def _agent_acts(self) -> None:
        customer_id, _ = self._pick_thread()
        self._task(customer_id, lambda current: fire(current, self._now, self._new_id))
        conversation = self._states[customer_id].conversation
        if conversation is None:
            return
        action, agent_id = self._random.choice([*COMMANDS, "reply", "reply"]), self._random.choice(AGENTS)
        if action == "reply":
            self._reply(customer_id, conversation.id, conversation.agent_id or agent_id)
            return
        command = make_command(
            action, self._new_id(), conversation.id, conversation.agent_id or agent_id, supervises=True
        )
        self._decide(customer_id, command)

    def _reply(self, customer_id: str, conversation_id: str, agent_id: str) -> None:
        message_id = self._new_id()
        self._write(
            lambda session: add_message(
                session,
                message_id,
                customer_id,
                self._now,
                conversation_id=conversation_id,
                agent_id=agent_id,
            )
        )
        command = make_command("reply", message_id, conversation_id, agent_id, message_id=message_id)
        if not self._decide(customer_id, command):
            self._write(lambda session: _delete_message(session, message_id))
            return
        self._now += timedelta(seconds=1)
        failed = self._random.random() < 0.2
        status = MessageStatus.FAILED if failed else MessageStatus.SENT
        for each in self._states[customer_id].outbox:
            self._send_ends(customer_id, each.message_id, status)

    def _send_ends(self, customer_id: str, message_id: str, status: MessageStatus) -> None:
        self._write(lambda session: settle(session, message_id, status, self._now))
        outcome = SendOutcome(message_id, status)
        self._task(customer_id, lambda current: send_settled(current, outcome, self._now, self._new_id))

    def _agent_comes(self) -> None:
        agent_id, connected = self._random.choice(AGENTS), self._random.random() < 0.6

        def work(session: Session) -> None:
            add_agent_state(session, agent_id, self._now)
            state = lock_agent_state(session, agent_id)
            assert state is not None
            state.connected, writes = connected, RoutingWrites()
            refresh_agent(session, state, writes, self._now, freed=False, reason="stream")
            append_events(session, writes.events)

        self._write(work)

    def _decide(self, customer_id: str, command: object) -> bool:
        def obey(state: ThreadState) -> Change:
            outcome = decide(state, command, self._now, self._new_id)  # type: ignore[arg-type]  # any command
            return outcome if isinstance(outcome, Change) else Change(state)

        before = self._states[customer_id]
        self._task(customer_id, obey)
        return self._states[customer_id] is not before

    def _task(self, customer_id: str, act: Callable[[ThreadState], Change]) -> None:
        """A task; now and then one that is discarded once it has projected, and its retry."""
        before, cause, first_id = self._states[customer_id], self._new_id(), next(self._numbers)
        attempts = 2 if self._discards and self._random.random() < 0.3 else 1
        for attempt in range(attempts):
            self._now += RETRY_AFTER * attempt
            self._numbers = count(first_id)
            change = act(before)
            if change.state == before and not change.facts:
                return
            state = self._project(customer_id, before, change.caused_by(cause))
        self._states[customer_id] = state

    def _project(self, customer_id: str, before: ThreadState, change: Change) -> ThreadState:
        last = LastWritten.of(before)
        written_at = date_of_projection(self._now, last, None)
        state = replace(change.state.with_next_version(), written_at=written_at)
        whole = replace(change, state=state)
        self._write(lambda s: project(s, PAGE_A, customer_id, whole, last, public_url=PUBLIC_URL))
        return state

    def _pick_thread(self) -> tuple[str, ThreadState]:
        customer_id = self._random.choice(list(self._states))
        return customer_id, self._states[customer_id]

    def _new_id(self) -> str:
        return f"id{next(self._numbers)}"

    def _write(self, work: Callable[[Session], object]) -> None:
        self._database.write_now(work)


def _delete_message(session: Session, message_id: str) -> None:
    session.connection().execute(delete(tables.Message).where(col(tables.Message.id) == message_id))


@pytest.mark.parametrize("discards", [False, True], ids=["", "discarded tasks"])
@pytest.mark.parametrize("seed_", range(6))
def test_tables_and_log_agree(opened: Database, seed_: int, discards: bool) -> None:
    def empty(session: Session) -> None:
        for model in (tables.Event, tables.Survey, tables.ThreadEvent, tables.AgentState):
            session.connection().execute(delete(table_of(model)))
        clear(session)

    opened.write_now(empty)
    Desk(opened, seed_, discards=discards).live()
    period = Period(BEGIN.date(), (END - timedelta(days=1)).date(), "Europe/Berlin")

    def both(session: Session) -> tuple[dict[Cell, Measures], dict[Cell, Measures]]:
        begin = BEGIN - timedelta(hours=1)
        return read_cells(session, period, END), measure(
            recount(session, begin, END - timedelta(hours=1), retold_within=RETRY_AFTER * discards),
            period.timezone,
        )

    read, counted = opened.read_now(both)
    assert _comparable(read) == _comparable(counted)
    assert sum(measures.messages_in for measures in counted.values()) > 0


def _comparable(cells: dict[Cell, Measures]) -> dict[Cell, dict[str, int]]:
    sums = add_up((replace(cell, workstream_id=None), measures) for cell, measures in cells.items())
    found = {cell: measures.as_dict() | {"used_unit_ms": 0} for cell, measures in sums.items()}
    return {cell: measures for cell, measures in found.items() if any(measures.values())}
