"""Reading the inbox. It is never written from here."""

from sqlmodel import Session, col, func, select

from store.database import Database
from store.tables import InboxEvent

BATCH = 200


class InboxReader:
    """The relay's and the health check's eyes on the inbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, position: int) -> list[InboxEvent]:
        """The next events, in the order in which they became durable."""

        def work(session: Session) -> list[InboxEvent]:
            following = select(InboxEvent).where(col(InboxEvent.id) > position)
            return list(session.exec(following.order_by(col(InboxEvent.id)).limit(BATCH)).all())

        return await self._database.read(work)

    async def these(self, ids: list[int]) -> list[InboxEvent]:
        """Events by their ids, those that are still there."""

        def work(session: Session) -> list[InboxEvent]:
            wanted = select(InboxEvent).where(col(InboxEvent.id).in_(ids[:BATCH]))
            return list(session.exec(wanted.order_by(col(InboxEvent.id))).all())

        return await self._database.read(work)

    async def newest(self) -> int:
        """The id of the newest event, 0 for an empty inbox."""
        return await self._database.read(
            lambda session: session.exec(select(func.max(InboxEvent.id))).one() or 0
        )
