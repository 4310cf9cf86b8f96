"""What `/readyz` checks of deliveries: they can be stored, are routed, and are signalled to conversations."""

from datetime import timedelta

from base import clock
from store.db.database import Database, ReadLane
from store.db.sql import ping
from store.inbox.relay_shares import lowest_position
from store.installation.desk_gauges import oldest_unrouted_ms, oldest_untold_work, received_ms

MAX_LAG = timedelta(seconds=60)


class RelayBehindError(Exception):
    """The oldest delivery that is not routed, or not signalled to its conversation, is too old."""


async def check_inbox_writable(inbox: Database) -> None:
    """Acquire and release the writer's lock; raises what prevents it."""
    await inbox.write(ping)


async def check_relay_lag(store: Database, inbox: Database) -> None:
    """Raise RelayBehindError when a delivery has waited for longer than `MAX_LAG` to be routed."""
    position = await store.read(lowest_position, ReadLane.FIRST)
    _require_young(await inbox.read(lambda session: oldest_unrouted_ms(session, position), ReadLane.FIRST))


async def check_conversation_lag(store: Database, inbox: Database) -> None:
    """Raise RelayBehindError when a message has waited for longer than `MAX_LAG` for its conversation."""
    inbox_id = await store.read(oldest_untold_work, ReadLane.FIRST)
    if inbox_id is not None:
        _require_young(await inbox.read(lambda session: received_ms(session, inbox_id), ReadLane.FIRST))


def _require_young(oldest_ms: int | None) -> None:
    if oldest_ms is not None and clock.now() - clock.from_milliseconds(oldest_ms) > MAX_LAG:
        raise RelayBehindError
