"""What a time-travelling Pagedesk has besides: a time machine that knows the whole desk, reached over HTTP.

`GET /clock` is the sandbox's clock URL. `POST /travel` is `pagedesk travel`.
"""

import contextlib
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlmodel import Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from base.http.local_only import LocalOnly
from base.settings import Settings
from base.temporal import connect
from local.processes.served import served
from local.time_travel.external_activity import DeskOutside
from local.time_travel.time_machine import InThePastError, NotIdleError, TimeMachine
from store.db.database import Database
from store.events.timeline import all_after, lapsed_offers_after, newest_event_id

_OF_EVENTS = (
    "id",
    "kind",
    "page_id",
    "customer_id",
    "conversation_id",
    "message_id",
    "actor_kind",
    "actor_id",
    "data",
)


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
        outside = DeskOutside(store, inbox, sandbox, await connect(settings, lazy=True))
        machine = await TimeMachine.of(settings.temporal_target, outside)
        stack.push_async_callback(machine.close)
        await stack.enter_async_context(served(LocalOnly(time_control(machine, store)), settings.travel_port))
        yield machine


def time_control(machine: TimeMachine, store: Database) -> Starlette:
    """The time over HTTP."""

    async def read_clock(_: Request) -> Response:
        return JSONResponse({"now_ms": _milliseconds(await machine.read_outside())})

    async def travel(request: Request) -> Response:
        length = timedelta(seconds=(await request.json())["seconds"])
        started, real, since = await machine.now(), time.monotonic(), await store.read(newest_event_id)
        try:
            await machine.travel_to(started + length)
        except (InThePastError, NotIdleError) as error:
            return JSONResponse({"error": str(error)}, 409)
        return JSONResponse(
            {
                "from": started.isoformat(),
                "to": (await machine.now()).isoformat(),
                "real_seconds": round(time.monotonic() - real, 1),
                "events": await store.read(lambda session: _events_after(session, since)),
                "lapsed_offers": await store.read(lambda session: _lapsed_after(session, since)),
            }
        )

    return Starlette(routes=[Route("/clock", read_clock), Route("/travel", travel, methods=["POST"])])


def _events_after(session: Session, newest: int) -> list[dict[str, Any]]:
    return [
        {name: getattr(event, name) for name in _OF_EVENTS} | {"at": event.at.isoformat()}
        for event in all_after(session, newest)
    ]


def _lapsed_after(session: Session, newest: int) -> list[dict[str, Any]]:
    return [
        {"at": at.isoformat(), "agent": name, "conversation_id": conversation_id}
        for at, name, conversation_id in lapsed_offers_after(session, newest)
    ]


def _milliseconds(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)
