"""How connections to the two databases are made, and which of them are fit to be used again."""

import json
import select
import sqlite3
from datetime import timedelta
from typing import Any

import orjson
import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError

from store.db.postgres_errors import hide_values

_BUSY_TIMEOUT_SECONDS = 10.0

# libpq's own would wait for minutes, or for ever, for a server whose machine is gone.
_POSTGRES_TIMEOUTS = {
    "connect_timeout": 5,  # seconds
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}

# A process that stands still within a transaction keeps its locks, and readers of the log of events waiting,
# for no longer than this.
MAX_IDLE_TRANSACTION = timedelta(seconds=60)

# What is deleted is overwritten: an erasure must not leave a person's words in free pages.
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "secure_delete=ON",
    # A log that had to grow beside a slow reader is cut when it is used anew.
    "journal_size_limit=67108864",
)
# A search looks at up to five thousand places all over the file, 4 KB each; in SQLite's own 2 MB most of them
# are missing again, each a system call. A connection takes no more than it uses.
_READERS_CACHE = "cache_size=-32768"  # KiB


def _json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        # Meta may send numbers beyond 64 bits, in an attachment say; they are read back as floats.
        return json.dumps(value)


# Parameters hold customers' words: no error may print them.
_COMMON: dict[str, Any] = {
    "hide_parameters": True,
    "json_serializer": _json,
    "json_deserializer": orjson.loads,
}


def make_engine(url: str, *, writes: bool = True, pool_size: int = 5) -> Engine:
    """An engine for the store's URL; on SQLite WAL, `synchronous=FULL`, and BEGIN IMMEDIATE for writers.

    `pool_size`: so many connections stay open.
    """
    if url.startswith("sqlite"):
        return _sqlite_engine(url, writes=writes, pool_size=pool_size)
    return _postgresql_engine(url, pool_size)


def connect_once(url: str, *, timeout_seconds: int) -> None:
    """Connect to a PostgreSQL and leave; raises SQLAlchemy's DBAPIError where that fails."""
    engine = create_engine(url, connect_args={"connect_timeout": timeout_seconds})
    try:
        engine.connect().close()
    finally:
        engine.dispose()


def for_reading(engine: Engine) -> Engine:
    """The same connections for reading: PostgreSQL shows all statements of a transaction one picture then."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _sqlite_engine(url: str, *, writes: bool, pool_size: int) -> Engine:
    # The connection that was used last has in its cache what is asked for again.
    pool: dict[str, Any] = {} if writes else {"pool_size": pool_size, "pool_use_lifo": True}
    pragmas = _PRAGMAS if writes else (*_PRAGMAS, _READERS_CACHE)
    engine = create_engine(
        url,
        connect_args={"timeout": _BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        **pool,
        **_COMMON,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own BEGIN comes too late for BEGIN IMMEDIATE; the listener below issues it instead.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql_engine(url: str, pool_size: int) -> Engine:
    engine = create_engine(url, pool_size=pool_size, connect_args=_POSTGRES_TIMEOUTS, **_COMMON)
    hide_values(engine)

    @event.listens_for(engine, "connect")
    def _limit(connection: psycopg.Connection, _record: object) -> None:
        milliseconds = int(MAX_IDLE_TRANSACTION / timedelta(milliseconds=1))
        connection.execute(f"SET idle_in_transaction_session_timeout = {milliseconds}")
        connection.commit()

    @event.listens_for(engine, "checkout")
    def _refuse_ended(connection: psycopg.Connection, _record: object, _proxy: object) -> None:
        if _has_ended(connection):
            raise InvalidatePoolError  # the pool connects anew, and takes none that is as old

    return engine


def _has_ended(connection: psycopg.Connection) -> bool:
    """Whether the server has ended a connection that nobody used.

    Nothing is asked of it, as SQLAlchemy's `pool_pre_ping` would, which is a journey to the server for each
    transaction: who ends a connection says so, and an idle one has nothing else to say but a notice or a
    changed setting. What came is read then, by asking. A server that is gone without a word is not seen here
    as it is not seen by asking: the statement waits for `tcp_user_timeout`, and fails.
    """
    if not _has_unread(connection):
        return connection.closed
    before = connection.autocommit
    try:
        connection.autocommit = True
        connection.execute("SELECT 1")
        connection.autocommit = before
    except psycopg.Error:
        return True
    return False


def _has_unread(connection: psycopg.Connection) -> bool:
    """Whether something has come that nobody has read: data, or the end."""
    if connection.closed:
        return False
    looking = select.poll()
    looking.register(connection.fileno(), select.POLLIN)
    return bool(looking.poll(0))
