"""What `/readyz` asks of the way in: can a delivery be stored, and does the relay keep up."""

from datetime import timedelta

from sqlalchemy import text

from base import clock
from store.database import Database
from store.gauges import oldest_unrouted_ms, read_position

LONGEST_LAG = timedelta(seconds=60)


class RelayBehindError(Exception):
    """The oldest delivery that is not routed yet is too old."""


async def inbox_takes_writes(inbox: Database) -> None:
    """Take the writer's lock and give it back; raises what keeps it from that."""
    await inbox.write(lambda session: session.connection().execute(text("SELECT 1")).close())


async def relay_keeps_up(store: Database, inbox: Database) -> None:
    """Raise RelayBehindError when a delivery has waited for longer than `LONGEST_LAG`."""
    position = await store.read(read_position)
    oldest_ms = await inbox.read(lambda session: oldest_unrouted_ms(session, position))
    if oldest_ms is not None and clock.now() - clock.from_milliseconds(oldest_ms) > LONGEST_LAG:
        raise RelayBehindError
