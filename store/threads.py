"""A thread's state as its workflow last projected it, and the writing of that projection."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, update
from sqlmodel import Session, col

from base.ids import id_from_key
from domain.changes import Change, Fact
from domain.settings import LiveSettings
from domain.state import Conversation, ThreadState
from domain.window import OpeningKind, Window
from store.created_messages import create_messages
from store.events import append_events, event_row
from store.live_settings import live_settings
from store.messages import decide_status
from store.projected_states import as_kept, readable
from store.sql import insert_if_new, insert_or_ignore, table_of
from store.surveys import write_surveys
from store.tables import Conversation as ConversationRow
from store.tables import Message, Page, Thread, ThreadEvent
from store.tables import Session as SessionRow

_THREAD, _CONVERSATION = table_of(Thread), table_of(ConversationRow)
_APPLY = (
    update(_THREAD)
    .where(_THREAD.c.customer_id == bindparam("thread"), _THREAD.c.version <= bindparam("to_version"))
    .values(state=bindparam("to_state"), version=bindparam("to_version"), applied_seq=bindparam("to_seq"))
)
_FORGET = delete(ThreadEvent).where(
    col(ThreadEvent.customer_id) == bindparam("thread"), col(ThreadEvent.seq) <= bindparam("to_seq")
)
_CHANGE = update(_CONVERSATION).where(
    _CONVERSATION.c.id == bindparam("of"), _CONVERSATION.c.version <= bindparam("to_version")
)
TAKEN_UP = timedelta(days=7)
"""What was said longer ago is past: not even a person may answer it any more."""

_TAKE_UP = (
    update(Message)
    .where(
        col(Message.customer_id) == bindparam("of"),
        col(Message.occurred_at) >= bindparam("since"),
        col(Message.conversation_id).is_(None),
        col(Message.thread_seq) <= bindparam("until_seq"),
    )
    .values(conversation_id=bindparam("to"))
)
_ATTACH = (
    update(Message)
    .where(col(Message.id).in_(bindparam("ids", expanding=True)), col(Message.conversation_id).is_(None))
    .values(conversation_id=bindparam("to"), session_id=bindparam("in_session"))
)


def window_of_thread(thread: Thread) -> Window:
    """The thread's folded window."""
    return Window(
        opened_by=OpeningKind(thread.opened_by) if thread.opened_by else None,
        opened_at=thread.opened_at,
        standard_until=thread.standard_until,
        human_agent_until=thread.human_agent_until,
    )


def set_window(thread: Thread, window: Window) -> None:
    """Keep a folded window with its thread."""
    thread.opened_by = window.opened_by.value if window.opened_by else None
    thread.opened_at = window.opened_at
    thread.standard_until = window.standard_until
    thread.human_agent_until = window.human_agent_until


def load_state(session: Session, page_id: str, customer_id: str) -> dict[str, Any] | None:
    """The workflow's last projected `ThreadState` as JSON, window and settings as they now are.

    None: there is no such thread; its customer was erased.
    """
    thread = session.get(Thread, customer_id)
    if thread is None:
        return None
    state = readable(thread.state or {})
    state["window"] = as_json(window_of_thread(thread))
    state["settings"] = as_json(live_settings(session, page_id))
    return state


def as_json(value: ThreadState | Window | LiveSettings) -> dict[str, Any]:
    """A domain value as the JSON that the engine's converter reads back."""
    decoded: dict[str, Any] = orjson.loads(orjson.dumps(value))
    return decoded


def project(session: Session, page_id: str, customer_id: str, change: Change, *, public_url: str) -> None:
    """Write one workflow task's changes, each so that writing it again changes nothing.

    `public_url` is where customers reach the survey page.

    The server may discard a task after its projection ran, and its updates with it. The retried task then
    does other things first, so its versions may be lower or mean something else: they only keep an overtaken
    task from putting an old state back.
    """
    state = change.state
    if not _write_thread(session, customer_id, state):
        return  # the customer was erased under the run
    opened = {fact.conversation_id for fact in change.facts if fact.kind == "conversation.opened"}
    page = session.get_one(Page, page_id) if opened or change.created_sends or change.notices else None
    conversations = [*change.settled, *([state.conversation] if state.conversation else [])]
    for conversation in conversations:
        if page is not None and conversation.id in opened:
            _insert_conversation(session, page, customer_id, conversation, state.version)
        else:
            _write_conversation(session, conversation, state.version)
    _start_sessions(session, change.facts)
    _close_sessions(session, change.facts)
    _attach(session, change.attached, conversations)
    for conversation in conversations:
        if conversation.id in opened:
            _take_up(session, customer_id, conversation, state.applied_seq)
    write_surveys(session, page_id, customer_id, change)
    if page is not None:
        create_messages(session, page, customer_id, change, at=change.facts[-1].at, public_url=public_url)
    for each in change.statuses:
        decide_status(session, each)
    append_events(
        session,
        [
            event_row(fact, page_id, customer_id, f"{customer_id}/{fact.cause}/{_content(fact)}")
            for fact in change.facts
        ],
    )


