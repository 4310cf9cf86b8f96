"""The versions of pages' settings: what changed last, and what conversations were told of.

Whatever conversations are judged by (`store.conversations.conversation_settings`) is changed in one
transaction with `raise_settings_versions`. So the higher version is always the later change, and no change
goes untold: a process that dies after its commit leaves a version that is higher than the one told.
"""

from collections.abc import Sequence

from sqlalchemy import bindparam, select, update
from sqlmodel import Session, col

from store.db.sql import table_of
from store.tables import Page
from store.tables.pages import not_removed

_PAGE = table_of(Page)
_RAISE = (
    update(_PAGE)
    .where(_PAGE.c.page_id.in_(bindparam("page_ids", expanding=True)))
    .values(settings_version=_PAGE.c.settings_version + 1)
)
# In one order, so that two who change several pages never wait for each other.
_LOCK = (
    select(_PAGE.c.page_id)
    .where(_PAGE.c.page_id.in_(bindparam("page_ids", expanding=True)))
    .order_by(_PAGE.c.page_id)
    .with_for_update()
)
_NOTE_TOLD = (
    update(_PAGE)
    .where(_PAGE.c.page_id == bindparam("page"), _PAGE.c.told_settings_version < bindparam("told"))
    .values(told_settings_version=bindparam("told"))
)


def raise_settings_versions(session: Session, page_ids: Sequence[str]) -> None:
    """Give the settings of these pages, which this transaction changes, their next versions."""
    session.flush()  # pages that are new, or moved to another workstream
    values = {"page_ids": list(page_ids)}
    session.connection().execute(_LOCK, values)
    session.connection().execute(_RAISE, values)


def raise_versions_of_workstream(session: Session, workstream_id: str) -> None:
    """As `raise_settings_versions`, for every page of a workstream."""
    of_workstream = select(col(Page.page_id)).where(col(Page.workstream_id) == workstream_id)
    raise_settings_versions(session, list(session.scalars(of_workstream)))


def raise_versions_of_all(session: Session) -> None:
    """As `raise_settings_versions`, for every page."""
    raise_settings_versions(session, list(session.scalars(select(col(Page.page_id)))))


def settings_versions(session: Session, page_id: str) -> tuple[int, int]:
    """The version of a page's settings, and the one that its conversations were told of; 0, 0 without it."""
    found = select(_PAGE.c.settings_version, _PAGE.c.told_settings_version).where(_PAGE.c.page_id == page_id)
    row = session.connection().execute(found).first()
    return (row.settings_version, row.told_settings_version) if row is not None else (0, 0)


def note_told(session: Session, page_id: str, version: int) -> None:
    """The live conversations of a page have been told of this version."""
    session.connection().execute(_NOTE_TOLD, {"page": page_id, "told": version})


def untold_settings(session: Session) -> list[tuple[str, int]]:
    """The pages whose conversations are to be told of newer settings, with the version to tell of."""
    untold = select(_PAGE.c.page_id, _PAGE.c.settings_version).where(
        _PAGE.c.settings_version > _PAGE.c.told_settings_version, not_removed()
    )
    return [(row.page_id, row.settings_version) for row in session.connection().execute(untold)]
