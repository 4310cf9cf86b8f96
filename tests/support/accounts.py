"""Two accounts for tests of the way in: the usual one, with a page that was removed, and somebody else's."""

from typing import Any

from sqlmodel import Session

from base import clock
from base.secret_scopes import app_secret_place
from base.settings import Settings
from store.db.database import Database
from store.pages import page_rows
from store.tables import Account, Page
from store.tables.pages import REMOVED
from support.store import ACCOUNT, seed

OTHER_ACCOUNT, OTHER_SECRET, OTHER_PAGE = "account-b", "another-app-secret", "555000111"
REMOVED_PAGE = "555000222"


def write_accounts(settings: Settings) -> None:
    """Write both, with their pages, into a migrated store."""

    def work(session: Session) -> None:
        seed(session, settings)
        session.flush()
        secret = settings.vault.seal(OTHER_SECRET, app_secret_place(OTHER_ACCOUNT))
        now = clock.now()
        session.add(
            Account(id=OTHER_ACCOUNT, name="Another app", app_id="99", app_secret=secret, created_at=now)
        )
        session.flush()
        page_rows.add(session, _page(OTHER_PAGE, OTHER_ACCOUNT))
        page_rows.add(session, _page(REMOVED_PAGE, ACCOUNT, provisioning_state=REMOVED))

    database = Database(settings.store_url)
    database.write_now(work)
    database.close()


def _page(page_id: str, account_id: str, **more: Any) -> Page:
    return Page(
        page_id=page_id,
        account_id=account_id,
        workstream_id="messenger",
        name=f"Page {page_id}",
        access_token="",
        created_at=clock.now(),
        **more,
    )
