"""A thread's state as its workflow last projected it, and the writing of that projection."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, or_, update
from sqlmodel import Session, col

from domain.conversations.changes import Change, ClosedSession, StartedSession
from domain.conversations.lifecycle import OWING
from domain.conversations.projection import NOTHING_WRITTEN, LastWritten
from domain.conversations.queue_stays import placement_of
from domain.conversations.state import Conversation, ThreadState
from domain.events.kinds import FactKind
from domain.routing.placement import Placement
from domain.routing.presence import PresenceMark
from domain.sending.window import OpeningKind, Window
from domain.workstreams.conversation_settings import ConversationSettings
from store.conversations.conversation_settings import conversation_settings
from store.conversations.created_messages import create_messages
from store.conversations.discarded_projections import Discarded
from store.conversations.messages import decide_status
from store.conversations.participants import write_participants
from store.conversations.state_versions import as_kept, readable
from store.db.sql import insert_if_new, table_of, upsert
from store.events.events import append_events, event_row, key_of
from store.routing.agent_states import mark_presences
from store.routing.projection import project_routing
from store.surveys.rows import write_surveys
from store.tables import AgentSession, Message, Page, Thread, ThreadEvent
from store.tables import Conversation as ConversationRow

_THREAD, _CONVERSATION, _SESSION = table_of(Thread), table_of(ConversationRow), table_of(AgentSession)
_APPLY = (
    update(_THREAD)
    .where(
        _THREAD.c.customer_id == bindparam("thread"),
        or_(_THREAD.c.written_at.is_(None), _THREAD.c.written_at == bindparam("last_at")),
    )
    .values(
        state=bindparam("to_state"),
        version=bindparam("to_version"),
        applied_seq=bindparam("to_seq"),
        written_at=bindparam("to_at"),
    )
)
_FORGET = delete(ThreadEvent).where(
    col(ThreadEvent.customer_id) == bindparam("thread"), col(ThreadEvent.seq) <= bindparam("to_seq")
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
_CHANGE = update(_CONVERSATION).where(_CONVERSATION.c.id == bindparam("of"))
_CLOSE = update(_SESSION).where(_SESSION.c.id == bindparam("of"))
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
    state["settings"] = as_json(conversation_settings(session, page_id))
    return state


def as_json(value: ThreadState | Window | ConversationSettings) -> dict[str, Any]:
    """A domain value as the JSON that Temporal's converter reads back."""
    decoded: dict[str, Any] = orjson.loads(orjson.dumps(value, default=sorted))  # of sets
    return decoded


def project(
    session: Session,
    page_id: str,
    customer_id: str,
    change: Change,
    before: LastWritten = NOTHING_WRITTEN,
    *,
    public_url: str,
) -> datetime | None:
    """Write one workflow task's changes, each so that writing it again changes nothing.

    `change.state.written_at` is the projection's date, `before` the last one that counts: what the rows were
    told in between is of a task that Temporal has discarded, and is taken back first. Returns None; or the
    date of the rows, where they are of a later task: then nothing is written. `public_url` is where customers
    reach the survey page.
    """
    discarded = None
    if not _follows(session, customer_id, change.state, before):
        thread = session.get(Thread, customer_id, with_for_update=True, populate_existing=True)
        if thread is None:
            return None  # the customer was erased under the run
        if _is_later(thread, change.state):
            return thread.written_at
        discarded = Discarded(session, page_id, customer_id, change, before)
        _overwrite(thread, change.state)
        discarded.take_back()
    _write(session, page_id, customer_id, change, discarded, public_url=public_url)
    return None


def _follows(session: Session, customer_id: str, state: ThreadState, before: LastWritten) -> bool:
    """Write the thread if its row is of the run's last projection that counts, as nearly always it is."""
    applied = {
        "thread": customer_id,
        "last_at": before.at,
        "to_state": as_kept(as_json(state)),
        "to_version": state.version,
        "to_seq": state.applied_seq,
        "to_at": state.written_at,
    }
    return session.connection().execute(_APPLY, applied).rowcount > 0


def _is_later(thread: Thread, state: ThreadState) -> bool:
    """Whether the row is of a later task than this state, or of one of the same instant that knew more."""
    if thread.written_at is None or state.written_at is None:
        return thread.version > state.version
    return (thread.written_at, thread.version) > (state.written_at, state.version)


def _overwrite(thread: Thread, state: ThreadState) -> None:
    thread.state = as_kept(as_json(state))
    thread.version = state.version
    thread.applied_seq = state.applied_seq
    thread.written_at = state.written_at


