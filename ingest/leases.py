"""Who may route which part of the inbox: a lease per partition, with a fencing number.

On one machine (SQLite) a file lock tells at once that the former relay is dead, so its leases are taken over
without waiting. On PostgreSQL leases expire, and relays share the partitions evenly.
"""

import fcntl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

from sqlalchemy import bindparam, tuple_, update
from sqlmodel import Session, col, select

from ingest.inbox import PARTITIONS
from store.sql import insert_or_ignore, table_of
from store.tables import RelayPartition

LEASE = timedelta(seconds=3)

_PARTITION = table_of(RelayPartition)
_ADVANCE = (
    update(_PARTITION)
    .where(
        _PARTITION.c.owner == bindparam("by"),
        tuple_(_PARTITION.c.partition, _PARTITION.c.fence).in_(bindparam("held", expanding=True)),
    )
    .values(position=bindparam("to"))
)


class LeaseLostError(Exception):
    """Another relay has taken a partition over; what this one was doing is rolled back."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to route one partition, read up to `position`."""

    partition: int
    fence: int
    position: int


class MachineLock:
    """The lock that only one relay per data directory can hold; the kernel frees it with its process."""

    def __init__(self, data_dir: Path) -> None:
        self._file: TextIO = (data_dir / "relay.lock").open("w")

    def try_hold(self) -> bool:
        """Whether this process is the relay of the machine."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Give the lock back."""
        self._file.close()


def take_leases(session: Session, owner: str, now: datetime, *, alone: bool) -> list[Lease]:
    """Take or renew what this relay may hold now. `alone`: nobody else can be alive."""
    insert_or_ignore(
        session, RelayPartition, [{"partition": n, "fence": 0, "position": 0} for n in range(PARTITIONS)]
    )
    rows = session.exec(
        select(RelayPartition).order_by(col(RelayPartition.partition)).with_for_update()
    ).all()
    others = {row.owner for row in rows if row.owner not in (None, owner) and _alive(row, now)}
    share = PARTITIONS if alone else -(-PARTITIONS // (len(others) + 1))
    mine = [row for row in rows if row.owner == owner]
    for row in mine[share:]:
        row.owner = None
    free = [row for row in rows if row.owner != owner and (alone or not _alive(row, now))]
    for row in free[: max(0, share - len(mine))]:
        row.owner = owner
        row.fence += 1
    held = [row for row in rows if row.owner == owner]
    for row in held:
        row.expires_at = now + LEASE
    session.flush()
    return [Lease(row.partition, row.fence, row.position) for row in held]


def advance(session: Session, owner: str, leases: list[Lease], position: int) -> None:
    """Note, in the routing transaction, how far these partitions are read. Raises LeaseLostError."""
    held = [(lease.partition, lease.fence) for lease in leases]
    advanced = session.connection().execute(_ADVANCE, {"by": owner, "held": held, "to": position})
    if advanced.rowcount != len(held):
        raise LeaseLostError("Another relay has taken a partition over.")


def _alive(row: RelayPartition, now: datetime) -> bool:
    return row.owner is not None and row.expires_at is not None and row.expires_at > now
