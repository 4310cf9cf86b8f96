"""A projection that is written again, late, or by an attempt that Temporal discarded, harms nothing."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlmodel import Session

from domain.conversations.changes import Change, StatusChange
from domain.conversations.conversation import apply_event, decide
from domain.conversations.projection import LastWritten, date_of_projection
from domain.conversations.state import ThreadEvent, ThreadEventKind, ThreadState
from domain.pages.page_problems import RESTORED
from domain.sending.delivery import MessageStatus
from domain.sending.window import OpeningKind, opening
from domain.workstreams.conversation_settings import ConversationSettings
from store import tables
from store.conversations.messages import decide_status
from store.conversations.projection import project
from store.db.database import Database
from support.commands import make_command
from support.store import PAGE_A, PUBLIC_URL, add_customer, rows, seeded_store

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CUSTOMER = "customer-a"


@dataclass
class Attempt:
    """One attempt of a workflow task: it applies what it is given, then projects, as the workflow does."""

    store: Database
    state: ThreadState
    new_id: Callable[[], str]
    now: datetime = NOON
    change: Change = field(init=False)
    before: LastWritten = field(init=False)

    def __post_init__(self) -> None:
        self.change = Change(self.state)
        self.before = LastWritten.of(self.state)

    def message(self, seq: int) -> "Attempt":
        opened = opening(OpeningKind.MESSAGE, occurred_at=NOON, received_at=NOON)
        event = ThreadEvent(seq, ThreadEventKind.MESSAGE, NOON, opened, f"m{seq}")
        return self._apply(apply_event(self.state, event, self.now, self.new_id), f"event/{seq}")

    def handover(self, seq: int) -> "Attempt":
        event = ThreadEvent(seq, ThreadEventKind.HANDED_OVER, NOON, message_id="m1")
        return self._apply(apply_event(self.state, event, self.now, self.new_id), f"event/{seq}")

    def command(self, action: str, message_id: str | None = None) -> "Attempt":
        assert self.state.conversation is not None
        command = make_command(action, f"id-of-{action}", self.state.conversation.id, message_id=message_id)
        outcome = decide(self.state, command, self.now, self.new_id)
        assert isinstance(outcome, Change), outcome
        return self._apply(outcome, f"command/{command.command_id}")

    async def project(self) -> ThreadState:
        date = date_of_projection(self.now, self.before, None)
        self.state = replace(self.state, written_at=date)
        change = replace(self.change, state=self.state)
        await self.store.write(
            lambda session: project(session, PAGE_A, CUSTOMER, change, self.before, public_url=PUBLIC_URL)
        )
        return self.state

    def _apply(self, change: Change, cause: str) -> "Attempt":
        self.state = change.state.with_next_version()
        self.change = self.change.then(change.caused_by(cause))
        return self


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    """One thread with three messages that its workflow has not applied yet."""

    def work(session: Session) -> None:
        add_customer(session, CUSTOMER, NOON)
        session.get_one(tables.Thread, CUSTOMER).last_seq = 3
        for seq in (1, 2, 3):
            session.add(_message(seq))
            session.add(
                tables.ThreadEvent(customer_id=CUSTOMER, seq=seq, inbox_id=seq, kind="message", route="work")
            )

    async with seeded_store(tmp_path, work) as store:
        yield store


async def test_a_projection_written_twice_is_written_once(store: Database) -> None:
    attempt = Attempt(store, ThreadState(), _ids()).message(1).message(2)
    await attempt.project()
    before = await _everything(store)
    await attempt.project()
    assert await _everything(store) == before
    assert await _kinds(store) == [
        "conversation.opened",
        "message.queued",
        "message.received",
        "message.received",
    ]


async def test_a_row_tells_since_when_an_answer_is_owed_while_one_is(store: Database) -> None:
    async def owed_since() -> datetime | None:
        (row,) = await rows(store, tables.Conversation)
        return row.owed_since

    state = await Attempt(store, ThreadState(), _ids()).message(1).project()
    assert await owed_since() == NOON
    state = await Attempt(store, state, _ids("b")).command("pick").command("close_session").project()
    assert await owed_since() is None
    state = await Attempt(store, state, _ids("c")).command("reopen").project()
    assert await owed_since() == NOON
    await Attempt(store, state, _ids("d")).command("reply", message_id="m3").project()
    assert await owed_since() is None


async def test_a_message_belongs_to_the_session_that_there_was_when_it_came(store: Database) -> None:
    attempt = Attempt(store, ThreadState(), _ids()).message(1)
    state = await attempt.project()
    state = await Attempt(store, state, _ids("b")).command("pick").project()
    assert state.conversation is not None
    assert state.conversation.session is not None
    session_id = state.conversation.session.id
    state = await Attempt(store, state, _ids("c")).message(2).project()
    await Attempt(store, state, _ids("d")).command("close_session").project()
    written = {row.id: row.session_id for row in await rows(store, tables.Message)}
    assert (written["m1"], written["m2"]) == (None, session_id)


async def test_a_message_that_is_sent_in_another_conversation_belongs_to_its_session(store: Database) -> None:
    state = await Attempt(store, ThreadState(), _ids()).message(1).command("pick").project()
    assert state.conversation is not None
    assert state.conversation.session is not None
    change = StatusChange("m3", MessageStatus.QUEUED, conversation_id=state.conversation.id)

    def release(session: Session) -> None:
        message = session.get_one(tables.Message, "m3")
        message.status, message.session_id = "held", "an older session"
        session.flush()
        decide_status(session, change)

    await store.write(release)
    (message,) = [row for row in await rows(store, tables.Message) if row.id == "m3"]
    assert (message.status, message.session_id) == ("queued", state.conversation.session.id)


async def test_what_a_discarded_attempt_did_first_hides_nothing_of_what_the_next_does(
    store: Database,
) -> None:
    """The discarded attempt took two commands; before they come again, a message is applied."""
    opened = await Attempt(store, ThreadState(), _ids()).message(1).project()
    await Attempt(store, opened, _ids("a")).command("pick").command("end").project()

    after = await Attempt(store, opened, _ids("b"), NOON + timedelta(seconds=2)).message(2).project()

    assert {row.id: row.conversation_id for row in await rows(store, tables.Message)}["m2"] is not None
    assert [row.seq for row in await rows(store, tables.ThreadEvent)] == [3]
    assert (await _kinds(store)).count("message.received") == 2

    await Attempt(store, after, _ids("c")).command("pick").project()
    (conversation,) = await rows(store, tables.Conversation)
    assert (conversation.status, conversation.agent_id) == ("active", "mia")


@pytest.mark.parametrize(
    ("status", "reason", "stays"),
    [("queued", None, "queued"), ("unknown", None, "queued"), ("unknown", RESTORED, "unknown")],
)
async def test_a_discarded_task_queues_nothing_that_may_have_been_sent_since_the_backup(
    store: Database, status: str, reason: str | None, stays: str
) -> None:
    """The backup was made between the projection of a reply and the end of its task."""
    state = await Attempt(store, ThreadState(), _ids()).message(1).command("pick").project()
    assert state.conversation is not None
    await store.write(lambda session: session.add(_reply(state)))
    await Attempt(store, state, _ids("b")).command("reply", "reply").project()

    def restore(session: Session) -> None:
        message = session.get_one(tables.Message, "reply")
        message.status, message.reason = status, reason

    await store.write(restore)
    await Attempt(store, state, _ids("c"), NOON + timedelta(seconds=3)).message(2).project()
    (message,) = [row for row in await rows(store, tables.Message) if row.id == "reply"]
    assert message.status == stays


async def test_a_command_that_comes_again_is_recorded_once(store: Database) -> None:
    opened = await Attempt(store, ThreadState(), _ids()).message(1).project()
    await Attempt(store, opened, _ids("a")).command("pick").project()
    await Attempt(store, opened, _ids("a"), NOON + timedelta(seconds=2)).message(2).command("pick").project()
    assert (await _kinds(store)).count("conversation.active") == 1


async def test_the_instants_are_those_of_the_last_attempt(store: Database) -> None:
    """Else a conversation would seem to begin before the one that it follows has ended."""
    late = NOON + timedelta(seconds=2)
    await Attempt(store, ThreadState(), _ids()).message(1).project()
    await Attempt(store, ThreadState(), _ids(), late).message(1).project()
    (conversation,) = await rows(store, tables.Conversation)
    assert conversation.opened_at == late


async def test_an_overtaken_attempt_does_not_put_the_old_state_back(store: Database) -> None:
    opened = Attempt(store, ThreadState(), _ids()).message(1)
    state = await opened.project()
    await Attempt(store, state, _ids("a")).command("pick").project()
    await opened.project()
    (conversation,), (thread,) = await rows(store, tables.Conversation), await rows(store, tables.Thread)
    assert (conversation.status, thread.version) == ("active", 2)


async def test_a_new_conversation_takes_up_what_was_said_before_and_belongs_to_none(store: Database) -> None:
    def said_before(session: Session) -> None:
        for seq, changes in (
            (1, {"standby": True}),
            (2, {"direction": "outbound", "sender_kind": "outside", "standby": True}),
            (3, {"standby": True, "occurred_at": NOON - timedelta(days=7, seconds=1)}),
        ):
            message = session.get_one(tables.Message, f"m{seq}")
            for column, value in changes.items():
                setattr(message, column, value)
        later = _message(5)
        session.add(later)
        elsewhere = _message(4)
        elsewhere.conversation_id = "another"
        session.add(elsewhere)

    await store.write(said_before)
    attempt = Attempt(store, ThreadState(applied_seq=3), _ids())
    attempt.handover(4)
    state = await attempt.project()
    assert state.conversation is not None
    belongs = {row.id: row.conversation_id for row in await rows(store, tables.Message)}
    own = state.conversation.id
    assert belongs == {"m1": own, "m2": own, "m3": None, "m4": "another", "m5": None}
    await attempt.project()
    assert {row.id: row.conversation_id for row in await rows(store, tables.Message)} == belongs


async def test_a_conversation_that_goes_on_takes_up_what_was_said_since_it_closed(store: Database) -> None:
    reopenable = ConversationSettings(reopen_closed_within_seconds=3600)
    attempt = Attempt(store, ThreadState(settings=reopenable), _ids())
    attempt.message(1)
    for action in ("pick", "end", "complete"):
        attempt.command(action)
    closed = await attempt.project()
    assert closed.last_closed is not None

    def bot_talk(session: Session) -> None:
        session.get_one(tables.Message, "m2").standby = True

    await store.write(bot_talk)
    again = Attempt(store, closed, _ids("later"))
    again.handover(3)
    state = await again.project()
    assert state.conversation is not None
    assert state.conversation.id == closed.last_closed.id
    belongs = {row.id: row.conversation_id for row in await rows(store, tables.Message)}
    assert belongs["m1"] == belongs["m2"] == closed.last_closed.id


def _message(seq: int) -> tables.Message:
    return tables.Message(
        id=f"m{seq}",
        page_id=PAGE_A,
        customer_id=CUSTOMER,
        direction="inbound",
        sender_kind="customer",
        mid=f"mid{seq}",
        thread_seq=seq,
        occurred_at=NOON,
        created_at=NOON,
    )


def _reply(state: ThreadState) -> tables.Message:
    assert state.conversation is not None
    return tables.Message(
        id="reply",
        page_id=PAGE_A,
        customer_id=CUSTOMER,
        conversation_id=state.conversation.id,
        direction="outbound",
        sender_kind="agent",
        agent_id="mia",
        text="words",
        status="queued",
        occurred_at=NOON,
        created_at=NOON,
    )


def _ids(prefix: str = "id") -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"{prefix}{next(numbers)}"


async def _kinds(store: Database) -> list[str]:
    return [row.kind for row in await rows(store, tables.Event)]


async def _everything(store: Database) -> list[dict[str, object]]:
    models = (tables.Conversation, tables.AgentSession, tables.Message, tables.Event, tables.Thread)
    return [row.model_dump() for model in models for row in await rows(store, model)]
