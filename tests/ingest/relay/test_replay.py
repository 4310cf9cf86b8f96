"""An event that went to no thread can be handled once more, and is then as if it had just come."""

import json

import pytest
from sqlmodel import Session

from base import failpoints
from ingest.events.event_router import RoutedBatch, quarantine
from ingest.relay.replay import replay
from store.db.database import Database
from store.inbox.relay_shares import Lease, LeaseLostError, take_share
from store.inbox.unrouted import REPLAYING, request_replay, requested_replays
from store.tables import InboxEvent, Message, UnroutedEvent
from support.intake import Intake
from support.store import PSID, payload, rows

OWNER = "relay"


class Quarantined:
    """One message that was set aside, and the lease on its partition."""

    def __init__(self, store: Database, event: InboxEvent, lease: Lease) -> None:
        self.store = store
        self.event = event
        self.lease = lease

    async def request(self) -> bool:
        return await self.store.write(lambda session: request_replay(session, self.event.id or 0))

    async def replay(self, owner: str = OWNER) -> RoutedBatch:
        return await replay(self.store, self.event, self.lease, owner)

    async def dispositions(self) -> list[tuple[str, str]]:
        return [(row.disposition, row.reason) for row in await rows(self.store, UnroutedEvent)]


@pytest.fixture
async def quarantined(intake: Intake) -> Quarantined:
    await intake.receive(json.dumps(payload("text_single.json")).encode())
    (event,) = await intake.events()

    def work(session: Session) -> Lease:
        quarantine(session, event, "a bug, since mended")
        leases = take_share(session, OWNER, alone=True).leases
        return next(lease for lease in leases if lease.partition == event.partition)

    return Quarantined(intake.store, event, await intake.store.write(work))


async def test_it_becomes_the_message_that_it_was_and_is_unrouted_no_more(quarantined: Quarantined) -> None:
    assert await quarantined.request()
    assert await quarantined.store.read(requested_replays) == [quarantined.event.id]

    routed = await quarantined.replay()

    (message,) = await rows(quarantined.store, Message)
    assert [event.message_id for event in routed.threads[0].events] == [message.id]
    assert await quarantined.dispositions() == []


async def test_what_fails_again_is_quarantined_again(
    quarantined: Quarantined, monkeypatch: pytest.MonkeyPatch
) -> None:
    await quarantined.request()
    monkeypatch.setattr(failpoints, "_failing", frozenset({("router.event", PSID)}))

    assert (await quarantined.replay()).threads == []

    assert await quarantined.dispositions() == [("quarantined", "InjectedFaultError in routing")]
    assert await quarantined.store.read(requested_replays) == []


async def test_a_relay_that_lost_the_partition_replays_nothing(quarantined: Quarantined) -> None:
    await quarantined.request()

    with pytest.raises(LeaseLostError):
        await quarantined.replay(owner="another relay")

    assert await rows(quarantined.store, Message) == []
    assert [disposition for disposition, _ in await quarantined.dispositions()] == [REPLAYING]


async def test_what_is_not_unrouted_cannot_be_replayed(quarantined: Quarantined) -> None:
    await quarantined.replay()
    assert not await quarantined.request()
