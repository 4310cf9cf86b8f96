"""A page that was removed while it had customers: its row stays, and nothing is done for it any more."""

from pathlib import Path

import httpx
from sqlmodel import Session

from activities.pages import PageActivities
from ingest.page_wake import _unsettled_pages
from messenger.graph import GraphClient
from store import pages
from store.database import Database
from store.tables import Page
from support.store import PAGE_A, PAGE_B, make_settings, seed


def refuse(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"Nobody may be asked about a removed page: {request.url}")


async def test_its_workflow_is_told_that_it_is_gone_and_it_is_woken_no_more(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    database = Database(settings.store_url)

    def remove(session: Session) -> None:
        seed(session, settings)
        page = session.get_one(Page, PAGE_A)
        page.access_token, page.provisioning_state = "", pages.REMOVED

    await database.write(remove)
    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as http:
        activities = PageActivities(database, GraphClient(http, "https://graph.invalid", "v26.0"), settings)
        report = await activities.check_page(PAGE_A)
    assert (report.running, report.deleted) == (False, True)
    assert await database.read(_unsettled_pages) == [PAGE_B]
    state = await database.read(lambda session: session.get_one(Page, PAGE_A).provisioning_state)
    assert state == pages.REMOVED
    database.close()
