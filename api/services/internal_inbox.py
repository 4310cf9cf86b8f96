"""Where the API puts what Pagedesk itself tells a thread: into the inbox, as durably as Meta's deliveries."""

from base import clock
from ingest.inbox.inbox import Inbox, inbox_rows
from messenger.webhooks.webhook import WebhookEvent
from store.db.database import Database
from store.inbox.inbox_events import raw_of_key


class InternalInbox:
    """The inbox of `inbox`, whose rows `database` reads."""

    def __init__(self, inbox: Inbox, database: Database) -> None:
        self._inbox = inbox
        self._database = database

    async def store(self, account_id: str, event: WebhookEvent) -> bool:
        """Return when the event is durable; False where another came first under its key, and stays.

        Storing the same event again is no other one. Raises InboxUnavailableError, and what a database raises
        that is away.
        """
        received_ms = int(clock.now().timestamp() * 1000)
        await self._inbox.store(inbox_rows(account_id, [event], received_ms))
        return await self._raw(account_id, event.page_id, event.key) == event.raw

    async def holds(self, account_id: str, page_id: str, key: str) -> bool:
        """Whether there is an event with this key."""
        return await self._raw(account_id, page_id, key) is not None

    async def _raw(self, account_id: str, page_id: str, key: str) -> bytes | None:
        return await self._database.read(lambda session: raw_of_key(session, account_id, page_id, key))
