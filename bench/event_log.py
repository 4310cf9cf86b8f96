"""`--event-log URL`: what appending to the log of events costs its writers on PostgreSQL.

Each writer updates a row of its own and appends two events, as a projection does, in a transaction as all of
the product are made. The baselines insert the same rows into a copy of the table that announces no numbers:
nobody is told, and no reader could follow.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from sqlalchemy import MetaData, bindparam, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from base import clock
from base.settings import Settings
from bench.interleaved import interleaved
from bench.plan import Plan
from bench.rows import Row, Target
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from local.processes.progress import Progress
from store.db.database import Database
from store.db.migrate import migrate
from store.db.sql import table_of
from store.events import timeline
from store.events.events import append_events, event_row
from store.tables import Account, Customer, Event, Page, Workstream

WRITERS = (1, 4, 16)
_SECONDS = 2.0
TURNS = 4
"""Rounds for each of a plan: the server's disk and processors are not its own."""
_TARGET = Target("≥", 0.8)
_FOLLOW_SECONDS = 0.03
_NAMED = (
    update(table_of(Customer)).where(table_of(Customer).c.id == bindparam("of")).values(name=bindparam("to"))
)
_UNNUMBERED = table_of(Event).to_metadata(MetaData(), name="unnumbered_event")
_INSERT = insert(_UNNUMBERED).on_conflict_do_nothing()

Append = Callable[[Session, list[dict[str, Any]]], None]


async def measure(url: str, directory: Path, plan: Plan, progress: Progress) -> list[Row]:
    """Transactions a second of 1, 4 and 16 writers, while a reader follows as an event hub does."""
    rows, rounds = [], plan.rounds * TURNS
    with _fresh_database(url) as own:
        settings = Settings(data_dir=directory, database_url=own)
        progress.say("Making an empty database …")
        migrate(settings)
        database = Database(settings.store_url, writers=max(WRITERS))
        try:
            await database.write(_seed)
            for writers in WRITERS:
                progress.say(f"{writers} writers, {rounds} rounds …")
                sides = {name: partial(_rate, database, writers, append) for name, append in _SIDES.items()}
                rates = await interleaved(rounds, sides)
                name = "1 writer" if writers == 1 else f"{writers} writers"
                rows.append(Row(name, "transactions/s", rates["pagedesk"], rates["unnumbered"], _TARGET))
                rows.append(
                    Row(
                        f"{name}, with one lock for all",
                        "transactions/s",
                        rates["one lock"],
                        rates["unnumbered"],
                    )
                )
        finally:
            database.close()
    return rows


async def _rate(database: Database, writers: int, append: Append) -> float:
    """Transactions a second of so many writers, each in its own conversation."""
    until = time.monotonic() + _SECONDS
    following = asyncio.create_task(_follow(database))
    began = time.monotonic()
    counts = await asyncio.gather(*(_write(database, number, until, append) for number in range(writers)))
    seconds = time.monotonic() - began
    following.cancel()
    await asyncio.wait({following})
    return sum(counts) / seconds


async def _write(database: Database, number: int, until: float, append: Append) -> int:
    count = 0
    while time.monotonic() < until:
        count += 1
        facts = [
            Fact(FactKind.PAGE_ALARM, clock.now(), ActorKind.SYSTEM, data={"number": count}) for _ in range(2)
        ]
        rows = [event_row(fact, "1", f"c{number}", None) for fact in facts]

        def work(session: Session, rows: list[dict[str, Any]] = rows, name: str = str(count)) -> None:
            session.connection().execute(_NAMED, {"of": f"c{number}", "to": name})
            append(session, rows)

        await database.write(work)
    return count


async def _follow(database: Database) -> None:
    """Read on from the newest event, as a hub does, beside both sides."""
    position = await database.read(timeline.newest_event_id)
    while True:
        settled = await timeline.settled_through(database)
        found = await database.read(
            partial(
                timeline.read_events, wanted=timeline.EVERYTHING, after=position, limit=500, through=settled
            )
        )
        position = found[-1].id or 0 if found else position
        await asyncio.sleep(_FOLLOW_SECONDS)


def _insert_alone(session: Session, rows: list[dict[str, Any]]) -> None:
    session.connection().execute(_INSERT, rows)


def _append_under_one_lock(session: Session, rows: list[dict[str, Any]]) -> None:
    """As it was before ADR 0024: all who append wait for each other, until their commit is on disk."""
    session.connection().execute(text("SELECT pg_advisory_xact_lock(1)"))
    session.connection().execute(_INSERT, rows)


_SIDES: dict[str, Append] = {
    "pagedesk": append_events,
    "unnumbered": _insert_alone,
    "one lock": _append_under_one_lock,
}


def _seed(session: Session) -> None:
    # The trigger is not copied; the sequence is the same.
    session.connection().execute(text(f"CREATE TABLE {_UNNUMBERED.name} (LIKE event INCLUDING ALL)"))
    now = clock.now()
    session.add(Workstream(id="w", name="w", auto_close_waiting_after_seconds=3600, created_at=now))
    session.add(Account(id="a", name="a", app_id="1", app_secret="", created_at=now))
    session.flush()
    session.add(
        Page(page_id="1", account_id="a", workstream_id="w", name="p", access_token="", created_at=now)
    )
    session.flush()
    for number in range(max(WRITERS)):
        session.add(Customer(id=f"c{number}", page_id="1", psid=str(number), created_at=now))


@contextlib.contextmanager
def _fresh_database(url: str) -> Iterator[str]:
    """A database of its own on the server, for as long as the block."""
    name = f"pagedesk_bench_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
