"""Who tried to come in and was not let in: a counter at once, an audit event and a log line soon after.

An attack must not fill the store or the log. The same refusal of the same source is one entry a minute, with
how often it happened; a process writes so many entries a minute at the most, and what is over is kept until
there is room, at last as one entry of many sources.
"""

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import HTTPConnection

from api.http.dependencies import from_app
from base import clock, metrics
from base.log import get_logger
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store.db.database import Database
from store.events.events import append_events, event_row

FLUSH_SECONDS = 1.0
AGAIN_AFTER_SECONDS = 60.0
MAX_ENTRIES_A_MINUTE = 120
MAX_SOURCES_REMEMBERED = 2000
MANY = "many"

_log = get_logger("api")


class Refused(StrEnum):
    """What was refused; the `kind` of the audit event."""

    SIGN_IN = FactKind.SIGN_IN_FAILED
    TOKEN = FactKind.TOKEN_REFUSED
    ACCESS = FactKind.ACCESS_DENIED
    WEBHOOK = FactKind.WEBHOOK_REFUSED
    DELETION_REQUEST = FactKind.DELETION_REQUEST_REFUSED
    LINK = FactKind.LINK_REFUSED


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What makes two refusals the same. `facts` are ours: nothing that a stranger may choose."""

    kind: Refused
    source: str
    actor_id: str | None = None
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Tally:
    count: int = 0
    written_at: float | None = None


class RefusedRequests:
    """Shared by all requests of one process; `note` neither waits nor fails."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tallies: dict[_Attempt, _Tally] = {}
        self._room = float(MAX_ENTRIES_A_MINUTE)
        self._room_at = _monotonic()

    def note(self, kind: Refused, source: str, *, actor_id: str | None = None, **facts: str | None) -> None:
        """Somebody at `source` was refused. `actor_id`: the agent that it was, where that is certain."""
        metrics.ACCESS_REFUSED.labels(kind.value).inc()
        known = tuple((name, value) for name, value in sorted(facts.items()) if value is not None)
        attempt = _Attempt(kind, source, actor_id, known)
        if attempt not in self._tallies and len(self._tallies) >= MAX_SOURCES_REMEMBERED:
            attempt = _Attempt(kind, MANY)
        self._tallies.setdefault(attempt, _Tally()).count += 1

    async def run(self) -> None:
        """Write what is noted, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Write what is due. What the store does not take now stays noted."""
        now = _monotonic()
        due = self._due(now)
        if not due:
            return
        written = {attempt: self._tallies[attempt].count for attempt in due}
        rows = [_row(attempt, count) for attempt, count in written.items()]
        try:
            await self._database.write(lambda session: append_events(session, rows))
        except SQLAlchemyError as error:
            _log.warning("refusals_not_recorded", error=type(error).__name__, count=len(rows))
            return
        self._room -= len(rows)
        for attempt, count in written.items():
            tally = self._tallies[attempt]
            tally.count, tally.written_at = tally.count - count, now
            _log.warning(
                attempt.kind.value,
                source=attempt.source,
                actor_id=attempt.actor_id,
                count=count,
                **dict(attempt.facts),
            )

    def _due(self, now: float) -> list[_Attempt]:
        gained = (now - self._room_at) * MAX_ENTRIES_A_MINUTE / 60
        self._room, self._room_at = min(MAX_ENTRIES_A_MINUTE, self._room + gained), now
        due: list[_Attempt] = []
        for attempt, tally in list(self._tallies.items()):
            if tally.written_at is not None and now - tally.written_at < AGAIN_AFTER_SECONDS:
                continue
            if tally.count == 0:
                del self._tallies[attempt]
            elif len(due) < int(self._room):
                due.append(attempt)
        return due


def _monotonic() -> float:
    return time.monotonic()


def source_of(connection: HTTPConnection) -> str:
    """Where a request comes from: its address, as far as the trusted proxies tell it."""
    return connection.client.host if connection.client else ""


def _row(attempt: _Attempt, count: int) -> dict[str, Any]:
    facts: dict[str, str | int] = {"source": attempt.source, "count": count, **dict(attempt.facts)}
    who = ActorKind.AGENT if attempt.actor_id else ActorKind.SYSTEM
    fact = Fact(FactKind(attempt.kind), clock.now(), who, attempt.actor_id, data={**facts})
    return event_row(fact, None, None, None)


RefusedRequestsDep = Annotated[RefusedRequests, from_app("refused_requests")]
