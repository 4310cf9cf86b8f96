"""A desk for reports: agents, queues and a page in a database of the module's own."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session

from store.db.database import Database
from support.report_rows import add_desk
from support.store import make_settings, seed


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    configured = make_settings(tmp_path_factory.mktemp("reports") / "data")
    database = Database(configured.store_url)

    def work(session: Session) -> None:
        seed(session, configured)
        session.flush()
        add_desk(session)

    database.write_now(work)
    yield database
    database.close()
