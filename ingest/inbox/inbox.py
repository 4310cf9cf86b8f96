"""The durable inbox: one commit, shared by all requests that wait together, before any 200.

On SQLite it is a file of its own with `synchronous=FULL`, so that nothing but what goes into it waits for it.
The permanent unique key (account, page, event key) makes every repetition harmless.
"""

import asyncio
import contextlib
import functools
import hashlib
import itertools
import sqlite3
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg

from base import failpoints
from base.log import get_logger
from base.settings import Settings
from messenger.webhooks.webhook import WebhookEvent
from store.db.group_committer import GroupCommitter
from store.db.postgres_errors import without_values
from store.db.signals import INBOX_WRITTEN, Signals
from store.inbox.relay_shares import PARTITIONS

_GROUP_LIMIT = 500
_BUSY_TIMEOUT_SECONDS = 2.0
_POSTGRES_ORDER_LOCK = 7300003

_INSERT = """
INSERT INTO inbox_event (account_id, page_id, event_key, partition, channel, kind,
                         customer_psid, occurred_ms, received_ms, digest, raw)
VALUES {rows}
ON CONFLICT (account_id, page_id, event_key) DO UPDATE SET conflict_ms = excluded.received_ms
WHERE inbox_event.digest <> excluded.digest AND inbox_event.channel = excluded.channel
AND excluded.channel <> 'pagedesk'
"""
# The first to come wins; a repetition of Meta's with another content is noted, for an alarm (W40 of
# docs/reference/bad-input.md). A customer who answers a survey twice, other than before, is no alarm.
_COLUMNS = 11
# Each statement releases the interpreter's lock and waits for it again, behind all requests: so there are few
# statements. 999 parameters are as many as every SQLite takes
# (https://www.sqlite.org/limits.html#max_variable_number).
_ROWS_PER_STATEMENT = 999 // _COLUMNS

_log = get_logger("ingest")

Row = tuple[str, str, str, int, str, str, str | None, int | None, int, bytes, bytes]


class InboxUnavailableError(Exception):
    """The delivery could not be stored; Meta must be told to come again (503)."""


def partition_for(page_id: str, customer_psid: str | None) -> int:
    """A thread's partition; events of a page without a customer share the page's."""
    return zlib.crc32(f"{page_id}/{customer_psid or ''}".encode()) % PARTITIONS


def inbox_rows(account_id: str, events: Iterable[WebhookEvent], received_ms: int) -> list[Row]:
    """The rows of one delivery."""
    return [
        (
            account_id,
            event.page_id,
            event.key,
            partition_for(event.page_id, event.customer_psid),
            event.channel,
            event.kind.value,
            event.customer_psid,
            event.occurred_ms,
            received_ms,
            hashlib.blake2b(event.raw, digest_size=16).digest(),
            event.raw,
        )
        for event in events
    ]


class InboxWriter(Protocol):
    """Writes groups of rows durably. Runs in the committer's thread."""

    def write(self, rows: list[Row]) -> None:
        """Store rows in one commit."""

    def close(self) -> None:
        """Close the connection."""


def _placeholders(placeholder: str) -> str:
    return f"({', '.join([placeholder] * _COLUMNS)})"


@functools.cache
def _insert_statement(count: int) -> str:
    return _INSERT.format(rows=", ".join([_placeholders("?")] * count))


class SqliteInboxWriter:
    """The embedded inbox."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(
            file, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
        # Without secure_delete, B-tree pages that split leave copies of rows behind, which no erasure reaches
        # (https://www.sqlite.org/pragma.html#pragma_secure_delete).
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            self._connection.execute(f"PRAGMA {pragma}")

    def write(self, rows: list[Row]) -> None:
        """Store rows in one commit."""
        if len(rows) <= _ROWS_PER_STATEMENT:
            self._insert(rows)  # a statement alone commits itself
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for start in range(0, len(rows), _ROWS_PER_STATEMENT):
                self._insert(rows[start : start + _ROWS_PER_STATEMENT])
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def _insert(self, rows: list[Row]) -> None:
        self._connection.execute(_insert_statement(len(rows)), list(itertools.chain.from_iterable(rows)))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class PostgresInboxWriter:
    """The inbox as a table; ids appear in the order of commits because committers queue on one lock."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.Connection | None = None

    def write(self, rows: list[Row]) -> None:
        """Store rows in one commit."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._conninfo, connect_timeout=2)
        try:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_POSTGRES_ORDER_LOCK,))
                cursor.executemany(_INSERT.format(rows=_placeholders("%s")), rows)
        except psycopg.Error:
            # Whatever it was, the next connection may be to another server: the one that took over.
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()


@dataclass(slots=True)
class _Waiting:
    rows: list[Row]
    future: asyncio.Future[None]
    loop: asyncio.AbstractEventLoop


class Inbox:
    """Stores deliveries for requests, and returns when they are durable."""

    def __init__(self, writer: InboxWriter, wake_relays: Callable[[], None]) -> None:
        self._writer = writer
        self._wake_relays = wake_relays
        self._gathered: list[_Waiting] = []
        self._committer = GroupCommitter[_Waiting](
            "inbox-committer", self._commit, max_size=_GROUP_LIMIT, size_of=lambda waiting: len(waiting.rows)
        )

    async def store(self, rows: list[Row]) -> None:
        """Return when the rows are on disk. Raises InboxUnavailableError."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        if not self._gathered:
            # The committer would wake for the first and leave the others of this turn to another commit.
            loop.call_soon(self._hand_over)
        self._gathered.append(_Waiting(rows, future, loop))
        await future

    def _hand_over(self) -> None:
        gathered, self._gathered = self._gathered, []
        self._committer.submit(gathered)

    def close(self) -> None:
        """Finish what waits, then stop."""
        if self._gathered:
            self._hand_over()
        self._committer.close()
        self._writer.close()

    def _commit(self, group: list[_Waiting]) -> None:
        error: InboxUnavailableError | None = None
        try:
            self._writer.write([row for waiting in group for row in waiting.rows])
            failpoints.reach("inbox.committed")
        except (sqlite3.Error, psycopg.Error, OSError) as cause:
            message = without_values(cause) if isinstance(cause, psycopg.Error) else str(cause)
            _log.error("inbox_unavailable", kind=type(cause).__name__, error=message)
            error = InboxUnavailableError(message)
        for loop in {waiting.loop for waiting in group}:
            members = [waiting.future for waiting in group if waiting.loop is loop]
            with contextlib.suppress(
                RuntimeError
            ):  # the loop is closed: nobody waits for the answer any more
                loop.call_soon_threadsafe(_resolve, members, error)
        if error is None:
            self._wake_relays()


def open_inbox(settings: Settings, signals: Signals) -> Inbox:
    """The installation's inbox, to write to; close it. `signals` wake its relays."""
    writer: InboxWriter
    if settings.database_url is None:
        writer = SqliteInboxWriter(settings.data_dir / "inbox.db")
    else:
        writer = PostgresInboxWriter(settings.database_url)
    return Inbox(writer, lambda: signals.send((INBOX_WRITTEN,)))


def _resolve(futures: list[asyncio.Future[None]], error: InboxUnavailableError | None) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
