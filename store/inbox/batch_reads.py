"""What the relay reads at once for a whole batch of inbox events."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import defer
from sqlmodel import Session, col

from store.conversations.conversation_settings import SOURCES
from store.tables import Account, Customer, Message, Page, PageHealth, Thread, Workstream

_PAGES = (
    select(Page, PageHealth, col(Account.app_id), *SOURCES)
    .join(Workstream, col(Workstream.id) == col(Page.workstream_id))
    .join(Account, col(Account.id) == col(Page.account_id))
    .join(PageHealth, col(PageHealth.page_id) == col(Page.page_id))
    .where(col(Page.page_id).in_(bindparam("ids", expanding=True)))
)
# The whole state of a thread is much to read for the one thing of it that is needed.
_LIVE = col(Thread.state)["conversation"]["id"].as_string()
_CUSTOMERS = (
    select(Customer, Thread, _LIVE)
    .join(Thread, col(Thread.customer_id) == col(Customer.id))
    .where(
        col(Customer.page_id).in_(bindparam("pages", expanding=True)),
        col(Customer.psid).in_(bindparam("psids", expanding=True)),
    )
    .options(defer(Thread.state))  # type: ignore[arg-type]  # SQLModel types columns as values
)
_KNOWN_MIDS = select(col(Message.page_id), col(Message.mid)).where(
    col(Message.page_id).in_(bindparam("pages", expanding=True)),
    col(Message.mid).in_(bindparam("mids", expanding=True)),
)


@dataclass(frozen=True, slots=True)
class PageOfEvents:
    """A page that events of a batch name. `settings_row`: from which `settings_of` makes its settings."""

    page: Page
    health: PageHealth
    app_id: str
    settings_row: Row[Any]


def pages_by_id(session: Session, page_ids: Collection[str]) -> dict[str, PageOfEvents]:
    """The pages with these ids."""
    rows = session.execute(_PAGES, {"ids": list(page_ids)}).all()
    return {row.page_id: PageOfEvents(row.Page, row.PageHealth, row.app_id, row) for row in rows}


def customers_with_threads(
    session: Session, page_ids: Collection[str], psids: Collection[str]
) -> Sequence[Row[Customer, Thread, str | None]]:
    """The customers on these pages with these PSIDs, each with the thread and its live conversation's id.

    The threads come without their states.
    """
    return session.execute(_CUSTOMERS, {"pages": list(page_ids), "psids": list(psids)}).all()


def known_mids(
    session: Session, page_ids: Collection[str], mids: Collection[str]
) -> set[tuple[str, str | None]]:
    """Which messages of these pages there are with one of Meta's ids: page id and mid of each."""
    rows = session.connection().execute(_KNOWN_MIDS, {"pages": list(page_ids), "mids": list(mids)})
    return {(page_id, mid) for page_id, mid in rows}
