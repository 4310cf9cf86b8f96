"""Conversations that wait in a queue and have no workflow: more than a run could open one by one."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlmodel import Session, SQLModel, col, select

from store import tables
from store.db.engines import make_engine
from store.db.sql import bulk_insert_detached


def add_backlog(store_url: str, queue_id: str, count: int) -> None:
    """Add so many, alike to those that wait in the queue already, and younger.

    They are in nobody's way as long as no agent has room for them.
    """
    engine = make_engine(store_url)
    try:
        with Session(engine) as session, session.begin():
            newest = session.exec(
                select(tables.WorkItem)
                .where(tables.WorkItem.queue_id == queue_id)
                .order_by(col(tables.WorkItem.age_at).desc())
                .limit(1)
            ).one()
            pattern = session.get_one(tables.Conversation, newest.conversation_id)
            for rows in _rows(newest, pattern, count).values():
                bulk_insert_detached(session, rows)
    finally:
        engine.dispose()


def _rows(
    newest: tables.WorkItem, pattern: tables.Conversation, count: int
) -> dict[type[SQLModel], list[SQLModel]]:
    rows: dict[type[SQLModel], list[SQLModel]] = {
        tables.Customer: [],
        tables.Conversation: [],
        tables.WorkItem: [],
    }
    for number in range(count):
        name, age_at = f"backlog-{number:05d}", newest.age_at + timedelta(milliseconds=number + 1)
        customer = tables.Customer(id=name, page_id=pattern.page_id, psid=name, created_at=age_at)
        conversation = {**pattern.model_dump(), "id": name, "customer_id": name, "opened_at": age_at}
        item = {**newest.model_dump(), "conversation_id": name, "age_at": age_at}
        rows[tables.Customer].append(customer)
        rows[tables.Conversation].append(tables.Conversation(**conversation))
        rows[tables.WorkItem].append(tables.WorkItem(**item))
    return rows


def ages(store_url: str, queue_id: str) -> dict[str, datetime]:
    """Since when each conversation waits in the queue."""
    with _reading(store_url) as session:
        item = tables.WorkItem
        rows = session.exec(select(item.conversation_id, item.age_at).where(item.queue_id == queue_id))
        return dict(rows.all())


def claims_in_order(store_url: str, waited_since: Mapping[str, datetime]) -> bool:
    """Whether each claim took what had waited longest, but for the order within one transaction."""
    slot = tables.Slot
    with _reading(store_url) as session:
        rows = session.exec(select(slot.claimed_at, slot.conversation_id)).all()
    taken = sorted((at, waited_since[each]) for at, each in rows if each in waited_since)
    return all(before[1] <= after[1] for before, after in itertools.pairwise(taken))


@contextmanager
def _reading(store_url: str) -> Iterator[Session]:
    engine = make_engine(store_url)
    try:
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()
