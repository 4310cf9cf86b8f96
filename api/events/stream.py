"""`GET /v1/events`: everything that happens, as server-sent events that a reader can resume.

Each event's `id` is its number; a reader that was cut off names the last one in `Last-Event-ID` and misses
nothing. While nothing happens a comment keeps the line open. A stream ends with the right to listen.
"""

import asyncio
import contextlib
from typing import Annotated

from fastapi import Header, Query
from fastapi.responses import StreamingResponse
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.events.access import subjects_for
from api.http.fields import Digits, Id
from api.http.paging import Number
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.runtime.dependencies import AppDependencies, ServicesDep
from api.schemas.views import EventView
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.security.permissions import PermissionsDep
from base.log import get_logger
from store.events.timeline import EventFilter
from store.tables import Event

HEARTBEAT_SECONDS = 5.0
SLOW_READER_SECONDS = 15.0
_RECONNECT_MILLISECONDS = 2000

_log = get_logger("api")

router = api_router("events")


class _SlowReaderError(Exception):
    """The reader took too long to take what was sent; its connection is dropped."""


class EventStream(Response):
    """One reader's stream, until it leaves, is too slow, or loses the right to listen."""

    media_type = "text/event-stream"

    def __init__(
        self, services: AppDependencies, principal: Principal, wanted: EventFilter, after: int | None
    ) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._services = services
        self._principal = principal
        self._wanted = wanted
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream, unless the agent has too many streams: they are counted here, where nothing is between."""
        try:
            with self._services.hub.admitted(self._principal.agent_id):
                await self._serve(receive, send)
        except Problem as problem:
            await problem.response(scope, receive, send)

    async def _serve(self, receive: Receive, send: Send) -> None:
        """Stream until the first of the two ends: the reader, or the right to listen."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        tasks = [asyncio.create_task(_until_gone(receive)), asyncio.create_task(self._stream(send))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, _SlowReaderError):
                _log.info("slow_reader_disconnected", agent_id=self._principal.agent_id)
            elif isinstance(outcome, Exception):
                raise outcome

    async def _stream(self, send: Send) -> None:
        hub, mine = self._services.hub, (self._principal.digest, self._principal.role)
        async with hub.listening(*mine) as newest:
            position = newest if self._after is None else min(self._after, newest)
            await _write(send, f"retry: {_RECONNECT_MILLISECONDS}\nid: {position}\n\n")
            while hub.may_listen(*mine):
                events, position = await hub.read(self._wanted, position)
                if not hub.may_listen(*mine):
                    break
                # The position is told even if all was filtered out, so that a resumption skips it too.
                await _write(send, "".join(map(_rendered, events)) + f": \nid: {position}\n\n")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await hub.beyond(position, *mine)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@router.get(
    "/v1/events",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "The events."},
        **problems("too_many_streams"),
    },
)
async def stream_events(
    services: ServicesDep,
    caller: Caller,
    permissions: PermissionsDep,
    *,
    conversation_id: Id | None = None,
    page_id: Digits | None = None,
    after: Annotated[
        Number | None, Query(description="Begin after this event; without it, with what happens now.")
    ] = None,
    last_event_id: Annotated[Number | None, Header(description="As `after`; browsers send it.")] = None,
) -> EventStream:
    """Read everything that happens, as it happens, as far as the caller may read of it."""
    start = last_event_id if last_event_id is not None else after
    return EventStream(
        services, caller, EventFilter(conversation_id, page_id, subjects_for(permissions, caller.role)), start
    )


def _rendered(event: Event) -> str:
    return f"id: {event.id}\nevent: {event.kind}\ndata: {EventView.of(event).model_dump_json()}\n\n"


async def _write(send: Send, text: str) -> None:
    try:
        async with asyncio.timeout(SLOW_READER_SECONDS):
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
    except TimeoutError as error:
        raise _SlowReaderError from error


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
