"""`GET /v1/events`: everything that happens, as server-sent events that a reader can resume.

A reader that was cut off names the last id in `Last-Event-ID` and misses nothing, or is told that it may have
(`reset`). Nothing is kept for a slow reader: it is cut off, and goes on from its last id. A stream ends with
the right to listen.

Not by `fastapi.sse.EventSourceResponse`: it would render each event for each reader, gives a reader any time
it likes, and begins to answer before a stream could be refused. The format of a block is FastAPI's.
"""

import asyncio
import contextlib
import math
import random
import time
from importlib.metadata import version
from typing import Annotated

from fastapi import Header, Query
from fastapi.responses import StreamingResponse
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.events.access import EventReader, may_see, subjects_for
from api.events.counts import CountsTeller
from api.events.event_hub import EventHub, EventHubDep, Listener, LogBounds
from api.events.frames import Goodbye, GoodbyeReason, Hello, Ping, Reset, ResetReason, SignInOfStream
from api.events.position import Position, read_id, write_id
from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import Digits, Id, Text
from api.http.paging import Number
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.security.auth import Caller, Principal, Rights, rights_by_digest
from api.security.guarded_route import api_router
from api.security.permissions import PermissionsDep
from api.services.stream_presence import StreamPresence, StreamPresenceDep
from base import clock
from base.log import get_logger
from domain.events.kinds import FactKind
from store.access.credentials import get_sign_in
from store.events.timeline import EventFilter

PING_SECONDS = 5.0
SLOW_READER_SECONDS = 15.0
_MIN_RETRY_MILLISECONDS, _MAX_RETRY_MILLISECONDS = 200, 2000

_log = get_logger("api")

router = api_router("events")


class _SlowReaderError(Exception):
    """The reader took too long to take what was sent; its connection is dropped."""


