"""Taking leave of a deleted page: no more deliveries from Meta, then no more token here."""

from datetime import timedelta

from sqlmodel import Session

from base import clock
from domain.events.kinds import FactKind
from messenger.graph.client import GraphClient
from messenger.graph.errors import GraphError
from messenger.graph.page_credentials import PageCredentials
from messenger.graph.results import GraphUnavailable
from store.db.database import Database
from store.events.events import append_page_event
from store.pages.accounts import finish_deletion
from store.pages.pages import erase
from store.tables import Account, Page
from store.tables.pages import REMOVING

_TIMEOUT = timedelta(hours=1)
"""So long Meta is asked again where it gives no answer or a passing one; then the token is forgotten."""


async def farewell(database: Database, graph: GraphClient, credentials: PageCredentials) -> bool:
    """End the page's subscription and erase its token. False: Meta did not answer, try again."""
    outcome: str | None = "unsubscribed"
    try:
        await graph.unsubscribe_page(credentials)
    except GraphError as error:  # a dead token, say: nobody is left who could unsubscribe
        outcome = None if error.is_transient_failure else error.reason
    except GraphUnavailable:
        outcome = None
    return await database.write(lambda session: _erase(session, credentials.page_id, outcome))


def _erase(session: Session, page_id: str, outcome: str | None) -> bool:
    page = session.get(Page, page_id, with_for_update=True)
    if page is None or page.provisioning_state != REMOVING:
        return page is None  # it was saved anew meanwhile
    now = clock.now()
    if outcome is None and page.removed_at is not None and now - page.removed_at < _TIMEOUT:
        return False
    account = session.get_one(Account, page.account_id)
    erase(session, page)
    session.flush()
    finish_deletion(session, account)
    session.flush()
    append_page_event(session, FactKind.PAGE_ERASED, page_id, now, {"at_meta": outcome or "no_answer"})
    return True
