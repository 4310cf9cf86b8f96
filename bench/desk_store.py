"""Pagedesk's own databases, read from outside: what is applied, what is still under way."""

import asyncio
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from bench.rows import BrokenError

_LOOK_SECONDS = 0.002
_QUIET_LOOK_SECONDS = 0.1
_QUIET_SECONDS = 180.0

_NOT_APPLIED = "SELECT count(*) FROM thread WHERE applied_seq < last_seq"
_UNDER_WAY = f"SELECT ({_NOT_APPLIED}) + (SELECT count(*) FROM message WHERE status IN ('queued', 'sending'))"  # noqa: S608 - both are above


class DeskStore:
    """Reads the store and the inbox; one may wait until a thread has applied so many events."""

    def __init__(self, data_dir: Path) -> None:
        self._store = _open(data_dir / "pagedesk.db")
        self._inbox = _open(data_dir / "inbox.db")
        self._waiting: dict[str, tuple[int, asyncio.Future[float]]] = {}

    def customer_ids(self, psids: Iterable[str]) -> dict[str, str]:
        """Our ids of these customers, by PSID; no two pages of a run have the same."""
        rows = self._store.execute("SELECT psid, id FROM customer").fetchall()
        known = dict(rows)
        return {psid: known[psid] for psid in psids}

    def conversation_id(self, customer_id: str) -> str:
        """The id of a customer's live conversation."""
        row = self._store.execute(
            "SELECT id FROM conversation WHERE customer_id = ? AND status <> 'closed'", (customer_id,)
        ).fetchone()
        if row is None:
            raise BrokenError(f"Customer {customer_id} has no live conversation.")
        return str(row[0])

    def applied_seq(self, customer_id: str) -> int:
        """The last event of this thread that its workflow has applied and projected."""
        row = self._store.execute(
            "SELECT applied_seq FROM thread WHERE customer_id = ?", (customer_id,)
        ).fetchone()
        return int(row[0]) if row else 0

    def inbox_size(self) -> int:
        """Events that were ever taken in."""
        return int(self._inbox.execute("SELECT count(*) FROM inbox_event").fetchone()[0])

    def applied(self, customer_id: str, seq: int) -> asyncio.Future[float]:
        """The instant, in milliseconds since 1970, at which the thread is seen to have applied `seq`."""
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[customer_id] = (seq, future)
        return future

    async def follow(self) -> None:
        """Look until cancelled; costs nothing while nobody waits."""
        while True:
            if self._waiting:
                self._look()
            await asyncio.sleep(_LOOK_SECONDS)

    def _look(self) -> None:
        marks = ",".join("?" * len(self._waiting))
        rows = self._store.execute(
            f"SELECT customer_id, applied_seq FROM thread WHERE customer_id IN ({marks})",  # noqa: S608 - only question marks
            tuple(self._waiting),
        ).fetchall()
        now_ms = time.time() * 1000
        for customer_id, applied_seq in rows:
            seq, future = self._waiting[customer_id]
            if applied_seq >= seq:
                del self._waiting[customer_id]
                if not future.done():
                    future.set_result(now_ms)

    async def quiet(self) -> float:
        """Wait until all that was taken in is applied and all that is to be sent is sent; the seconds."""
        return await self._wait_for_none(_UNDER_WAY)

    async def all_applied(self) -> float:
        """As `quiet`, but messages may still wait to be sent."""
        return await self._wait_for_none(_NOT_APPLIED)

    async def _wait_for_none(self, counted: str) -> float:
        began = time.monotonic()
        while time.monotonic() - began < _QUIET_SECONDS:
            newest = self._inbox.execute("SELECT coalesce(max(id), 0) FROM inbox_event").fetchone()[0]
            routed = self._store.execute("SELECT min(position) FROM relay_partition").fetchone()[0]
            if routed == newest and not self._store.execute(counted).fetchone()[0]:
                return time.monotonic() - began
            await asyncio.sleep(_QUIET_LOOK_SECONDS)
        raise BrokenError(f"Pagedesk has not finished its work after {_QUIET_SECONDS:g} s.")


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)
