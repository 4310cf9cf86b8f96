"""Which relay reads which partitions of the inbox: who is there, each one's even share, and the fence.

A relay is there for as long as it says so, whether it holds a partition or not. Whoever takes a partition
over raises its fence; what its former relay still does is refused and rolled back. A position only grows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, text, tuple_, update
from sqlmodel import Session, col, func, select

from base import clock
from store.db.signals import RELAYS_CHANGED, signal_commit
from store.db.sql import delete_rows, insert_or_ignore, is_postgres, table_of, upsert
from store.tables import Relay, RelayPartition

PARTITIONS = 16

PRESENCE = timedelta(seconds=3)
"""How long a relay that says nothing is taken for alive, where nothing else tells."""

_SHARING_LOCK = 7300004
_PARTITION = table_of(RelayPartition)
_ADVANCE = (
    update(_PARTITION)
    .where(
        _PARTITION.c.owner == bindparam("by"),
        tuple_(_PARTITION.c.partition, _PARTITION.c.fence, _PARTITION.c.position).in_(
            bindparam("held", expanding=True)
        ),
        _PARTITION.c.position <= bindparam("to"),
    )
    .values(position=bindparam("to"))
)


class LeaseLostError(Exception):
    """A partition is another relay's, or is read further than this one knows; its work is rolled back."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to route one partition, which is read up to `position`, an inbox id."""

    partition: int
    fence: int
    position: int


@dataclass(frozen=True, slots=True)
class Share:
    """What a relay holds. `lacks`: others have still to give it some.

    `survives`: it took over from one that died, not from one that gave its partitions back.
    """

    leases: list[Lease]
    lacks: bool
    survives: bool


def take_share(session: Session, relay_id: str, *, alone: bool) -> Share:
    """Say that this relay is there, and take or give partitions so that it has its share of them.

    `alone`: no other relay can be alive, and none needs to be waited for.
    """
    if is_postgres(session):
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SHARING_LOCK})
    relays, joined = _present(session, relay_id, alone=alone)
    rows = _partitions(session)
    share = _share_of(relays, relay_id)
    mine = [row for row in rows if row.owner == relay_id]
    given = [row.partition for row in mine[share:]]
    free = [row for row in rows if row.owner is None or row.owner not in relays]
    taken = free[: max(0, share - len(mine))]
    survives = any(row.owner is not None for row in taken)
    if given:
        session.connection().execute(
            update(_PARTITION).where(_PARTITION.c.partition.in_(given)).values(owner=None)
        )
    if taken:
        session.connection().execute(
            update(_PARTITION)
            .where(_PARTITION.c.partition.in_([row.partition for row in taken]))
            .values(owner=relay_id, fence=_PARTITION.c.fence + 1)
        )
    if given or (joined and len(relays) > 1):
        signal_commit(session, RELAYS_CHANGED)
    leases = _leases(session, relay_id)
    return Share(leases, lacks=len(leases) < share, survives=survives)


def give_back(session: Session, relay_id: str) -> None:
    """This relay leaves: whoever is there takes its partitions at once."""
    session.connection().execute(update(_PARTITION).where(_PARTITION.c.owner == relay_id).values(owner=None))
    delete_rows(session, Relay, col(Relay.id) == relay_id)
    signal_commit(session, RELAYS_CHANGED)


def advance(session: Session, relay_id: str, leases: Sequence[Lease], position: int) -> None:
    """Note how far these partitions are read, in the transaction that routes. Raises LeaseLostError.

    From where a lease says, and from nowhere else: a commit of unknown outcome is not repeated.
    """
    held = [(lease.partition, lease.fence, lease.position) for lease in leases]
    advanced = session.connection().execute(_ADVANCE, {"by": relay_id, "held": held, "to": position})
    if advanced.rowcount != len(leases):
        raise LeaseLostError("A partition is another relay's, or is read further than was known.")


def positions(session: Session) -> dict[int, int]:
    """How far each partition is read, as ids of the inbox."""
    return dict(session.exec(select(RelayPartition.partition, RelayPartition.position)).all())


def lowest_position(session: Session) -> int:
    """Up to which id of the inbox everything is routed."""
    return session.exec(select(func.min(RelayPartition.position))).one() or 0


def _present(session: Session, relay_id: str, *, alone: bool) -> tuple[list[str], bool]:
    """Every relay that is there, in the same order for each of them, and whether this one has just come."""
    now = _now(session)
    gone = [] if alone else [col(Relay.present_until) <= now]
    delete_rows(session, Relay, col(Relay.id) != relay_id, *gone)
    known = list(session.exec(select(Relay.id)).all())
    upsert(session, Relay, {"id": relay_id, "present_until": now + PRESENCE})
    return sorted({*known, relay_id}), relay_id not in known


def _now(session: Session) -> datetime:
    """The time that all relays share: their machine's, or the database's where they are on several."""
    if is_postgres(session):
        now: datetime = session.exec(select(func.clock_timestamp())).one()
        return now
    return clock.now()


def _share_of(relays: Sequence[str], relay_id: str) -> int:
    """How many partitions a relay is to hold; shares differ by one at the most."""
    each, left = divmod(PARTITIONS, len(relays))
    return each + (relays.index(relay_id) < left)


def _partitions(session: Session) -> Sequence[RelayPartition]:
    statement = select(RelayPartition).order_by(col(RelayPartition.partition))
    rows = session.exec(statement).all()
    if len(rows) == PARTITIONS:
        return rows
    insert_or_ignore(
        session, RelayPartition, [{"partition": n, "fence": 0, "position": 0} for n in range(PARTITIONS)]
    )
    return session.exec(statement).all()


def _leases(session: Session, relay_id: str) -> list[Lease]:
    """What it holds now. What was just taken is locked, so that no former relay's position is to come."""
    held = (
        select(_PARTITION.c.partition, _PARTITION.c.fence, _PARTITION.c.position)
        .where(_PARTITION.c.owner == relay_id)
        .order_by(_PARTITION.c.partition)
    )
    return [Lease(*row) for row in session.connection().execute(held)]