def _take_up(session: Session, customer_id: str, conversation: Conversation, until_seq: int) -> None:
    """Give a new conversation what was said before it and belongs to none, as what a bot was told."""
    values = {
        "of": customer_id,
        "to": conversation.id,
        "since": conversation.opened_at - TAKEN_UP,
        "until_seq": until_seq,
    }
    session.connection().execute(_TAKE_UP, values)


def _write_thread(session: Session, customer_id: str, state: ThreadState) -> bool:
    """Whether there is such a thread."""
    applied = {"thread": customer_id, "to_version": state.version, "to_seq": state.applied_seq}
    written = session.connection().execute(_APPLY, applied | {"to_state": as_kept(as_json(state))})
    if written.rowcount == 0 and session.get(Thread, customer_id) is None:
        return False
    session.connection().execute(_FORGET, applied)
    return True


def _content(fact: Fact) -> str:
    """What a fact says, but for its instant, which another attempt of the task tells differently."""
    return id_from_key(fact.kind, fact.conversation_id or "", fact.message_id or "", str(fact.data))


def _insert_conversation(
    session: Session, page: Page, customer_id: str, conversation: Conversation, version: int
) -> None:
    """Write the row of a new conversation; where it is there already, this is a repeat that may know more."""
    row = _what_changes(conversation, version) | {
        "id": conversation.id,
        "page_id": page.page_id,
        "customer_id": customer_id,
        "workstream_id": page.workstream_id,
    }
    if not insert_if_new(session, ConversationRow, row):
        _write_conversation(session, conversation, version)


def _write_conversation(session: Session, conversation: Conversation, version: int) -> None:
    changed = _what_changes(conversation, version)
    session.connection().execute(_CHANGE, changed | {"of": conversation.id, "to_version": version})


def _what_changes(conversation: Conversation, version: int) -> dict[str, Any]:
    return {
        "agent_id": conversation.agent_id,
        "status": conversation.status.value,
        "phase": conversation.phase.value if conversation.phase else None,
        "status_reason": conversation.status_reason,
        "status_changed_at": conversation.status_changed_at,
        "session_id": conversation.session.id if conversation.session else None,
        "opened_at": conversation.opened_at,
        "closed_at": conversation.closed_at,
        "last_message_at": conversation.last_message_at,
        "version": version,
    }


def _start_sessions(session: Session, facts: tuple[Fact, ...]) -> None:
    for fact in facts:
        if fact.kind == "session.started" and fact.data:
            row = {
                "id": fact.data["session_id"],
                "conversation_id": fact.conversation_id,
                "number": fact.data["number"],
                "agent_id": fact.actor_id,
                "human_agent_tag": fact.data["human_agent_tag"],
                "started_at": fact.at,
            }
            insert_or_ignore(session, SessionRow, [row])


def _close_sessions(session: Session, facts: tuple[Fact, ...]) -> None:
    for fact in facts:
        if fact.kind == "session.closed" and fact.data:
            row = session.get(SessionRow, str(fact.data["session_id"]))
            if row is not None:
                row.closed_at = fact.at
                row.closure_reason = str(fact.data["reason"])


def _attach(
    session: Session, attached: tuple[tuple[str, str], ...], conversations: Sequence[Conversation]
) -> None:
    sessions = {each.id: each.session.id for each in conversations if each.session is not None}
    messages: dict[str, list[str]] = {}
    for conversation_id, message_id in attached:
        messages.setdefault(conversation_id, []).append(message_id)
    for conversation_id, ids in messages.items():
        values = {"ids": ids, "to": conversation_id, "in_session": sessions.get(conversation_id)}
        session.connection().execute(_ATTACH, values)
