"""Workstreams, and which pages they have. A page belongs to exactly one."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from base.ids import new_id
from domain.workstreams.conversation_settings import ConversationSettings
from store.db.refusals import RefusalReason, StoreRefusalError, not_found
from store.db.sql import delete_rows
from store.tables import Page, SessionTemplate, TimeOutRule, Workstream
from store.tables.pages import not_removed
from store.workstreams.settings_versions import raise_settings_versions, raise_versions_of_workstream

DEFAULT_NAME = "Messenger"
_DEFAULTS = ConversationSettings()


@dataclass(frozen=True, slots=True)
class NewWorkstream:
    """What a workstream is given; times are in seconds."""

    name: str
    auto_close_waiting_after_seconds: int = _DEFAULTS.auto_close_waiting_after_seconds
    reopen_closed_within_seconds: int = _DEFAULTS.reopen_closed_within_seconds
    window_warning_seconds: int = _DEFAULTS.window_warning_seconds
    send_held_unseen: bool = _DEFAULTS.send_held_unseen
    allow_automated_messages: bool = True
    session_template_id: str | None = None
    disposition_required: bool = False


def get(session: Session, workstream_id: str, *, lock: bool = False) -> Workstream:
    """The workstream; refused as `not_found`. `lock`: also against rows that refer to it."""
    workstream = session.get(
        Workstream, workstream_id, with_for_update=True if lock else None, populate_existing=lock
    )
    if workstream is None:
        raise not_found("workstream", workstream_id)
    return workstream


def default(session: Session, at: datetime) -> Workstream:
    """The workstream that takes pages for which none was named; made on demand."""
    found = session.exec(select(Workstream).where(Workstream.name == DEFAULT_NAME)).first()
    if found is not None:
        return found
    return add(session, new_id(), NewWorkstream(DEFAULT_NAME), at)


def for_page(session: Session, workstream_id: str | None, at: datetime) -> Workstream:
    """The workstream a page names, or the default one."""
    if workstream_id is None:
        return default(session, at)
    workstream = session.get(Workstream, workstream_id)
    if workstream is None:
        raise StoreRefusalError(RefusalReason.UNKNOWN_WORKSTREAM, workstream_id=workstream_id)
    return workstream


def add(session: Session, id: str, new: NewWorkstream, at: datetime) -> Workstream:  # noqa: A002 - the column's name
    """A new workstream."""
    _refuse_taken_name(session, new.name)
    _refuse_unknown_template(session, new.session_template_id)
    workstream = Workstream(id=id, created_at=at, **asdict(new))
    session.add(workstream)
    session.flush()
    return workstream


def change(session: Session, workstream_id: str, changes: dict[str, Any]) -> Workstream:
    """Set some of what `NewWorkstream` holds."""
    workstream = get(session, workstream_id)
    if changes.get("name", workstream.name) != workstream.name:
        _refuse_taken_name(session, changes["name"])
    _refuse_unknown_template(session, changes.get("session_template_id"))
    workstream.sqlmodel_update(changes)
    raise_versions_of_workstream(session, workstream_id)
    return workstream


def listed(session: Session, *, after: str | None, limit: int) -> list[Workstream]:
    """Workstreams by id."""
    statement = select(Workstream).order_by(col(Workstream.id)).limit(limit)
    if after is not None:
        statement = statement.where(col(Workstream.id) > after)
    return list(session.exec(statement))


def pages_of(session: Session, workstream_ids: list[str]) -> dict[str, list[str]]:
    """The page ids of several workstreams."""
    pages: dict[str, list[str]] = {each: [] for each in workstream_ids}
    rows = session.exec(
        select(Page.workstream_id, Page.page_id)
        .where(col(Page.workstream_id).in_(workstream_ids), not_removed())
        .order_by(col(Page.page_id))
    )
    for workstream_id, page_id in rows:
        pages[workstream_id].append(page_id)
    return pages


def set_pages(session: Session, workstream_id: str, page_ids: list[str], at: datetime) -> None:
    """Give a workstream exactly these pages; those it had and keeps not go to the default one."""
    get(session, workstream_id)
    wanted = list(session.exec(select(Page).where(col(Page.page_id).in_(page_ids), not_removed())))
    if unknown := sorted(set(page_ids) - {page.page_id for page in wanted}):
        raise StoreRefusalError(RefusalReason.UNKNOWN_PAGES, page_ids=unknown)
    had = session.exec(select(Page).where(Page.workstream_id == workstream_id, not_removed()))
    dropped = [page for page in had if page.page_id not in page_ids]
    if dropped:
        fallback = default(session, at)
        if fallback.id == workstream_id:
            raise StoreRefusalError(
                RefusalReason.PAGE_NEEDS_A_WORKSTREAM, page_ids=[page.page_id for page in dropped]
            )
        for page in dropped:
            page.workstream_id = fallback.id
    gained = [page for page in wanted if page.workstream_id != workstream_id]
    for page in gained:
        page.workstream_id = workstream_id
    raise_settings_versions(session, [page.page_id for page in (*gained, *dropped)])


def delete(session: Session, workstream_id: str) -> None:
    """Delete a workstream that has no pages, with its time-out rules. What else it has is deleted before."""
    workstream = get(session, workstream_id)
    refuse_with_pages(session, workstream_id)
    delete_rows(session, TimeOutRule, col(TimeOutRule.workstream_id) == workstream_id)
    session.delete(workstream)


def refuse_with_pages(session: Session, workstream_id: str) -> None:
    """Refuse what only a workstream without pages allows."""
    page_ids = list(session.exec(select(Page.page_id).where(Page.workstream_id == workstream_id)))
    if page_ids:
        raise StoreRefusalError(RefusalReason.WORKSTREAM_IN_USE, page_ids=sorted(page_ids))


def _refuse_taken_name(session: Session, name: str) -> None:
    """Names are unique."""
    taken_by = session.exec(select(Workstream.id).where(Workstream.name == name)).first()
    if taken_by is not None:
        raise StoreRefusalError(RefusalReason.NAME_TAKEN, workstream_id=taken_by)


def _refuse_unknown_template(session: Session, template_id: str | None) -> None:
    """A session template that is named must be there."""
    if template_id is not None and session.get(SessionTemplate, template_id) is None:
        raise StoreRefusalError(RefusalReason.UNKNOWN_SESSION_TEMPLATE, session_template_id=template_id)
