"""Connections, transactions and threads.

Work runs as plain functions over a SQLModel session, in threads, so that no event loop waits for a disk. On
SQLite one thread writes: what waits while a commit is being flushed shares the next one (group commit), each
piece in its own savepoint. On PostgreSQL each piece of work is a transaction of its own.

Reads have lanes with threads of their own, so that what is slow keeps nothing waiting that must be quick.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlmodel import Session

from base.metrics import STORE_WAIT
from store.db.engines import for_reading, make_engine
from store.db.group_committer import GroupCommitter
from store.db.read_limits import StoppableRead
from store.db.signals import Signals, signals_between_processes, signals_of

T = TypeVar("T")
Work = Callable[[Session], T]

_GROUP_LIMIT = 200
_READERS = 4
_POSTGRES_WRITERS = 8


class ReadLane(Enum):
    """What a read may keep waiting: only reads of its own lane."""

    FIRST = "first"
    """Who is calling, and whether the store answers: each call waits for it."""
    USUAL = "usual"
    LONG = "long"
    """Searches and sums, whose time depends on what is asked for."""


@dataclass(frozen=True, slots=True)
class _LaneLimits:
    """`threads` is None where the settings say how many."""

    threads: int | None
    time: timedelta


_LANES = {
    ReadLane.FIRST: _LaneLimits(2, timedelta(seconds=10)),
    ReadLane.USUAL: _LaneLimits(None, timedelta(seconds=30)),
    ReadLane.LONG: _LaneLimits(2, timedelta(seconds=5)),
}
_FURTHER_READERS = sum(limits.threads or 0 for limits in _LANES.values())
_WRITE = "write"


class Database:
    """The store as the event loop sees it: `await read(work)` and `await write(work)`."""

    def __init__(self, url: str, *, readers: int = _READERS, writers: int = _POSTGRES_WRITERS) -> None:
        """`readers`: threads of the usual lane. `writers`: on PostgreSQL; SQLite has one."""
        self._single_writer = url.startswith("sqlite")
        self.signals = signals_between_processes(url)
        self._write_engine = make_engine(url, pool_size=readers + _FURTHER_READERS + writers)
        self._read_engine = (
            make_engine(url, writes=False, pool_size=readers + _FURTHER_READERS)
            if self._single_writer
            else for_reading(self._write_engine)
        )
        self._readers = {
            lane: ThreadPoolExecutor(limits.threads or readers, thread_name_prefix=f"store-read-{lane.value}")
            for lane, limits in _LANES.items()
        }
        self._writer: _SingleWriter | ThreadPoolExecutor = (
            _SingleWriter(self._write_engine, self.signals)
            if self._single_writer
            else ThreadPoolExecutor(writers, thread_name_prefix="store-write")
        )

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._write_engine.dialect.name

    async def read(self, work: Work[T], lane: ReadLane = ReadLane.USUAL) -> T:
        """Run `work` in a read transaction: one consistent picture, however many statements it takes.

        Raises ReadTooSlowError after the lane's time. A caller that is cancelled stops the read as well.
        """
        stoppable = StoppableRead(_LANES[lane].time)
        running = self._readers[lane].submit(self._read, _timed(work, lane.value), stoppable)
        try:
            return await asyncio.wrap_future(running)
        except asyncio.CancelledError:
            # In a thread, for it may take the network: of the lane whose reads are never long.
            if not running.cancel():
                self._readers[ReadLane.FIRST].submit(stoppable.stop)
            raise

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a write transaction; it is durable when this returns."""
        timed = _timed(work, _WRITE)
        if isinstance(self._writer, _SingleWriter):
            return await asyncio.wrap_future(self._writer.submit(timed))
        return await asyncio.wrap_future(self._writer.submit(self._write, timed))

    def read_now(self, work: Work[T]) -> T:
        """As `read`, for code without an event loop (start-up, command line)."""
        return self._read(work, StoppableRead(_LANES[ReadLane.FIRST].time))

    def write_now(self, work: Work[T]) -> T:
        """As `write`, for code without an event loop (start-up, command line)."""
        return self._write(work)

    def close(self) -> None:
        """Finish what was submitted and close every connection."""
        if isinstance(self._writer, _SingleWriter):
            self._writer.stop()
        else:
            self._writer.shutdown()
        for readers in self._readers.values():
            readers.shutdown()
        self.signals.close()
        self._write_engine.dispose()
        self._read_engine.dispose()

    def _read(self, work: Work[T], stoppable: StoppableRead) -> T:
        with (
            self._read_engine.connect() as connection,
            stoppable.on(connection),
            Session(connection) as session,
        ):
            return work(session)

    def _write(self, work: Work[T]) -> T:
        with Session(self._write_engine, expire_on_commit=False) as session:
            result = work(session)
            session.commit()
        self.signals.send(signals_of(session))
        return result


def _timed(work: Work[T], lane: str) -> Work[T]:
    """The work, which notes how long it has waited for its turn."""
    asked_at = time.perf_counter()

    def timed(session: Session) -> T:
        STORE_WAIT.labels(lane).observe(time.perf_counter() - asked_at)
        return work(session)

    return timed


_Submitted = tuple[Work[Any], "Future[Any]"]


class _SingleWriter:
    """SQLite's: pieces of work that wait together are committed together."""

    def __init__(self, engine: Engine, signals: Signals) -> None:
        self._engine = engine
        self._signals = signals
        self._committer = GroupCommitter[_Submitted]("store-write", self._commit, max_size=_GROUP_LIMIT)

    def submit(self, work: Work[T]) -> "Future[T]":
        future: Future[T] = Future()
        self._committer.submit(((work, future),))
        return future

    def stop(self) -> None:
        self._committer.close()

    def _commit(self, group: list[_Submitted]) -> None:
        group = [(work, future) for work, future in group if future.set_running_or_notify_cancel()]
        if len(group) == 1:
            self._commit_one(*group[0])
        elif group:
            self._commit_together(group)

    def _commit_one(self, work: Work[Any], future: Future[Any]) -> None:
        try:
            with Session(self._engine, expire_on_commit=False) as session:
                result = work(session)
                session.commit()
        except Exception as error:  # noqa: BLE001 - its caller is told
            future.set_exception(error)
        else:
            future.set_result(result)
            self._signals.send(signals_of(session))

    def _commit_together(self, group: list[_Submitted]) -> None:
        done: list[tuple[Future[Any], Any]] = []
        try:
            with self._engine.begin() as connection:
                sessions = [self._run_one(connection, work, future, done) for work, future in group]
        except Exception as error:  # noqa: BLE001 - every waiting piece of work is told
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for future, result in done:
            future.set_result(result)
        self._signals.send(set().union(*map(signals_of, sessions)))

    @staticmethod
    def _run_one(
        connection: Connection, work: Work[Any], future: Future[Any], done: list[tuple[Future[Any], Any]]
    ) -> Session:
        session = Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        try:
            with session:
                result = work(session)
                session.commit()
        except Exception as error:  # noqa: BLE001 - the savepoint is rolled back and its caller is told
            future.set_exception(error)
        else:
            done.append((future, result))
        return session
