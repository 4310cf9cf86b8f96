"""The alarm for a webhook event that came again with another content (docs/reference/bad-input.md, W40).

The first to come has won and stays (see `ingest.inbox.inbox`). That there was another is a fault of Meta's,
or
somebody who knows the app secret; so it is told, once per event, in the append-only event table.
"""

from datetime import timedelta

from sqlmodel import Session, col, select

from base import clock
from base.log import get_logger
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from ingest.inbox.reader import InboxReader
from store.db.database import Database
from store.events.events import CONFLICTING_REPEAT, append_events, event_row
from store.inbox.inbox_events import Conflict
from store.tables import Event

LOOK_EVERY = timedelta(seconds=10)

_OVERLAP_MS = 60_000
"""A conflict may become visible later than one that was received after it, but not by this much."""

_log = get_logger("ingest")


class ConflictWatch:
    """Looks for new conflicts in the inbox, at most every `LOOK_EVERY`."""

    def __init__(self, database: Database, reader: InboxReader) -> None:
        self._database = database
        self._reader = reader
        self._looked_at = clock.now() - LOOK_EVERY
        self._seen_ms = 0

    async def look(self) -> None:
        """Tell what is new. Raises what a database raises that is away."""
        if clock.now() - self._looked_at < LOOK_EVERY:
            return
        position = (self._seen_ms - _OVERLAP_MS, 0)
        while found := await self._reader.conflicts_after(*position):
            await self._tell(found)
            position = (found[-1].at_ms, found[-1].inbox_id)
            self._seen_ms = found[-1].at_ms
        self._looked_at = clock.now()

    async def _tell(self, conflicts: list[Conflict]) -> None:
        for conflict in await self._database.write(lambda session: _append_new(session, conflicts)):
            _log.warning(
                "conflicting_repeat",
                inbox_id=conflict.inbox_id,
                page_id=conflict.page_id,
                kind=conflict.kind,
            )


def _append_new(session: Session, conflicts: list[Conflict]) -> list[Conflict]:
    """Append an event for each that has none yet; returns those."""
    by_key = {f"inbox/{conflict.inbox_id}/conflict": conflict for conflict in conflicts}
    told = session.exec(select(Event.dedupe_key).where(col(Event.dedupe_key).in_(by_key))).all()
    new = {key: conflict for key, conflict in by_key.items() if key not in told}
    append_events(session, (_row(conflict, key) for key, conflict in new.items()))
    return list(new.values())


def _row(conflict: Conflict, key: str) -> dict[str, object]:
    data: dict[str, str | bool | int | None] = {"inbox_id": conflict.inbox_id, "kind": conflict.kind}
    at = clock.from_milliseconds(conflict.at_ms)
    return event_row(Fact(CONFLICTING_REPEAT, at, ActorKind.SYSTEM, data=data), conflict.page_id, None, key)
