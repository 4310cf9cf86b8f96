"""Workstreams, and which pages they have. A page belongs to exactly one."""

from datetime import datetime

from sqlmodel import Session, col, select

from base.ids import new_id
from domain.settings import LiveSettings
from store.pages import not_removed
from store.refusals import StoreRefusalError
from store.tables import Page, Workstream

DEFAULT_NAME = "Messenger"
DEFAULT_AUTO_CLOSE_SECONDS = LiveSettings().auto_close_waiting_after


def get(session: Session, workstream_id: str) -> Workstream:
    """The workstream; refused as `not_found`."""
    workstream = session.get(Workstream, workstream_id)
    if workstream is None:
        raise StoreRefusalError("not_found")
    return workstream


def default(session: Session, at: datetime) -> Workstream:
    """The workstream that takes pages for which none was named; made on demand."""
    found = session.exec(select(Workstream).where(Workstream.name == DEFAULT_NAME)).first()
    if found is not None:
        return found
    return add(
        session,
        id=new_id(),
        name=DEFAULT_NAME,
        auto_close_waiting_after=DEFAULT_AUTO_CLOSE_SECONDS,
        reopen_closed_within=0,
        at=at,
    )


def for_page(session: Session, workstream_id: str | None, at: datetime) -> Workstream:
    """The workstream a page names, or the default one."""
    if workstream_id is None:
        return default(session, at)
    workstream = session.get(Workstream, workstream_id)
    if workstream is None:
        raise StoreRefusalError("unknown_workstream")
    return workstream


def add(
    session: Session,
    *,
    id: str,  # noqa: A002 - the column's name
    name: str,
    auto_close_waiting_after: int,
    reopen_closed_within: int,
    at: datetime,
) -> Workstream:
    """A new workstream; its times are in seconds."""
    refuse_taken_name(session, name)
    workstream = Workstream(
        id=id,
        name=name,
        auto_close_waiting_after=auto_close_waiting_after,
        reopen_closed_within=reopen_closed_within,
        created_at=at,
    )
    session.add(workstream)
    session.flush()
    return workstream


def refuse_taken_name(session: Session, name: str) -> None:
    """Names are unique."""
    if session.exec(select(Workstream.id).where(Workstream.name == name)).first() is not None:
        raise StoreRefusalError("name_taken")


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
        raise StoreRefusalError("unknown_pages", page_ids=unknown)
    had = session.exec(select(Page).where(Page.workstream_id == workstream_id, not_removed()))
    dropped = [page for page in had if page.page_id not in page_ids]
    if dropped:
        fallback = default(session, at)
        if fallback.id == workstream_id:
            raise StoreRefusalError("page_needs_a_workstream", page_ids=[page.page_id for page in dropped])
        for page in dropped:
            page.workstream_id = fallback.id
    for page in wanted:
        page.workstream_id = workstream_id


def delete(session: Session, workstream_id: str) -> None:
    """Delete a workstream that has no pages."""
    workstream = get(session, workstream_id)
    page_ids = list(session.exec(select(Page.page_id).where(Page.workstream_id == workstream_id)))
    if page_ids:
        raise StoreRefusalError("workstream_in_use", page_ids=sorted(page_ids))
    session.delete(workstream)