class EventStream(Response):
    """One reader's stream, until it leaves, is too slow, loses the right to listen, or the server stops."""

    media_type = "text/event-stream"

    def __init__(
        self,
        hub: EventHub,
        principal: Principal,
        rights: Rights,
        wanted: EventFilter,
        *,
        asked: Position | None,
        presence: StreamPresence | None = None,
        counts: CountsTeller | None = None,
        rows: bool = False,
        directory: bool = False,
        sign_in: SignInOfStream | None = None,
    ) -> None:
        """`asked`: where to begin; None is now. `presence`: given where it makes its reader connected.

        `counts`: given where it tells how many conversations its reader's lists have. `directory`: it tells
        what changes there.
        """
        super().__init__()
        del self.headers["content-length"]
        self.headers["cache-control"] = "no-store"
        self._hub = hub
        self._agent_id = principal.agent_id
        reader = EventReader(principal.agent_id, rights, wanted.subjects)
        self._listener = Listener(
            principal,
            rights,
            wanted,
            lambda event, viewers: may_see(event, viewers, reader),
            wants_rows=rows,
            wants_directory=directory,
        )
        self._asked = asked
        self._sign_in = sign_in
        self._presence = presence
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream, unless the agent has too many streams: they are counted here, where nothing is between."""
        try:
            async with contextlib.AsyncExitStack() as stack:
                stack.enter_context(self._hub.admitted(self._agent_id))
                if self._presence is not None:
                    await stack.enter_async_context(self._presence.connected(self._agent_id))
                await self._serve(receive, send)
        except Problem as problem:
            await problem.response(scope, receive, send)

    async def _serve(self, receive: Receive, send: Send) -> None:
        """Stream until the first of the two ends: the reader, or the stream."""
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
                _log.info("slow_reader_disconnected", agent_id=self._agent_id)
            elif isinstance(outcome, Exception):
                raise outcome

    async def _stream(self, send: Send) -> None:
        async with self._hub.listening(self._listener) as (log_id, newest):
            number, reset = newest, None
            if self._asked is not None:
                reset = why_reset(self._asked, await self._hub.bounds(log_id))
                number = self._asked.number if reset is None else newest
            await _write(send, self._greeting(write_id(log_id, number), reset))
            reason = await self._tell(send, log_id, number)
            await _write(send, Goodbye(reason=reason).render(retry_milliseconds=_retry_milliseconds()))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _greeting(self, position_id: str, reset: ResetReason | None) -> bytes:
        hello = Hello(
            server_time=clock.now(),
            ping_seconds=PING_SECONDS,
            agent_id=self._agent_id,
            release=version("pagedesk"),
            sign_in=self._sign_in,
        )
        greeting = hello.render(id=position_id, retry_milliseconds=_retry_milliseconds())
        return greeting if reset is None else greeting + Reset(reason=reset).render()

    async def _tell(self, send: Send, log_id: str, number: int) -> GoodbyeReason:
        """Tell what happens after an event, until the stream has to end; why it has to."""
        hub, listener, counts = self._hub, self._listener, self._counts
        ping_at = time.monotonic() + PING_SECONDS
        while hub.may_listen(listener):
            if hub.is_ending:
                return GoodbyeReason.SERVER_STOPS
            before = number
            blocks, number = await hub.read(listener, number)
            if counts is not None:
                counts.note(has_happened=number > before, is_told=bool(blocks))
                blocks += await counts.blocks()
            if not hub.may_listen(listener):
                break
            seconds_left = ping_at - time.monotonic()
            if not blocks and seconds_left > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(
                        min(seconds_left, counts.seconds_left if counts else math.inf)
                    ):
                        await hub.beyond(number, listener)
                continue
            # A ping tells the position even if all was filtered out, so that a resumption skips it too.
            ping = Ping(server_time=clock.now())
            await _write(send, b"".join(blocks) or ping.render(id=write_id(log_id, number)))
            ping_at = time.monotonic() + PING_SECONDS
        return GoodbyeReason.RIGHTS_CHANGED if hub.is_live(listener) else GoodbyeReason.ACCESS_ENDED


def why_reset(asked: Position, bounds: LogBounds) -> ResetReason | None:
    """Why a stream cannot go on from a position; None where it can."""
    if asked.log_id not in (None, bounds.log_id) or asked.number > bounds.newest:
        return ResetReason.UNKNOWN
    # 0 asks for what there is.
    return ResetReason.DELETED if 0 < asked.number < bounds.oldest - 1 else None


@router.get(
    "/v1/events",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "The events."},
        **problems("too_many_streams"),
    },
)
async def stream_events(
    hub: EventHubDep,
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    *,
    permissions: PermissionsDep,
    stream_presence: StreamPresenceDep,
    conversation_id: Id | None = None,
    page_id: Digits | None = None,
    kind: Annotated[list[FactKind] | None, Query(description="One kind or several.")] = None,
    after: Annotated[
        Number | None,
        Query(description="Begin after the event with this `data.id`; without it, with what happens now."),
    ] = None,
    presence: Annotated[
        bool,
        Query(
            description="Be connected, so that work is offered to you, for as long as the stream is open. "
            "For agents and supervisors; for others where they are members of a queue."
        ),
    ] = False,
    counts: Annotated[
        bool,
        Query(description="Be told, too, how many conversations your lists have, when that changes."),
    ] = False,
    directory: Annotated[
        bool,
        Query(description="Be told, too, of each row of the directory that has changed, as you see it."),
    ] = False,
    rows: Annotated[
        bool,
        Query(
            description="Have each event come with `conversation` and `message`: the rows that it names, as "
            "you see them when it is read; null where it names none, or where you do not see it."
        ),
    ] = False,
    last_event_id: Annotated[
        Text | None,
        Header(description="The last `id` that was received; goes before `after`. Browsers send it."),
    ] = None,
) -> EventStream:
    """Read everything that happens, as it happens, as far as the caller may read of it.

    Beside the events there are `hello` (first), `ping`, `reset` (read again what you show: events may be
    missing) and `goodbye` (last).
    """
    asked = Position(None, after) if after is not None else None
    if last_event_id:
        asked = read_id(last_event_id)
    wanted = EventFilter(
        conversation_id,
        page_id,
        subjects_for(permissions, caller.role),
        frozenset(kind) if kind is not None else None,
        caller.agent_id,
    )
    known, sign_in = await database.read(
        lambda s: (
            rights_by_digest(s, settings, [caller.digest]),
            get_sign_in(s, caller.sign_in_id) if caller.sign_in_id is not None else None,
        )
    )
    rights = known.get(caller.digest)
    if rights is None:
        raise Problem("unauthenticated")
    return EventStream(
        hub,
        caller,
        rights,
        wanted,
        asked=asked,
        presence=stream_presence if presence else None,
        counts=CountsTeller(database, caller) if counts else None,
        rows=rows,
        directory=directory,
        sign_in=SignInOfStream.of(sign_in, clock.process_now()) if sign_in is not None else None,
    )


def _retry_milliseconds() -> int:
    """When to come back: soon, and each reader at another instant."""
    return random.randint(_MIN_RETRY_MILLISECONDS, _MAX_RETRY_MILLISECONDS)  # noqa: S311 - spreads load


async def _write(send: Send, blocks: bytes) -> None:
    try:
        async with asyncio.timeout(SLOW_READER_SECONDS):
            await send({"type": "http.response.body", "body": blocks, "more_body": True})
    except TimeoutError as error:
        raise _SlowReaderError from error


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
