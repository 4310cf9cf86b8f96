"""Whatever is discarded, killed or told twice: no capacity is given twice, and nothing is stuck."""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

from store.db.engines import make_engine
from support.offer_stories import tell
from support.offers import seed_desk
from support.postgres import any_database
from support.store import make_settings, seed

pytestmark = [pytest.mark.any_store, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with ExitStack() as stack:
        url = stack.enter_context(any_database())
        keys = tmp_path_factory.mktemp("keys")
        engine = make_engine(make_settings(keys, database_url=url).store_url if url else "sqlite://")
        stack.callback(engine.dispose)
        SQLModel.metadata.create_all(engine)
        with Session(engine) as session:
            seed(session, make_settings(tmp_path_factory.mktemp("seed")))
            session.flush()
            seed_desk(session)
            session.commit()
        yield engine


def test_rows_at_rest_tell_what_the_runs_know(engine: Engine) -> None:
    late_slot, picked_out_of_turn = "ffbcc0a7", "80309b1f"
    for seed_of_story in (*map(str, range(12)), late_slot, picked_out_of_turn):
        tell(engine, seed_of_story)


@pytest.mark.chaos
def test_rows_at_rest_tell_it_in_ever_new_stories(engine: Engine) -> None:
    for _ in range(int(os.environ.get("PAGEDESK_MODEL_STORIES", "10000")) // 10):
        tell(engine, secrets.token_hex(4))
