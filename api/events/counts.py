"""When a stream tells its reader anew how many conversations their lists have."""

import math
import time

from api.events.frames import Counts
from api.security.auth import Principal
from base import clock
from store.conversations.counts import ListCounts, read_counts
from store.db.database import Database

AFTER_OWN_EVENT_SECONDS = 1.0
AFTER_ANY_EVENT_SECONDS = 5.0
"""Something that left the reader's sight is no event of theirs."""
AT_REST_SECONDS = 30.0
"""Windows come near their end without an event."""


class CountsTeller:
    """Reads the counts of one reader, at most once a second, and tells those that have changed."""

    def __init__(self, database: Database, principal: Principal) -> None:
        self._database = database
        self._principal = principal
        self._told: ListCounts | None = None
        self._read_at = -math.inf
        self._wait = 0.0

    @property
    def seconds_left(self) -> float:
        """Until they are to be read again."""
        return self._read_at + self._wait - time.monotonic()

    def note(self, *, has_happened: bool, is_told: bool) -> None:
        """Note whether anything has happened, and whether the reader is told of it."""
        if has_happened:
            wait = AFTER_OWN_EVENT_SECONDS if is_told else AFTER_ANY_EVENT_SECONDS
            self._wait = min(self._wait, wait)

    async def blocks(self) -> list[bytes]:
        """The block to send, where they are due and not what was told last."""
        if self.seconds_left > 0:
            return []
        self._read_at, self._wait = time.monotonic(), AT_REST_SECONDS
        reader, now = self._principal.reader, clock.now()
        found = await self._database.read(lambda session: read_counts(session, reader, now))
        if found == self._told:
            return []
        self._told = found
        return [Counts.of(found).render()]
