"""Reading the inbox. It is never written from here."""

from collections.abc import Collection

from store.db.database import Database
from store.inbox import inbox_events
from store.inbox.inbox_events import Conflict
from store.tables import InboxEvent


class InboxReader:
    """Reads the inbox for the relay."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, position: int) -> list[InboxEvent]:
        """The next events, in the order in which they became durable."""
        return await self._database.read(lambda session: inbox_events.events_after(session, position))

    async def part(
        self, partitions: Collection[int], *, after: int, up_to: int | None
    ) -> tuple[list[InboxEvent], int]:
        """The next events of some partitions, and up to which id these are all.

        Without `up_to`: up to the newest event.
        """
        return await self._database.read(
            lambda session: inbox_events.events_of_partitions(session, partitions, after=after, up_to=up_to)
        )

    async def by_ids(self, ids: list[int]) -> list[InboxEvent]:
        """Events by their ids, those that are still there."""
        return await self._database.read(lambda session: inbox_events.events_by_id(session, ids))

    async def conflicts_after(self, at_ms: int, inbox_id: int) -> list[Conflict]:
        """The next conflicts after (at_ms, inbox_id), in that order."""
        return await self._database.read(
            lambda session: inbox_events.conflicts_after(session, at_ms, inbox_id)
        )

    async def newest(self) -> int:
        """The id of the newest event, 0 for an empty inbox."""
        return await self._database.read(inbox_events.newest_inbox_id)
