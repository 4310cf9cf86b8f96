"""Notes on conversations."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from domain.access.roles import Role
from domain.notes.notes import MAX_NOTES, may_change, may_delete
from store.db.ranges import Span, cut
from store.db.refusals import RefusalReason, StoreRefusalError, not_found
from store.search import texts as search_texts
from store.tables import Conversation, Customer, Note

Place = tuple[datetime, str]

_KEY = (col(Note.created_at), col(Note.id))


def get(session: Session, note_id: str) -> Note:
    """The note; refused as `not_found`."""
    note = session.get(Note, note_id)
    if note is None:
        raise not_found("note", note_id)
    return note


def of_conversation(session: Session, conversation_id: str, span: Span[Place]) -> list[Note]:
    """The notes on a conversation, in order; refused as `not_found` without it."""
    if session.get(Conversation, conversation_id) is None:
        raise not_found("conversation", conversation_id)
    return _read(session, col(Note.conversation_id) == conversation_id, span)


def of_thread(session: Session, customer_id: str, span: Span[Place]) -> list[Note]:
    """The notes on all conversations of a customer, in order; refused as `not_found` without them."""
    if session.get(Customer, customer_id) is None:
        raise not_found("customer", customer_id)
    return _read(session, col(Note.customer_id) == customer_id, span)


def note_of_conversation(session: Session, conversation_id: str, note_id: str) -> Note | None:
    """A note, if it is on this conversation."""
    note = session.get(Note, note_id)
    return note if note is not None and note.conversation_id == conversation_id else None


def note_of_thread(session: Session, customer_id: str, note_id: str) -> Note | None:
    """A note, if it is on a conversation of this customer."""
    note = session.get(Note, note_id)
    return note if note is not None and note.customer_id == customer_id else None


def place_of(note: Note) -> Place:
    """Where a note stands."""
    return note.created_at, note.id


def add(
    session: Session, note_id: str, conversation_id: str, *, agent_id: str, text: str, at: datetime
) -> Note:
    """A new note; refused where the conversation has as many as it may."""
    # Locked: two who write at the same time do not pass the limit together.
    conversation = session.get(Conversation, conversation_id, with_for_update=True)
    if conversation is None:
        raise not_found("conversation", conversation_id)
    count = select(func.count()).select_from(Note).where(col(Note.conversation_id) == conversation_id)
    if session.execute(count).scalar_one() >= MAX_NOTES:
        raise StoreRefusalError(RefusalReason.LIMIT_REACHED, limit=MAX_NOTES)
    note = Note(
        id=note_id,
        page_id=conversation.page_id,
        customer_id=conversation.customer_id,
        conversation_id=conversation_id,
        agent_id=agent_id,
        text=text,
        created_at=at,
    )
    session.add(note)
    session.flush()
    search_texts.replace_note(session, note)
    return note


def change(session: Session, note_id: str, agent_id: str, text: str, at: datetime) -> Note:
    """Let a note say this, from its author alone."""
    note = get(session, note_id)
    if not may_change(note.agent_id, agent_id):
        raise StoreRefusalError(RefusalReason.NOT_YOUR_NOTE, note_id=note_id, agent_id=note.agent_id)
    note.text, note.edited_at = text, at
    session.flush()
    search_texts.replace_note(session, note)
    return note


def delete(session: Session, note_id: str, agent_id: str, role: Role) -> Note:
    """Delete a note, for its author or who supervises."""
    note = get(session, note_id)
    if not may_delete(note.agent_id, agent_id, role):
        raise StoreRefusalError(RefusalReason.NOT_YOUR_NOTE, note_id=note_id, agent_id=note.agent_id)
    search_texts.forget_note(session, note)
    session.delete(note)
    return note


def _read(session: Session, which: ColumnElement[bool], span: Span[Place]) -> list[Note]:
    return list(session.scalars(cut(select(Note).where(which), _KEY, span)))
