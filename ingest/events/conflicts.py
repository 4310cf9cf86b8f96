"""The alarm for a webhook event that came again with another content (docs/reference/bad-input.md, W40).

The first to come stays (`ingest.inbox.inbox`). That another one came is a fault of Meta's, or the work of
somebody who knows the app secret; so it is appended to the event table, once per event.
"""

from datetime import timedelta

from sqlmodel import Session

from base import clock
from base.log import get_logger
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from ingest.inbox.reader import InboxReader
from store.db.database import Database
from store.events.events import CONFLICTING_REPEAT, append_events, event_row
from store.events.timeline import known_keys
from store.inbox.inbox_events import Conflict

CHECK_INTERVAL = timedelta(seconds=10)

_OVERLAP_MS = 60_000
"""A conflict may become visible later than one that was received after it, but never by this much."""

_log = get_logger("ingest")


class ConflictWatch:
    """Looks for new conflicts in the inbox, at most once in `CHECK_INTERVAL`."""

    def __init__(self, database: Database, reader: InboxReader) -> None:
        self._database = database
        self._reader = reader
        self._checked_at = clock.now() - CHECK_INTERVAL
        self._seen_ms = 0

    async def check(self) -> None:
        """Append an event for each new conflict. Raises what the database raises when it is away."""
        if clock.now() - self._checked_at < CHECK_INTERVAL:
            return
        position = (self._seen_ms - _OVERLAP_MS, 0)
        while found := await self._reader.conflicts_after(*position):
            await self._report(found)
            position = (found[-1].at_ms, found[-1].inbox_id)
            self._seen_ms = found[-1].at_ms
        self._checked_at = clock.now()

    async def _report(self, conflicts: list[Conflict]) -> None:
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
    appended = known_keys(session, by_key)
    new = {key: conflict for key, conflict in by_key.items() if key not in appended}
    append_events(session, (_row(conflict, key) for key, conflict in new.items()))
    return list(new.values())


def _row(conflict: Conflict, key: str) -> dict[str, object]:
    data: dict[str, str | bool | int | None] = {"inbox_id": conflict.inbox_id, "kind": conflict.kind}
    at = clock.from_milliseconds(conflict.at_ms)
    return event_row(Fact(CONFLICTING_REPEAT, at, ActorKind.SYSTEM, data=data), conflict.page_id, None, key)
