"""Desks of invented people, written straight into a store: a grown one, and a small one beside it.

Both hold the same in kind, and fill a page of every list. They are made once and kept; migrations bring them
along.
"""

import json
import shutil
import sqlite3
import zlib
from collections import defaultdict
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session

from base import clock
from base.settings import Settings
from bench.grown_rows import DeskRows, Facts, Size, stored
from store.db.database import Database
from store.db.migrate import migrate
from store.pages import page_rows
from store.tables import Page

SMALL = Size("small", conversations=800, customers=400, longest_thread=300)
GROWN = Size("grown", conversations=200_000, customers=80_000, longest_thread=30_000)

_STORE = "pagedesk.db"
_FACTS = "facts.json"
_ROWS_AT_ONCE = 5000
# Nobody else uses the file, and it is made anew after a crash.
_FAST = ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000", "temp_store=MEMORY")
# Made when the rows are there, they take a fraction of the time.
_INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
_MADE_OF = (Path(__file__), Path(__file__).with_name("grown_rows.py"))


@dataclass(frozen=True, slots=True)
class KeptDesk:
    """A desk's data folder, to be copied and not to be used, and what to ask for in it."""

    folder: Path
    facts: Facts


def desk_of(size: Size, directory: Path) -> KeptDesk:
    """Such a desk under `directory`; made, in a few minutes, if it is not there or made in another way."""
    folder = directory / size.name
    file = folder / _FACTS
    made_of = f"{zlib.crc32(b''.join(part.read_bytes() for part in _MADE_OF)):08x}"
    if not file.exists() or json.loads(file.read_text())["made_of"] != made_of:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        facts = _make(size, folder)
        file.write_text(json.dumps({"made_of": made_of, "facts": asdict(facts)}))
    migrate(Settings(data_dir=folder))
    return KeptDesk(folder, Facts(**json.loads(file.read_text())["facts"]))


def copy_to(desk: KeptDesk, data_dir: Path) -> None:
    """Give a new data folder what the desk holds; the windows that close soon do so counted from now."""
    for file in desk.folder.iterdir():
        shutil.copy(file, data_dir)
    now = clock.now()
    with closing(sqlite3.connect(data_dir / _STORE, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.executemany(
            "UPDATE thread SET standard_until = ?, human_agent_until = ? WHERE customer_id = ?",
            [
                (stored(now + timedelta(minutes=50)), stored(now + timedelta(days=6)), customer_id)
                for customer_id in desk.facts.closing_customers
            ],
        )
        connection.execute("COMMIT")


def _add_pages(session: Session, pages: list[Page]) -> None:
    for page in pages:
        page_rows.add(session, page)


def _make(size: Size, folder: Path) -> Facts:
    settings = Settings(data_dir=folder)
    migrate(settings)
    rows = DeskRows(size, clock.now())
    with closing(Database(settings.store_url)) as database:
        database.write_now(lambda session: session.add_all(rows.accounts(settings.vault)))
        database.write_now(lambda session: _add_pages(session, rows.pages(settings.vault)))
    with closing(sqlite3.connect(folder / _STORE, isolation_level=None)) as connection:
        for pragma in _FAST:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        indexes = connection.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        _insert(connection, rows)
        for _, statement in indexes:
            connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")
    return rows.facts


def _insert(connection: sqlite3.Connection, rows: DeskRows) -> None:
    waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for table, row in rows:
        waiting[table].append(row)
        if len(waiting[table]) == _ROWS_AT_ONCE:
            _insert_into(connection, table, waiting.pop(table))
    for table, left in waiting.items():
        _insert_into(connection, table, left)


def _insert_into(connection: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    columns, marks = ", ".join(rows[0]), ", ".join("?" * len(rows[0]))
    connection.executemany(
        f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - names of ours
        [tuple(row.values()) for row in rows],
    )
