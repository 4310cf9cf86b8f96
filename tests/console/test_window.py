"""The messaging window in an open console, while time passes."""

import re

import pytest
from playwright.async_api import Page, expect

from support.console import Seats
from support.travelling import TAGGED, UNTAGGED, TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _opened(seats: Seats, desk: TravellingDesk, agent: str, customer: str, page_id: str) -> Page:
    page = await (await seats.person(agent)).signed_in()
    psid = await desk.customer(page_id, customer)
    await desk.customer_writes(psid, "hello", page_id)
    await page.get_by_role("link", name="Open").click()
    await page.get_by_role("row", name=customer).click()
    await page.get_by_role("button", name="Take it").click()
    await expect(page.get_by_text("Open for 23 h 59 m.")).to_be_visible()
    return page


async def test_c08_c12_the_window_closes_while_one_types_and_nothing_typed_is_lost(
    seats: Seats, desk: TravellingDesk
) -> None:
    page = await _opened(seats, desk, "Wanda Window", "Bea One", UNTAGGED)
    field = page.get_by_placeholder("Write a reply…")
    await field.press_sequentially("I am still typing")
    await desk.travel(hours=25)
    await expect(page.get_by_text("24 hours are over since")).to_be_visible()
    await expect(page.get_by_role("button", name="Hold")).to_be_visible()
    await expect(page.get_by_role("button", name="Send", exact=True)).to_have_count(0)
    await expect(field).to_have_value("I am still typing")
    await expect(field).to_be_focused()


async def test_c09_after_24_hours_the_tag_lets_a_person_answer(seats: Seats, desk: TravellingDesk) -> None:
    page = await _opened(seats, desk, "Hanna Human", "Bea Two", TAGGED)
    await desk.travel(hours=25)
    await expect(page.get_by_text("Human agent, 5 d 22 h left.")).to_be_visible()
    await page.get_by_placeholder("Write a reply…").fill("A person answers.")
    await page.get_by_role("button", name="Send as human agent").click()
    await expect(
        page.get_by_role("log", name="Messages").get_by_text(re.compile("✓+ (sent|delivered|read)")).last
    ).to_be_visible()


async def test_c08_closing_soon_counts_what_closes_soon_and_no_more(
    seats: Seats, desk: TravellingDesk
) -> None:
    page = await _opened(seats, desk, "Sonja Soon", "Bea Soon", TAGGED)
    await desk.travel(hours=23, minutes=30)
    await expect(page.get_by_role("link", name="Closing soon 1 ")).to_be_visible()
    await desk.travel(hours=1)
    await expect(page.get_by_text("Human agent,")).to_be_visible()
    await expect(page.get_by_role("link", name="Closing soon 0 ")).to_be_visible()
