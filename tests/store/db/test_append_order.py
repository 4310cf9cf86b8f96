"""Whoever follows the log of events on PostgreSQL sees each once, though its writers wait for nobody."""

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event, select, text
from sqlmodel import Session, col

from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store.db import engines as engines_module
from store.db.database import Database
from store.db.migrate import migrate
from store.events import timeline
from store.events.events import append_events, event_row
from store.tables import Customer, Event
from support.store import PAGE_A, make_settings, seed

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_CONVERSATIONS = 6
_WRITERS = 24
_TURNS = 12
_WITHIN_SECONDS = 60.0
_OWN_LOCKS = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted"
)


@pytest.fixture
def database(tmp_path: Path, postgres_url: str) -> Iterator[Database]:
    settings = make_settings(tmp_path, database_url=postgres_url)
    migrate(settings)
    database = Database(settings.store_url, writers=_WRITERS)
    database.write_now(lambda session: seed(session, settings))
    yield database
    database.close()


def _append(session: Session, name: str, conversation_id: str | None = None) -> None:
    fact = Fact(
        FactKind.PAGE_ALARM, NOW, ActorKind.SYSTEM, conversation_id=conversation_id, data={"name": name}
    )
    append_events(session, [event_row(fact, PAGE_A, None, None)])


class _Follower:
    """Reads as the event hub does: what is settled, after the last that it saw."""

    def __init__(self, database: Database) -> None:
        self.seen: list[Event] = []
        self._database = database
        self._position = 0

    async def look(self) -> bool:
        settled = await timeline.settled_through(self._database)
        found = await self._database.read(
            lambda session: timeline.read_events(
                session, timeline.EVERYTHING, after=self._position, limit=7, through=settled
            )
        )
        self.seen += found
        self._position = found[-1].id or 0 if found else self._position
        return bool(found)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(_WITHIN_SECONDS):
            while len(self.seen) < count:
                await self.look()

    @property
    def names(self) -> list[str]:
        return [event.data["name"] for event in self.seen]


async def test_a_follower_sees_each_event_once_and_each_conversation_in_order(database: Database) -> None:
    """Transactions of many lengths, most before and some after they append; some of them are rolled back."""
    chance = random.Random(13)  # noqa: S311 - the same trial each time
    told: list[list[str]] = [[] for _ in range(_CONVERSATIONS)]
    database.write_now(
        lambda session: session.add_all(
            Customer(id=f"c{number}", page_id=PAGE_A, psid=f"{number}", created_at=NOW)
            for number in range(_CONVERSATIONS)
        )
    )

    def work(number: int, name: str, before: float, after: float, fails: bool, session: Session) -> None:
        # The transaction has its id, and may be the oldest there is, before it has its turn.
        session.connection().execute(text("SELECT pg_current_xact_id()"))
        time.sleep(before)
        session.get_one(Customer, f"c{number}", with_for_update=True)
        _append(session, name, f"c{number}")
        _append(session, f"{name}+", f"c{number}")
        time.sleep(after)
        if fails:
            raise LookupError(name)
        told[number] += [name, f"{name}+"]  # in the order of the row's lock, which is held

    async def writer(writer: int) -> None:
        for turn in range(_TURNS):
            before, after = chance.choice([0, 0.002, 0.05]), chance.choice([0, 0, 0.001, 0.02])
            number, fails = chance.randrange(_CONVERSATIONS), chance.random() < 0.1
            try:
                await database.write(partial(work, number, f"{writer}.{turn}", before, after, fails))
            except LookupError:
                assert fails

    follower = _Follower(database)
    writing = asyncio.gather(*(writer(number) for number in range(_WRITERS)))
    looks_with_news = 0
    while not writing.done():
        looks_with_news += await follower.look()
    await writing
    everything = await database.read(
        lambda session: list(session.scalars(select(Event).order_by(col(Event.id))))
    )
    await follower.until(len(everything))
    assert await follower.look() is False
    assert [event.id for event in follower.seen] == [event.id for event in everything]
    for number in range(_CONVERSATIONS):
        of_one = [event.data["name"] for event in follower.seen if event.conversation_id == f"c{number}"]
        assert of_one == told[number]
    assert sum(map(len, told)) == len(everything) > 400
    assert looks_with_news > 20


