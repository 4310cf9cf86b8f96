"""Several relay processes on one store: they share it, and come, leave and die while events come in."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, col, func, select

from base import clock
from base.settings import Settings
from ingest.inbox.inbox import Inbox, inbox_rows, open_inbox
from local.processes.die_with_parent import leashed
from messenger.webhooks.webhook import split
from store.db.database import Database
from store.inbox.inbox_events import newest_inbox_id
from store.inbox.relay_shares import PARTITIONS, lowest_position
from store.tables import Message, Relay, RelayPartition, ThreadEvent
from support import children
from support.deliveries import body_of, new_psid, text_event
from support.eventually import eventually
from support.postgres import any_database
from support.store import ACCOUNT, make_settings, seed

pytestmark = [pytest.mark.any_store, pytest.mark.slow]

PEOPLE = 40
BURST = 500


class Relays:
    """Relay processes of one store, and what customers write."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.on_one_machine = settings.database_url is None
        self.store = Database(settings.store_url)
        self.inbox_store = Database(settings.inbox_url)
        self.inbox: Inbox = open_inbox(settings, self.store.signals)
        self._people = [new_psid() for _ in range(PEOPLE)]
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        more = {} if self.on_one_machine else {"PAGEDESK_DATABASE_URL": str(self.settings.database_url)}
        # The master key is the installation's, not made anew by each process.
        more["PAGEDESK_MASTER_KEY"] = (self.settings.data_dir / "master.key").read_text().strip()
        environment = children.environment(self.settings, 8000, **more)
        with (self.settings.data_dir / "relays.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command
                leashed([sys.executable, "-m", "support.relay_process"]),
                env=environment,
                stdout=log,
                stderr=log,
            )
        self._running.append(process)
        return process

    async def shared_by(self, count: int) -> None:
        """Return when so many relays hold everything, evenly; on one machine one works for all."""
        at_work = 1 if self.on_one_machine else count

        async def look() -> bool:
            held = await self.held()
            return len(held) == at_work and max(held.values()) - min(held.values()) <= 1

        await eventually(look, within=60)

    async def held(self) -> Counter[str]:
        """How many partitions each relay holds; empty unless all are held."""
        owners = await self.store.read(lambda session: session.exec(select(RelayPartition.owner)).all())
        held = Counter(owner for owner in owners if owner)
        return held if held.total() == PARTITIONS else Counter()

    async def write(self, count: int) -> None:
        """So many messages, in deliveries of a few each."""
        for start in range(0, count, 10):
            events = [text_event(self._people[n % PEOPLE]) for n in range(start, start + 10)]
            rows = inbox_rows(ACCOUNT, split(body_of(*events)), int(clock.now().timestamp() * 1000))
            await self.inbox.store(rows)

    async def read_everything(self) -> None:
        """Return when the whole inbox is routed."""
        newest = await self.inbox_store.read(newest_inbox_id)

        async def look() -> bool:
            return await self.store.read(lowest_position) == newest

        await eventually(look, within=60)

    async def numbers(self) -> dict[str, list[int]]:
        """The numbers under which each thread's workflow is to be told."""

        def work(session: Session) -> dict[str, list[int]]:
            found: dict[str, list[int]] = {}
            order = select(ThreadEvent.customer_id, ThreadEvent.seq).order_by(col(ThreadEvent.inbox_id))
            for customer_id, seq in session.exec(order):
                found.setdefault(customer_id, []).append(seq)
            return found

        return await self.store.read(work)

    async def messages(self) -> int:
        return await self.store.read(lambda s: s.exec(select(func.count()).select_from(Message)).one())

    def close(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()
        self.inbox.close()
        self.inbox_store.close()
        self.store.close()


@pytest.fixture
def database_url() -> Iterator[str | None]:
    with any_database() as url:
        yield url


@pytest.fixture
async def relays(tmp_path: Path, database_url: str | None) -> AsyncIterator[Relays]:
    settings = make_settings(tmp_path, database_url=database_url)
    relays = Relays(settings)
    await relays.store.write(lambda session: seed(session, settings))
    yield relays
    relays.close()


async def test_everything_is_numbered_once_while_relays_come_leave_and_die(relays: Relays) -> None:
    first, second = relays.start(), relays.start()
    await relays.shared_by(2)
    written = 0
    for leave in (first.kill, second.terminate):
        writing = asyncio.create_task(relays.write(BURST))
        await asyncio.sleep(0.1)
        leave()
        third = relays.start()
        await writing
        written += BURST
        await relays.shared_by(2)
        assert third.poll() is None
    await relays.read_everything()

    numbers = await relays.numbers()
    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in numbers.values())
    assert (len(numbers), sum(map(len, numbers.values()))) == (PEOPLE, written)
    assert await relays.messages() == written


async def test_a_relay_that_stops_has_given_everything_back_when_it_is_gone(relays: Relays) -> None:
    leaving = relays.start()
    await relays.shared_by(1)
    staying = relays.start()
    await relays.shared_by(2)
    leaving.terminate()
    assert leaving.wait(30) == 0
    left = await relays.store.read(lambda session: session.exec(select(RelayPartition.owner)).all())
    there = await relays.store.read(lambda session: session.exec(select(Relay.id)).all())
    assert {owner for owner in left if owner} <= set(there)
    await relays.shared_by(1)
    await relays.write(10)
    await relays.read_everything()
    assert staying.poll() is None
