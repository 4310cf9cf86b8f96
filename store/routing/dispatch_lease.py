"""Which dispatcher is awake. It says who works and protects nothing: claims are conditional on their rows."""

from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlmodel import Session, func, select

from store.db.sql import insert_or_ignore, is_postgres, table_of
from store.tables import DispatchShard

LEASE = timedelta(seconds=3)
"""On PostgreSQL: how long a dispatcher that says nothing is taken for alive, by the database's clock."""

_SHARD = table_of(DispatchShard)


def take_lease(session: Session, dispatcher_id: str) -> bool:
    """Take the lease; False while another dispatcher has it.

    On SQLite one worker runs at a time, and the newest has it: the former one is dead, or about to end.
    """
    insert_or_ignore(session, DispatchShard, [{"shard": 0, "owner": None, "owned_until": None}])
    if is_postgres(session):
        return _take_until(session, dispatcher_id)
    owned = update(_SHARD).where(_SHARD.c.shard == 0).values(owner=dispatcher_id)
    return session.connection().execute(owned).rowcount == 1


def renew_lease(session: Session, dispatcher_id: str) -> bool:
    """Keep the lease; False if another dispatcher has it. On SQLite nothing is written."""
    if is_postgres(session):
        return _take_until(session, dispatcher_id)
    return session.exec(select(DispatchShard.owner).where(DispatchShard.shard == 0)).one() == dispatcher_id


def _take_until(session: Session, dispatcher_id: str) -> bool:
    now: datetime = session.exec(select(func.clock_timestamp())).one()
    free = or_(_SHARD.c.owner == dispatcher_id, _SHARD.c.owned_until.is_(None), _SHARD.c.owned_until <= now)
    taken = update(_SHARD).where(_SHARD.c.shard == 0, free)
    values = {"owner": dispatcher_id, "owned_until": now + LEASE}
    return session.connection().execute(taken.values(values)).rowcount == 1


def give_lease_back(session: Session, dispatcher_id: str) -> None:
    """Another dispatcher may work at once."""
    session.connection().execute(
        update(_SHARD).where(_SHARD.c.owner == dispatcher_id).values(owner=None, owned_until=None)
    )
