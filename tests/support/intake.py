"""The way in without an engine: inbox, event router and store are real."""

from base import clock
from base.settings import Settings
from ingest.events.event_router import RoutedBatch, route
from ingest.inbox.inbox import Inbox, SqliteInboxWriter, inbox_rows
from ingest.inbox.reader import InboxReader
from messenger.webhooks.webhook import split
from store.db.database import Database
from store.tables import InboxEvent
from support.store import ACCOUNT


class Intake:
    """Takes deliveries in as the webhook does, and routes them as the relay does."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Database(settings.store_url)
        self.inbox_store = Database(settings.inbox_url)
        self.inbox = Inbox(SqliteInboxWriter(settings.data_dir / "inbox.db"), lambda: None)
        self._reader = InboxReader(self.inbox_store)
        self._position = 0

    async def receive(self, body: bytes, account_id: str = ACCOUNT, received_ms: int | None = None) -> None:
        """Store one delivery in the inbox."""
        now_ms = int(clock.now().timestamp() * 1000)
        await self.inbox.store(inbox_rows(account_id, split(body), received_ms or now_ms))

    async def events(self) -> list[InboxEvent]:
        """The whole inbox."""
        return await self._reader.after(0)

    async def route_new(self) -> RoutedBatch:
        """Route what is new in the inbox."""
        new = await self._reader.after(self._position)
        self._position = new[-1].id or 0 if new else self._position
        return await self.store.write(lambda session: route(session, new))

    def close(self) -> None:
        self.inbox.close()
        self.inbox_store.close()
        self.store.close()
