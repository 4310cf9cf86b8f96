"""What a time-travelling Pagedesk has besides: a time machine that knows the whole desk, reached over HTTP.

`GET /clock` is the sandbox's clock URL. `POST /travel` is `pagedesk travel`.
"""

import contextlib
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlmodel import Session, col, func, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from base import clock
from base.settings import Settings
from engine.served import served
from engine.time_machine import InThePastError, Outside, TimeMachine, TimeStandsStillError
from store.database import Database
from store.tables import Event, InboxEvent, RelayPartition, Thread, ThreadEvent


def clock_url(settings: Settings) -> str:
    """Where the sandbox reads the time."""
    return f"{settings.travel_url}/clock"


@contextlib.asynccontextmanager
async def keeping_time(settings: Settings) -> AsyncIterator[TimeMachine]:
    """The desk's time machine, served on the travel port, for the length of the block.

    Engine and sandbox may start later.
    """
    async with contextlib.AsyncExitStack() as stack:
        store, inbox = Database(settings.store_url), Database(settings.inbox_url)
        stack.callback(store.close)
        stack.callback(inbox.close)
        sandbox = await stack.enter_async_context(
            httpx.AsyncClient(base_url=settings.sandbox_url, trust_env=False)
        )
        machine = await TimeMachine.of(settings.temporal_target, DeskOutside(store, inbox, sandbox))
        stack.push_async_callback(machine.close)
        await stack.enter_async_context(served(time_control(machine, store), settings.travel_port))
        yield machine


class DeskOutside:
    """The desk outside the engine: the sandbox's deliveries, the inbox, what waits for its conversation."""

    def __init__(self, store: Database, inbox: Database, sandbox: httpx.AsyncClient) -> None:
        self._store = store
        self._inbox = inbox
        self._sandbox = sandbox

    async def __call__(self) -> Outside:
        """Look in the order in which an event passes, so that none slips by."""
        try:
            due_ms = (await self._sandbox.get("/_sandbox/due")).raise_for_status().json()["due_ms"]
        except httpx.HTTPError as error:
            return Outside((f"the sandbox does not answer ({type(error).__name__})",))
        received = await self._inbox.read(_received)
        routed, waiting = await self._store.read(_under_way)
        busy = {
            "the sandbox is at work": due_ms == 0,
            f"the relay has read {routed} of {received} events": routed < received,
            f"{waiting} events wait for their conversations": waiting > 0,
        }
        return Outside(
            tuple(what for what, is_so in busy.items() if is_so),
            clock.from_milliseconds(int(due_ms)) if due_ms else None,
        )


def time_control(machine: TimeMachine, store: Database) -> Starlette:
    """The time over HTTP."""

    async def read_clock(_: Request) -> Response:
        return JSONResponse({"now_ms": _milliseconds(await machine.read_outside())})

    async def travel(request: Request) -> Response:
        length = timedelta(seconds=(await request.json())["seconds"])
        started, real, since = await machine.now(), time.monotonic(), await store.read(_newest)
        try:
            await machine.travel_to(started + length)
        except (InThePastError, TimeStandsStillError) as error:
            return JSONResponse({"error": str(error)}, 409)
        return JSONResponse(
            {
                "from": started.isoformat(),
                "to": (await machine.now()).isoformat(),
                "real_seconds": round(time.monotonic() - real, 1),
                "events": await store.read(lambda session: _events_after(session, since)),
            }
        )

    return Starlette(routes=[Route("/clock", read_clock), Route("/travel", travel, methods=["POST"])])


def _received(session: Session) -> int:
    return session.exec(select(func.max(InboxEvent.id))).one() or 0


def _under_way(session: Session) -> tuple[int, int]:
    """How far the relay has read, and how many events their conversations have not applied."""
    waiting = (
        select(func.count())
        .select_from(ThreadEvent)
        .join(Thread, col(Thread.customer_id) == col(ThreadEvent.customer_id))
        .where(col(ThreadEvent.seq) > col(Thread.applied_seq))
    )
    return session.exec(select(func.min(RelayPartition.position))).one() or 0, session.exec(waiting).one()


def _newest(session: Session) -> int:
    return session.exec(select(func.max(Event.id))).one() or 0


def _events_after(session: Session, newest: int) -> list[dict[str, Any]]:
    rows = session.exec(select(Event.at, Event.kind).where(col(Event.id) > newest).order_by(col(Event.id)))
    return [{"at": at.isoformat(), "kind": kind} for at, kind in rows]


def _milliseconds(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)
