"""Rows of those who take part in conversations beside their agents, and reading them."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from domain.conversations.changes import Change, ChangedParticipant
from store.db.sql import upsert
from store.tables import Participant


def write_participants(session: Session, change: Change, *, repairs: bool) -> None:
    """Write each who came, changed or left; done again, it changes nothing.

    `repairs`: the rows may be of a discarded workflow task, so everybody who is there now is written.
    """
    for each in [*(_present(change) if repairs else ()), *change.participants]:
        upsert(session, Participant, _row(each))


def forget_participants(session: Session, change: Change, begun: Collection[str]) -> None:
    """Delete those that discarded workflow tasks told of, by their ids, and the run does not know."""
    known = {each.participant.id for each in [*_present(change), *change.participants]}
    unknown = set(begun) - known
    if unknown:
        session.connection().execute(delete(Participant).where(col(Participant.id).in_(unknown)))


def participants_of(session: Session, conversation_ids: Collection[str]) -> dict[str, list[Participant]]:
    """Who takes part in conversations now or is asked to, by the conversation's id, the first first."""
    found: dict[str, list[Participant]] = {}
    if not conversation_ids:
        return found
    rows: Sequence[Participant] = session.exec(
        select(Participant)
        .where(col(Participant.conversation_id).in_(conversation_ids), col(Participant.left_at).is_(None))
        .order_by(col(Participant.since), col(Participant.id))
    ).all()
    for row in rows:
        found.setdefault(row.conversation_id, []).append(row)
    return found


def _present(change: Change) -> list[ChangedParticipant]:
    live = change.state.conversation
    return [ChangedParticipant(live.id, each) for each in live.participants] if live is not None else []


def _row(changed: ChangedParticipant) -> dict[str, Any]:
    participant = changed.participant
    return {
        "id": participant.id,
        "conversation_id": changed.conversation_id,
        "agent_id": participant.agent_id,
        "mode": participant.mode.value,
        "since": participant.since,
        "asked_by": participant.asked_by,
        "expires_at": participant.expires_at,
        "joined_at": participant.joined_at,
        "left_at": participant.left_at,
        "end": participant.end,
    }
