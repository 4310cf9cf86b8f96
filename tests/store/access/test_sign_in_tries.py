"""Tries to sign in are counted so that of many at once no more pass than may."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from store.access import sign_in_tries
from store.access.sign_in_tries import TryLimit
from store.db.database import Database
from store.db.migrate import migrate
from support.postgres import any_database
from support.store import make_settings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LIMITS = {"account": TryLimit(5, timedelta(minutes=5)), "source": TryLimit(20, timedelta(minutes=5))}


pytestmark = pytest.mark.any_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    with any_database() as url:
        settings = make_settings(tmp_path, database_url=url)
        migrate(settings)
        opened = Database(settings.store_url)
        yield opened
        opened.close()


async def test_of_tries_at_once_no_more_pass_than_may(store: Database) -> None:
    waits = await asyncio.gather(
        *(
            store.write(partial(sign_in_tries.begin, limits=LIMITS, try_id=str(number), now=NOW))
            for number in range(30)
        )
    )
    assert sorted(waits) == [timedelta(0)] * 5 + [timedelta(minutes=5)] * 25
    later = NOW + timedelta(minutes=5)
    assert await store.read(lambda s: sign_in_tries.remaining_wait(s, LIMITS, later)) == timedelta(0)


async def test_a_try_that_was_right_is_taken_back_with_those_of_its_key(store: Database) -> None:
    for number in range(5):
        await store.write(partial(sign_in_tries.begin, limits=LIMITS, try_id=str(number), now=NOW))
    await store.write(lambda s: sign_in_tries.forget(s, try_id="4", key="account"))
    waits = [
        await store.write(partial(sign_in_tries.begin, limits=LIMITS, try_id=str(number), now=NOW))
        for number in range(5, 25)
    ]
    assert waits.count(timedelta(0)) == 5
