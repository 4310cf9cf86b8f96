"""How relays share the partitions of the inbox, on every store."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import Session, select, update

from base import clock
from store.db.database import Database
from store.inbox.relay_shares import PARTITIONS, Lease, LeaseLostError, Share, advance, give_back, take_share
from store.tables import Relay, RelayPartition
from support.postgres import any_database
from support.store import make_settings, seed

pytestmark = pytest.mark.any_store


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with any_database() as url:
        settings = make_settings(tmp_path, database_url=url)
        opened = Database(settings.store_url)
        opened.write_now(lambda session: seed(session, settings))
        yield opened
        opened.close()


def look(database: Database, *relays: str) -> dict[str, Share]:
    """Each of them looks, in this order."""
    return {each: database.write_now(partial(take_share, relay_id=each, alone=False)) for each in relays}


def sizes(shares: dict[str, Share]) -> list[int]:
    return [len(share.leases) for share in shares.values()]


def die(database: Database, relay: str) -> None:
    """It has said nothing for too long."""

    def work(session: Session) -> None:
        row = session.get_one(Relay, relay)
        row.present_until = clock.now() - timedelta(seconds=1)

    database.write_now(work)


def held_by(database: Database) -> dict[int, str | None]:
    def work(session: Session) -> dict[int, str | None]:
        return {row.partition: row.owner for row in session.exec(select(RelayPartition))}

    return database.write_now(work)


def test_one_that_is_alone_holds_everything(database: Database) -> None:
    share = look(database, "a")["a"]
    assert [lease.partition for lease in share.leases] == list(range(PARTITIONS))
    assert (share.lacks, share.survives) == (False, False)


@pytest.mark.parametrize(
    ("relays", "expected"), [("ab", [8, 8]), ("abc", [6, 5, 5]), ("abcdefg", [3, 3] + [2] * 5)]
)
def test_those_who_come_have_their_share_after_everybody_has_looked_once_more(
    database: Database, relays: str, expected: list[int]
) -> None:
    look(database, *relays)
    look(database, *relays)
    shares = look(database, *relays)
    assert sizes(shares) == expected
    assert not any(share.lacks for share in shares.values())
    held = [lease.partition for share in shares.values() for lease in share.leases]
    assert sorted(held) == list(range(PARTITIONS))


def test_one_that_has_come_and_holds_nothing_yet_counts(database: Database) -> None:
    look(database, "a")
    assert look(database, "b")["b"].lacks
    assert sizes(look(database, "a", "b")) == [8, 8]


def test_what_one_leaves_is_shared_at_once(database: Database) -> None:
    look(database, *"abcabcabc")
    database.write_now(lambda session: give_back(session, "b"))
    shares = look(database, "a", "c")
    assert sizes(shares) == [8, 8]
    assert not any(share.survives for share in shares.values())


def test_what_a_dead_one_held_is_shared_and_its_fence_raised(database: Database) -> None:
    look(database, *"abab")
    dead = {lease.partition: lease.fence for lease in look(database, "b")["b"].leases}
    die(database, "b")
    share = look(database, "a")["a"]
    assert share.survives
    taken = {lease.partition: lease.fence for lease in share.leases if lease.partition in dead}
    assert taken == {partition: fence + 1 for partition, fence in dead.items()}


def test_one_that_comes_back_to_life_holds_what_is_left_for_it(database: Database) -> None:
    look(database, *"abab")
    die(database, "b")
    look(database, "a")
    assert look(database, "b")["b"].leases == []
    assert sizes(look(database, "a", "b")) == [8, 8]


def test_a_position_moves_from_where_the_lease_says_and_never_back(database: Database) -> None:
    leases = look(database, "a")["a"].leases

    def move(leases: list[Lease], to: int) -> None:
        database.write_now(lambda session: advance(session, "a", leases, to))

    move(leases[:8], 500)
    with pytest.raises(LeaseLostError):
        move(leases, 100)
    with pytest.raises(LeaseLostError):
        move(leases[:1], 600)
    ahead = look(database, "a")["a"].leases
    assert [lease.position for lease in ahead] == [500] * 8 + [0] * 8
    with pytest.raises(LeaseLostError):
        move(ahead[:1], 499)
    move(ahead[:1], 501)


def test_a_successor_goes_on_where_the_dead_one_was(database: Database) -> None:
    leases = look(database, "a")["a"].leases
    database.write_now(lambda session: advance(session, "a", leases, 123))
    die(database, "a")
    assert {lease.position for lease in look(database, "b")["b"].leases} == {123}
    with pytest.raises(LeaseLostError):
        database.write_now(lambda session: advance(session, "a", leases, 124))


def test_alone_on_a_machine_nobody_is_waited_for(database: Database) -> None:
    look(database, "a")
    share = database.write_now(lambda session: take_share(session, "b", alone=True))
    assert (len(share.leases), share.survives) == (PARTITIONS, True)
    assert set(held_by(database).values()) == {"b"}


def test_a_partition_that_belongs_to_nobody_known_is_taken(database: Database) -> None:
    look(database, "a")
    database.write_now(lambda session: session.execute(update(RelayPartition).values(owner="nobody")))
    assert len(look(database, "a")["a"].leases) == PARTITIONS
