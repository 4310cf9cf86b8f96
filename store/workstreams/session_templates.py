"""Session templates: what a client shows and opens when an agent's session begins."""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from store.db.refusals import RefusalReason, StoreRefusalError, not_found
from store.tables import SessionTemplate, Workstream


class CommunicationPanel(StrEnum):
    """How the client shows the line of talk when the session begins."""

    DOCKED = "docked"
    MINIMISED = "minimised"
    HIDDEN = "hidden"


class TabKind(StrEnum):
    """What a tab shows: the conversation, its customer, or the address that is its target."""

    CONVERSATION = "conversation"
    CUSTOMER = "customer"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Template:
    """What an admin sets. `title`, and titles and targets of tabs, may hold placeholders."""

    name: str
    title: str
    communication_panel: CommunicationPanel
    tabs: list[dict[str, Any]]


def get(session: Session, template_id: str) -> SessionTemplate:
    """The template; refused as `not_found`."""
    template = session.get(SessionTemplate, template_id)
    if template is None:
        raise not_found("session template", template_id)
    return template


def listed(session: Session, *, after: str | None, limit: int) -> list[SessionTemplate]:
    """Templates by id."""
    statement = select(SessionTemplate).order_by(col(SessionTemplate.id)).limit(limit)
    if after is not None:
        statement = statement.where(col(SessionTemplate.id) > after)
    return list(session.exec(statement))


def add(session: Session, template_id: str, template: Template, at: datetime) -> SessionTemplate:
    """A new template."""
    _refuse_taken_name(session, template.name)
    row = SessionTemplate(id=template_id, created_at=at, **asdict(template))
    session.add(row)
    session.flush()
    return row


def change(session: Session, template_id: str, template: Template) -> SessionTemplate:
    """Let a template say this from now on."""
    row = get(session, template_id)
    if template.name != row.name:
        _refuse_taken_name(session, template.name)
    row.sqlmodel_update(asdict(template))
    session.flush()
    return row


def delete(session: Session, template_id: str) -> None:
    """Delete a template that no workstream uses."""
    template = get(session, template_id)
    users = session.exec(select(Workstream.id).where(Workstream.session_template_id == template_id))
    if workstream_ids := sorted(users):
        raise StoreRefusalError(RefusalReason.SESSION_TEMPLATE_IN_USE, workstream_ids=workstream_ids)
    session.delete(template)


def _refuse_taken_name(session: Session, name: str) -> None:
    taken_by = session.exec(select(SessionTemplate.id).where(SessionTemplate.name == name)).first()
    if taken_by is not None:
        raise StoreRefusalError(RefusalReason.NAME_TAKEN, session_template_id=taken_by)
