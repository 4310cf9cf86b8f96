"""Disposition codes: what agents say that conversations were about."""

from datetime import datetime
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from store.db.refusals import RefusalReason, StoreRefusalError, not_found
from store.db.sql import take_turn
from store.tables import Conversation, DispositionCode, Page, Workstream

MAX_CODES = 1000


def get(session: Session, code_id: str) -> DispositionCode:
    """The code; refused as `not_found`."""
    code = session.get(DispositionCode, code_id)
    if code is None:
        raise not_found("disposition code", code_id)
    return code


def listed(
    session: Session, *, workstream_id: str | None, after: str | None, limit: int
) -> list[DispositionCode]:
    """Codes by id. `workstream_id`: those that its conversations may have."""
    statement = select(DispositionCode).order_by(col(DispositionCode.id)).limit(limit)
    if workstream_id is not None:
        of_it = col(DispositionCode.workstream_id) == workstream_id
        statement = statement.where(or_(of_it, col(DispositionCode.workstream_id).is_(None)))
    if after is not None:
        statement = statement.where(col(DispositionCode.id) > after)
    return list(session.exec(statement))


def require_usable(session: Session, code_id: str, conversation_id: str) -> None:
    """Refuse a code that a conversation cannot get: StoreRefusalError `unknown_disposition_code`.

    There is none, it is not active, or it is of another workstream.
    """
    code = session.get(DispositionCode, code_id)
    workstream_id = session.exec(
        select(Page.workstream_id)
        .join(Conversation, col(Conversation.page_id) == col(Page.page_id))
        .where(Conversation.id == conversation_id)
    ).first()
    if code is None or not code.active or code.workstream_id not in (None, workstream_id):
        raise StoreRefusalError(
            RefusalReason.UNKNOWN_DISPOSITION_CODE,
            disposition_code_id=code_id,
            workstream_id=workstream_id,
        )


def add(
    session: Session, code_id: str, *, name: str, workstream_id: str | None, active: bool, at: datetime
) -> None:
    """A new code, of one workstream or of all."""
    if workstream_id is not None and session.get(Workstream, workstream_id) is None:
        raise StoreRefusalError(RefusalReason.UNKNOWN_WORKSTREAM, workstream_id=workstream_id)
    take_turn(session, "disposition codes")
    if session.exec(select(func.count()).select_from(DispositionCode)).one() >= MAX_CODES:
        raise StoreRefusalError(RefusalReason.LIMIT_REACHED, limit=MAX_CODES)
    _refuse_taken_name(session, name, workstream_id)
    session.add(
        DispositionCode(id=code_id, name=name, workstream_id=workstream_id, active=active, created_at=at)
    )
    session.flush()


def change(session: Session, code_id: str, changes: dict[str, Any]) -> DispositionCode:
    """Change its name, or whether conversations may get it."""
    code = get(session, code_id)
    if changes.get("name", code.name) != code.name:
        _refuse_taken_name(session, changes["name"], code.workstream_id)
    code.sqlmodel_update(changes)
    session.flush()
    return code


def delete(session: Session, code_id: str) -> None:
    """Delete a code that no conversation has."""
    code = get(session, code_id)
    user = session.exec(
        select(Conversation.id).where(Conversation.disposition_code_id == code_id).limit(1)
    ).first()
    if user is not None:
        raise StoreRefusalError(RefusalReason.DISPOSITION_CODE_IN_USE)
    session.delete(code)


def _refuse_taken_name(session: Session, name: str, workstream_id: str | None) -> None:
    """Names are unique within a workstream, and among the codes of all workstreams."""
    taken_by = session.exec(
        select(DispositionCode.id).where(
            DispositionCode.name == name, DispositionCode.workstream_id == workstream_id
        )
    ).first()
    if taken_by is not None:
        raise StoreRefusalError(RefusalReason.NAME_TAKEN, disposition_code_id=taken_by)
