"""The three rows of a page: what people set, its health, how its sending stands.

Sends lock the last, checks and the relay the second, changes of settings the first; so none of them waits for
another. Who locks rows of several tables does so in one order, everywhere, so that two transactions never
wait for each other on PostgreSQL:

1. `message`
2. `page`
3. `page_health`
4. `page_send_state`

Rows of one table are locked in the order of their keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlmodel import Session, col

from store.db.sql import delete_rows
from store.tables import Page, PageHealth, PageSendState
from store.tables.pages import not_removed

_ROWS = (
    select(Page, PageHealth, PageSendState)
    .join(PageHealth, col(PageHealth.page_id) == col(Page.page_id))
    .join(PageSendState, col(PageSendState.page_id) == col(Page.page_id))
)


@dataclass(frozen=True, slots=True)
class PageRows:
    """A page, with its health and the state of its sending."""

    page: Page
    health: PageHealth
    send_state: PageSendState


def add(session: Session, page: Page) -> None:
    """Insert a new page, and with it the rows that every page has."""
    session.add(page)
    session.flush()
    session.add_all([PageHealth(page_id=page.page_id), PageSendState(page_id=page.page_id)])
    session.flush()


def find(session: Session, page_id: str) -> PageRows | None:
    """The rows of a page; None where there is none."""
    found = session.execute(_of(page_id)).first()
    return None if found is None else PageRows(*found)


def lock(session: Session, page_id: str) -> PageRows | None:
    """As `find`, with all three locked and as they are now, whatever the session has read before."""
    found = session.execute(locking(page_id), execution_options={"populate_existing": True}).first()
    return None if found is None else PageRows(*found)


def of_account(session: Session, account_id: str, *, after: str | None, limit: int) -> Sequence[PageRows]:
    """The served pages of an account, by page id."""
    statement = _ROWS.where(col(Page.account_id) == account_id, not_removed())
    if after is not None:
        statement = statement.where(col(Page.page_id) > after)
    return [PageRows(*row) for row in session.execute(statement.order_by(col(Page.page_id)).limit(limit))]


def of_all_served(session: Session) -> Sequence[PageRows]:
    """All pages that are served, by page id."""
    statement = _ROWS.where(not_removed()).order_by(col(Page.page_id))
    return [PageRows(*row) for row in session.execute(statement)]


def delete(session: Session, page: Page) -> None:
    """Delete a page, which the caller has locked, with its other rows."""
    delete_rows(session, PageHealth, col(PageHealth.page_id) == page.page_id)
    delete_rows(session, PageSendState, col(PageSendState.page_id) == page.page_id)
    session.delete(page)


def locking(page_id: str) -> Select[Page, PageHealth, PageSendState]:
    """The statement of `lock`. PostgreSQL locks the rows in the order of the tables that it names."""
    return _of(page_id).with_for_update(of=(Page, PageHealth, PageSendState), key_share=True)


def _of(page_id: str) -> Select[Page, PageHealth, PageSendState]:
    return _ROWS.where(col(Page.page_id) == page_id)
