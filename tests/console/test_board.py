"""The supervisor's board: numbers that open what they count, and what is done with others' conversations."""

import pytest
from playwright.async_api import Locator, Page, expect

from support.console import Seats
from support.travelling import UNTAGGED, TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_c28_each_number_opens_as_many_as_it_counts(seats: Seats, desk: TravellingDesk) -> None:
    for name in ("Ann Board", "Ben Board"):
        await desk.customer_writes(await desk.customer(UNTAGGED, name))
    page = await (await seats.person("Sue Board", "supervisor")).signed_in()
    await page.get_by_role("link", name="Board").click()
    waiting = page.get_by_role("link", name="Waiting in Default queue: 2")
    await expect(waiting).to_be_visible()
    await expect(page.get_by_role("list", name="Now").get_by_role("link", name="Waiting")).to_have_text(
        "Waiting2"
    )
    await waiting.click()
    await expect(_rows(page)).to_have_count(2)
    await expect(page.locator(".conversations .count")).to_have_text("2")

    # The next one counts without a reload.
    await desk.customer_writes(await desk.customer(UNTAGGED, "Cal Board"))
    await expect(page.get_by_role("link", name="Waiting in Default queue: 3")).to_be_visible()
    await expect(_rows(page)).to_have_count(3)

    # With many: what happens to how many, then what became of it.
    await page.get_by_role("checkbox", name="Choose Ann Board").check()
    await page.get_by_role("checkbox", name="Choose Ben Board").check()
    await page.get_by_role("button", name="Close by force…").click()
    await expect(page.get_by_role("dialog")).to_contain_text("2 conversations will be closed.")
    await page.get_by_role("button", name="Do it").click()
    await expect(page.get_by_text("2 of 2 done")).to_be_visible()
    await expect(_rows(page)).to_have_count(1)

    # With one.
    await page.get_by_role("button", name="Actions for Cal Board").click()
    await expect(page.get_by_role("menuitem", name="Watch, read-only")).to_be_disabled()
    await page.get_by_role("menuitem", name="Close by force").click()
    await expect(page.get_by_text("There is no such conversation.")).to_be_visible()


async def test_agents_have_no_board(seats: Seats) -> None:
    page = await (await seats.person("Abe Agent")).signed_in()
    await expect(page.get_by_role("link", name="Mine")).to_be_visible()
    await expect(page.get_by_role("link", name="Board")).to_have_count(0)


def _rows(page: Page) -> Locator:
    return page.get_by_role("checkbox", name="Choose ").and_(page.locator("tbody input"))
