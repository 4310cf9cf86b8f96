"""A store that threads are projected to, on each database in its turn."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

from store.db.engines import make_engine
from support.discarding import CUSTOMER
from support.postgres import any_database
from support.steps import START
from support.store import add_customer, make_settings, seed


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Engine]]:
    """Where tasks project to, and where only those that count do."""
    with ExitStack() as stack:
        url = stack.enter_context(any_database())
        keys = tmp_path_factory.mktemp("keys")
        urls = [make_settings(keys, database_url=url).store_url if url else "sqlite://", "sqlite://"]
        engines = [make_engine(each) for each in urls]
        for engine in engines:
            stack.callback(engine.dispose)
            SQLModel.metadata.create_all(engine)
            with Session(engine) as session:
                seed(session, make_settings(tmp_path_factory.mktemp("seed")))
                add_customer(session, CUSTOMER, START)
                session.commit()
        yield engines