async def test_a_later_event_waits_for_an_earlier_one_that_is_not_committed(database: Database) -> None:
    """Read at once, the earlier one would be behind the reader when it appears."""
    follower = _Follower(database)

    def first(session: Session) -> None:
        _append(session, "first")
        database.write_now(lambda other: _append(other, "second"))  # nobody waits for the first to commit
        asyncio.run(_sees_nothing(follower))

    await asyncio.to_thread(database.write_now, first)
    await follower.until(2)
    assert follower.names == ["first", "second"]


def _set_numbers(number: int, session: Session) -> None:
    session.connection().execute(text("SELECT setval('event_id_seq', :number)"), {"number": number})


async def _sees_nothing(follower: _Follower) -> None:
    assert await follower.look() is False


async def test_what_is_rolled_back_holds_nobody_back(database: Database) -> None:
    def fails(session: Session) -> None:
        _append(session, "never")
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(fails)
    await database.write(lambda session: _append(session, "next"))
    follower = _Follower(database)
    await follower.until(1)
    assert follower.names == ["next"]


async def test_a_long_transaction_that_appends_nothing_holds_nobody_back(
    database: Database, postgres_url: str
) -> None:
    """Not one that has an id, which the oldest running transaction of a snapshot would be."""
    follower = _Follower(database)
    with psycopg.connect(postgres_url) as elsewhere:
        elsewhere.execute("CREATE TABLE of_somebody_else (id int)")
        await database.write(lambda session: _append(session, "told"))
        assert await follower.look() is True
    assert follower.names == ["told"]


async def test_a_process_that_stands_still_in_a_transaction_holds_the_stream_for_a_time_only(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr(engines_module, "MAX_IDLE_TRANSACTION", timedelta(seconds=1))
    stopped = Database(make_settings(tmp_path, database_url=postgres_url).store_url)
    connection = stopped._write_engine.connect()  # as a process that is stopped there
    _append(Session(connection), "never")
    await database.write(lambda session: _append(session, "told"))
    follower = _Follower(database)
    assert await follower.look() is False
    await follower.until(1)
    assert follower.names == ["told"]
    connection.invalidate()
    stopped.close()


async def test_numbers_beyond_those_of_a_lock_are_told_apart(database: Database) -> None:
    """A lock's key has 31 bits of a number that has 63."""
    for number in (2**31 - 2, 2**32 - 1, 2**33 + 2**31 - 1, 2**40):
        await database.write(partial(_set_numbers, number))
        follower = _Follower(database)
        follower._position = number - 1

        def first(session: Session, follower: _Follower = follower) -> None:
            _append(session, "first")
            database.write_now(lambda other: _append(other, "second"))
            asyncio.run(_sees_nothing(follower))

        await asyncio.to_thread(database.write_now, first)
        await follower.until(2)
        assert follower.names == ["first", "second"]


async def test_a_transaction_announces_its_numbers_once_in_the_statement_that_takes_them(
    database: Database,
) -> None:
    """So numbering costs its writers no round trip, and one place in the server's table of locks."""
    said: list[str] = []
    event.listen(
        database._write_engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: said.append(statement.split()[0]),
    )

    def three_times(session: Session) -> int:
        for name in ("one", "two", "three"):
            _append(session, name)
            database.write_now(lambda other: _append(other, "beside"))  # the next number is another one
        assert set(said) == {"INSERT"}
        held: int = session.connection().execute(_OWN_LOCKS).scalar_one()
        return held

    assert await database.write(three_times) == 1


async def test_a_savepoint_that_is_rolled_back_takes_the_announcement_with_it(database: Database) -> None:
    """What comes after it in the same transaction announces anew."""
    follower = _Follower(database)

    def first(session: Session) -> None:
        with contextlib.suppress(LookupError), session.begin_nested():
            _append(session, "never")
            raise LookupError
        _append(session, "first")
        database.write_now(lambda other: _append(other, "second"))
        asyncio.run(_sees_nothing(follower))

    await asyncio.to_thread(database.write_now, first)
    await follower.until(2)
    assert follower.names == ["first", "second"]