def _write(
    session: Session,
    page_id: str,
    customer_id: str,
    change: Change,
    discarded: Discarded | None,
    *,
    public_url: str,
) -> None:
    state = change.state
    session.connection().execute(_FORGET, {"thread": customer_id, "to_seq": state.applied_seq})
    opened = set(change.opened)
    page = session.get_one(Page, page_id) if opened or change.created_sends or change.notices else None
    conversations = (
        _changed_conversations(change) if discarded is None else _every_conversation(change, discarded)
    )
    written = _Written(conversations, discarded)
    for conversation in conversations:
        if page is not None and conversation.id in opened:
            if _insert_conversation(session, page, customer_id, conversation, state.version):
                written.new_ids.add(conversation.id)
        else:
            _write_conversation(session, conversation, state.version)
    _start_sessions(session, change.started_sessions)
    if discarded is not None and (live := state.conversation) is not None and live.session is not None:
        _start_sessions(session, (StartedSession(live.id, live.session),))
    _close_sessions(session, change.closed_sessions)
    write_participants(session, change, repairs=discarded is not None)
    _attach(session, change.attached, conversations)
    for conversation in conversations:
        if conversation.id in opened.union(change.reopened):
            _take_up(session, customer_id, conversation, state.applied_seq)
    # A discarded task may have changed the survey that there is, though this one does not.
    kept = [state.survey] if discarded is not None and state.survey is not None else []
    write_surveys(session, page_id, customer_id, [*change.surveys, *kept])
    if page is not None:
        create_messages(session, page, customer_id, change, at=change.facts[-1].at, public_url=public_url)
    for each in change.statuses:
        decide_status(session, each)
    routing_events = _place(session, change, written)
    events = [
        event_row(fact, page_id, customer_id, key_of(customer_id, fact), written_at=state.written_at)
        for fact in change.facts
    ]
    retractions = discarded.retractions if discarded is not None else []
    append_events(session, [*retractions, *events, *routing_events])


@dataclass(frozen=True, slots=True)
class _Written:
    """The conversations whose rows a projection has written, and which of those rows are new.

    `discarded`: what was taken back before it; then they are all that discarded tasks may have changed.
    """

    conversations: Sequence[Conversation]
    discarded: Discarded | None
    new_ids: set[str] = field(default_factory=set)


def _place(session: Session, change: Change, written: _Written) -> list[dict[str, Any]]:
    """Write where conversations now stand in work distribution, and what offers left with agents.

    Of every conversation that discarded tasks may have changed, otherwise of those whose place changed.
    Returns the rows of events that follow from it, to be appended.
    """
    state, discarded = change.state, written.discarded
    repairs = discarded is not None
    now, wrap_up = state.written_at, state.settings.distribution.wrap_up
    placed = {each.id: each for each in written.conversations if repairs or each.id in change.placed}
    never_were = [each for each in discarded.opened if each not in placed] if discarded is not None else []
    if now is None or not (placed or never_were):
        return []
    placements = [
        *(placement_of(each, wrap_up, now, change.stays, repairs=repairs) for each in placed.values()),
        *(Placement(each) for each in never_were),
    ]
    events = project_routing(session, placements, now, repairs=repairs, inserted=written.new_ids)
    marked = {
        str(fact.data["agent_id"]): PresenceMark(str(fact.data["mark"]))
        for fact in change.facts
        if fact.kind in (FactKind.OFFER_DECLINED, FactKind.OFFER_TIMED_OUT)
        and fact.data is not None
        and "mark" in fact.data
    }
    return events + mark_presences(session, marked, now)


def _take_up(session: Session, customer_id: str, conversation: Conversation, until_seq: int) -> None:
    """Give a conversation that begins, or goes on, what was said before and belongs to none, as to a bot."""
    values = {
        "of": customer_id,
        "to": conversation.id,
        "since": conversation.opened_or_reopened_at - TAKEN_UP,
        "until_seq": until_seq,
    }
    session.connection().execute(_TAKE_UP, values)


def _changed_conversations(change: Change) -> list[Conversation]:
    return [*change.settled, *([change.state.conversation] if change.state.conversation else [])]


def _every_conversation(change: Change, discarded: Discarded) -> list[Conversation]:
    """Those that a discarded task may have changed, too, each last as it now is."""
    state = change.state
    every = [discarded.last_closed, *change.settled, state.last_closed, state.conversation]
    return [each for each in every if each is not None]


def _insert_conversation(
    session: Session, page: Page, customer_id: str, conversation: Conversation, version: int
) -> bool:
    """Write the row of a new conversation; where it is there already, this is a repeat that may know more.

    Whether it is new.
    """
    row = _what_changes(conversation, version) | {
        "id": conversation.id,
        "page_id": page.page_id,
        "customer_id": customer_id,
        "workstream_id": page.workstream_id,
    }
    is_new = insert_if_new(session, ConversationRow, row)
    if not is_new:
        _write_conversation(session, conversation, version)
    return is_new


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
        "queue_id": conversation.stay.record.queue_id if conversation.stay else None,
        "stay": conversation.stay.record.number if conversation.stay else 0,
        "offer_expires_at": conversation.offer.expires_at if conversation.offer else None,
        "accepted_at": conversation.accepted_at,
        "disposition_code_id": conversation.disposition_code_id,
        "opened_at": conversation.opened_at,
        "closed_at": conversation.closed_at,
        "last_message_at": conversation.last_message_at,
        "owed_since": conversation.owed_since if conversation.status in OWING else None,
        "version": version,
    }


def _start_sessions(session: Session, started: tuple[StartedSession, ...]) -> None:
    """A row that is there already is of an earlier attempt, and may have been closed since as never been."""
    for each in started:
        row = {
            "id": each.session.id,
            "conversation_id": each.conversation_id,
            "number": each.session.number,
            "agent_id": each.session.agent_id,
            "human_agent_tag": each.session.human_agent_tag,
            "started_at": each.session.started_at,
            "accepted_at": each.session.accepted_at,
            "closed_at": None,
            "closure_reason": None,
        }
        upsert(session, AgentSession, row)


def _close_sessions(session: Session, closed: tuple[ClosedSession, ...]) -> None:
    for each in closed:
        values = {"of": each.session_id, "closed_at": each.at, "closure_reason": each.reason}
        session.connection().execute(_CLOSE, values)


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
