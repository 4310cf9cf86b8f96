"""Reads that end: after a time, or when nobody waits for them any more."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

# SQLite asks after so many of its instructions, which take it about a millisecond.
_INSTRUCTIONS = 20_000


class ReadTooSlowError(Exception):
    """A read took longer than it may, and was stopped."""


class StoppableRead:
    """One read of a thread, which others may stop; it has a limit of its own, too."""

    def __init__(self, limit: timedelta) -> None:
        self._seconds = limit.total_seconds()
        self._until = float("inf")
        self._stopped = False
        self._lock = threading.Lock()
        self._connection: Any = None

    @contextlib.contextmanager
    def on(self, connection: Connection) -> Iterator[None]:
        """Hold what is read in the block to the limit; raises ReadTooSlowError."""
        self._until = time.monotonic() + self._seconds
        driver: Any = connection.connection.driver_connection
        try:
            if connection.dialect.name == "postgresql":
                limit_ms = str(int(self._seconds * 1000))
                connection.execute(
                    text("SELECT set_config('statement_timeout', :limit, true)"), {"limit": limit_ms}
                )
            else:
                driver.set_progress_handler(self._is_over, _INSTRUCTIONS)
            with self._lock:
                self._connection = driver
            if self._stopped:
                raise ReadTooSlowError
            yield
        except OperationalError as error:
            if self._is_over():
                raise ReadTooSlowError from error
            raise
        finally:
            with self._lock:
                self._connection = None
            if isinstance(driver, sqlite3.Connection):
                driver.set_progress_handler(None, 0)

    def stop(self) -> None:
        """End it, now or as soon as it begins. On PostgreSQL this asks the server and waits for its word."""
        self._stopped = True
        with self._lock:
            if self._connection is not None and not isinstance(self._connection, sqlite3.Connection):
                self._connection.cancel_safe(timeout=1.0)

    def _is_over(self) -> bool:
        return self._stopped or time.monotonic() >= self._until
