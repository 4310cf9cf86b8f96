"""The order of a list, which is kept for whoever chose it."""

import re

import pytest
from playwright.async_api import Page, expect

from support.console import Seats
from support.travelling import UNTAGGED, TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _names(page: Page) -> list[str]:
    return await page.get_by_role("grid", name="Open").locator(".name").all_inner_texts()


async def test_the_longest_waiting_comes_first_where_one_has_chosen_so_and_still_after_a_reload(
    seats: Seats, desk: TravellingDesk
) -> None:
    for name in ("Hanno First", "Hanno Second"):
        psid = await desk.customer(UNTAGGED, name)
        await desk.customer_writes(psid, "hello", UNTAGGED)
    page = await (await seats.person("Sara Sorts")).signed_in()
    await page.get_by_role("link", name="Open").click()
    rows = page.get_by_role("row", name=re.compile("^Hanno"))
    await expect(rows).to_have_count(2)
    assert await _names(page) == ["Hanno Second", "Hanno First"]
    await page.get_by_role("button", name="Order: Newest").click()
    await page.get_by_role("menuitemradio", name="Longest waiting").click()
    await expect(page.get_by_role("button", name="Order: Longest waiting")).to_be_visible()
    await expect(rows.first).to_contain_text("Hanno First")
    assert await _names(page) == ["Hanno First", "Hanno Second"]
    await page.reload()
    await expect(rows.first).to_contain_text("Hanno First")
