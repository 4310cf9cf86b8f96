"""What a relay holds: its share of the inbox's partitions, and how far it has read each.

On one machine (SQLite) a file lock lets one relay work, and is free as soon as that is dead; others stand by.
On PostgreSQL the relays share the partitions evenly (`store.inbox.relay_shares`).
"""

import asyncio
import fcntl
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from sqlmodel import Session

from base.ids import new_id
from store.db.database import Database
from store.inbox.relay_shares import PRESENCE, Lease, Share, advance, give_back, take_share

_RENEW_SECONDS = PRESENCE.total_seconds() / 3
_RETRY_SECONDS = 0.2
"""How soon a relay that has less than its share tries again."""


class MachineLock:
    """The lock that only one relay per data directory can hold; the kernel frees it with its process."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "relay.lock"
        self._file: TextIO | None = None

    def try_hold(self) -> bool:
        """Whether this process is the relay of the machine."""
        if self._file is not None:
            return True
        file = self._path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Let another process be the relay."""
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass(frozen=True, slots=True)
class Part:
    """Partitions that are read equally far, to the inbox id `seen`; to be read on, to `up_to` if given."""

    partitions: tuple[int, ...]
    seen: int
    up_to: int | None


class Leases:
    """The leases of one relay. `seen` may be ahead of a lease's position where nothing had to be routed."""

    def __init__(self, database: Database, *, alone: bool) -> None:
        self.relay_id = new_id()
        self._database = database
        self._alone = alone
        self._held: dict[int, Lease] = {}
        self._seen: dict[int, int] = {}
        self._renew_at = 0.0

    def __contains__(self, partition: int) -> bool:
        return partition in self._held

    def __bool__(self) -> bool:
        return bool(self._held)

    def held(self, partitions: Iterable[int]) -> list[Lease]:
        """The leases of these partitions."""
        return [self._held[partition] for partition in partitions]

    @property
    def partitions(self) -> frozenset[int]:
        """What is held."""
        return frozenset(self._held)

    def is_due(self) -> bool:
        """Whether it is time to renew the leases."""
        return asyncio.get_running_loop().time() >= self._renew_at

    def renew_soon(self) -> None:
        """Renew as soon as possible: the shares may have changed."""
        self._renew_at = 0.0

    async def renew(self) -> Share:
        """Show that this relay is alive, and hold what is its share now."""
        began = asyncio.get_running_loop().time()
        held, seen = dict(self._held), dict(self._seen)
        share = await self._database.write(
            lambda session: _take(session, self.relay_id, held, seen, alone=self._alone)
        )
        self._held = {lease.partition: lease for lease in share.leases}
        self._seen = {lease.partition: lease.position for lease in share.leases}
        self._renew_at = began + (_RETRY_SECONDS if share.lacks else _RENEW_SECONDS)
        return share

    def forget(self) -> None:
        """Forget what is held: a lease is lost, or a transaction's outcome unknown. Renewing reads it."""
        self._held, self._seen = {}, {}
        self.renew_soon()

    async def give_back(self) -> None:
        """Release all leases: the other relays take over at once."""
        self.forget()
        await self._database.write(lambda session: give_back(session, self.relay_id))

    def furthest_behind(self) -> Part:
        """The partitions that are furthest behind; the others wait until those have come up to them."""
        least = min(self._seen.values())
        ahead = [seen for seen in self._seen.values() if seen > least]
        behind = tuple(partition for partition, seen in self._seen.items() if seen == least)
        return Part(behind, least, min(ahead, default=None))

    def mark_read(self, partitions: Iterable[int], up_to: int) -> None:
        """These partitions are read up to there, and there is nothing to route."""
        self._seen.update(dict.fromkeys(partitions, up_to))

    def mark_routed(self, partitions: Iterable[int], to: int) -> None:
        """These partitions are routed up to there, and it is committed."""
        for partition in partitions:
            self._held[partition] = replace(self._held[partition], position=to)
            self._seen[partition] = to


def _take(
    session: Session, relay_id: str, held: dict[int, Lease], seen: dict[int, int], *, alone: bool
) -> Share:
    """Take the share, and store how far partitions without anything to route were read."""
    share = take_share(session, relay_id, alone=alone)
    idle: dict[int, list[Lease]] = defaultdict(list)
    leases = []
    for lease in share.leases:
        former, up_to = held.get(lease.partition), seen.get(lease.partition, 0)
        if former == lease and up_to > lease.position:
            idle[up_to].append(lease)
            leases.append(replace(lease, position=up_to))
        else:
            leases.append(lease)
    for up_to, unmoved in idle.items():
        advance(session, relay_id, unmoved, up_to)
    return replace(share, leases=leases)
