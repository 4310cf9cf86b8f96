"""What commands on conversations are judged by, read from their rows for what the API shows.

The workflow judges by its own state; the rows are that state as it was last projected. Two things have no
rows: who was offered a conversation before (that shows in the code of a refusal alone), and whether an offer
was made before the workstream forbade to decline.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlmodel import Session, col

from domain.conversations.lifecycle import Phase, Status
from domain.conversations.reply_outlook import JudgedBy, PageGate, ShutGate
from domain.conversations.state import (
    AgentSession,
    Conversation,
    Participant,
    ParticipantMode,
    ThreadState,
)
from domain.routing.capacity import Origin
from domain.routing.offers import Offer
from domain.sending.send_gate import SendGate
from domain.workstreams.conversation_settings import ConversationSettings
from store.conversations.conversation_settings import SOURCES, settings_of_commands
from store.conversations.listing import ConversationRecord
from store.conversations.projection import window_of_thread
from store.conversations.thread_owners import owner_of_thread
from store.tables import Page, PageSendState, Workstream
from store.tables import Participant as ParticipantRow

_GATES = {SendGate.HELD.value: PageGate.HELD, SendGate.PAUSED.value: PageGate.PAUSED}


class Judge:
    """Judges conversations of some pages, by the settings and the gates that these have now."""

    def __init__(self, session: Session, records: Sequence[ConversationRecord]) -> None:
        page_ids = {each.conversation.page_id for each in records}
        rows = session.execute(
            select(*SOURCES, col(PageSendState.send_gate), col(PageSendState.send_gate_until))
            .join(Workstream, col(Workstream.id) == col(Page.workstream_id))
            .outerjoin(PageSendState, col(PageSendState.page_id) == col(Page.page_id))
            .where(col(Page.page_id).in_(page_ids))
        ).all()
        self._settings = {row.page_id: settings_of_commands(row) for row in rows}
        self._gates = {row.page_id: _gate(row) for row in rows}

    def judged_by(self, record: ConversationRecord) -> tuple[JudgedBy, Conversation]:
        """What a conversation is judged by, and the conversation."""
        row = record.conversation
        settings = self._settings[row.page_id]
        conversation = _conversation(record, settings)
        is_closed = conversation.status is Status.CLOSED
        state = ThreadState(
            window=window_of_thread(record.thread),
            settings=settings,
            conversation=None if is_closed else conversation,
            last_closed=conversation if is_closed else None,
        )
        return JudgedBy(state, owner_of_thread(record.thread), self._gates[row.page_id]), conversation


def _gate(row: Row[Any]) -> ShutGate | None:
    why = _GATES.get(row.send_gate)
    return ShutGate(why, row.send_gate_until if why is PageGate.PAUSED else None) if why else None


def _conversation(record: ConversationRecord, settings: ConversationSettings) -> Conversation:
    row = record.conversation
    session = _session(record)
    return Conversation(
        row.id,
        Status(row.status),
        row.status_reason,
        row.status_changed_at,
        row.opened_at,
        record.activity_at,
        row.opened_at,
        phase=Phase(row.phase) if row.phase else None,
        agent_id=row.agent_id,
        session=session,
        closed_at=row.closed_at,
        last_message_at=row.last_message_at,
        offer=_offer(session, row.offer_expires_at, settings) if session else None,
        participants=tuple(_participant(each) for each in record.participants),
        disposition_code_id=row.disposition_code_id,
    )


def _session(record: ConversationRecord) -> AgentSession | None:
    row = record.session
    if row is None or row.agent_id is None or row.closed_at is not None:
        return None
    return AgentSession(
        row.id, row.number, row.agent_id, row.human_agent_tag, row.started_at, accepted_at=row.accepted_at
    )


def _offer(
    session: AgentSession, expires_at: datetime | None, settings: ConversationSettings
) -> Offer | None:
    if expires_at is None:
        return None
    may_be_declined = settings.distribution.notification.may_be_declined
    return Offer(
        session.id,
        session.agent_id,
        Origin.PUSH,
        session.started_at,
        expires_at,
        may_be_declined=may_be_declined,
    )


def _participant(row: ParticipantRow) -> Participant:
    return Participant(
        row.id,
        row.agent_id,
        ParticipantMode(row.mode),
        row.since,
        row.asked_by,
        row.expires_at,
        row.joined_at,
    )
