"""Searches and sums: reads whose time depends on the query, and which may not delay other reads.

Each caller has one at a time, and others of theirs wait for it; all together have a lane of their own in the
store, with a time limit. A read is stopped when its client has disconnected.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine
from typing import Annotated, Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from api.http.dependencies import from_app
from api.http.problems import Problem
from store.db.database import Database, ReadLane, Work
from store.db.read_limits import ReadTooSlowError

T = TypeVar("T")

MAX_WAITING = 10
"""So many long reads of one caller may wait for their turn."""


class LongReads:
    """The long reads of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asked: defaultdict[str, int] = defaultdict(int)

    async def read(self, request: Request, caller_id: str, work: Work[T]) -> T:
        """Run `work` for a caller; raises the problems `too_many_requests` and `read_too_slow`."""

        async def read_in_turn() -> T:
            async with self._turn(caller_id):
                return await self._database.read(work, ReadLane.LONG)

        try:
            return await _while_connected(request, read_in_turn())
        except ReadTooSlowError as error:
            raise Problem("read_too_slow") from error

    async def read_if(self, is_long: bool, request: Request, caller_id: str, work: Work[T]) -> T:  # noqa: FBT001
        """Run `work` as a long read where it is one, else as any other."""
        if is_long:
            return await self.read(request, caller_id, work)
        return await self._database.read(work)

    @contextlib.asynccontextmanager
    async def _turn(self, caller_id: str) -> AsyncIterator[None]:
        if self._asked[caller_id] > MAX_WAITING:
            raise Problem("too_many_requests", headers={"Retry-After": "1"})
        self._asked[caller_id] += 1
        try:
            async with self._turns[caller_id]:
                yield
        finally:
            self._asked[caller_id] -= 1
            if not self._asked[caller_id]:
                del self._asked[caller_id], self._turns[caller_id]


async def _while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do the work, unless the client leaves before it is done; raises ClientDisconnect then."""
    working = asyncio.create_task(work)
    gone = asyncio.create_task(_until_gone(request))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, gone):
            task.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _until_gone(request: Request) -> None:
    # These requests have no body, so there is nothing else to be received.
    while (await request.receive())["type"] != "http.disconnect":
        pass


LongReadsDep = Annotated[LongReads, from_app("long_reads")]
