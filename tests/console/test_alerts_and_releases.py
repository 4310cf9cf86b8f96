"""What tells an agent that something waits, and what an open page does when the desk goes or changes."""

import asyncio

import pytest
from playwright.async_api import expect

from support.console import Seats, take_new_customer
from support.travelling import UNTAGGED, TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_tab_counts_what_waits_for_one_and_names_the_open_conversation(
    seats: Seats, desk: TravellingDesk
) -> None:
    page, _ = await take_new_customer(await seats.person("Timo Title"), desk, "Fay One")
    await expect(page).to_have_title("(1) Fay One · Pagedesk")
    await page.get_by_role("button", name="Wait", exact=True).click()
    await expect(page).to_have_title("Fay One · Pagedesk")
    await page.get_by_role("link", name="Mine").click()
    await expect(page).to_have_title("Pagedesk")


async def test_that_sound_is_off_is_said_until_it_is_on(seats: Seats) -> None:
    page = await (await seats.person("Susi Sound")).signed_in()
    said = page.get_by_text("Sound is off in this browser.")
    await page.reload()
    await expect(said).to_be_visible()
    await page.get_by_role("button", name="Turn on").click()
    await expect(said).to_have_count(0)


async def test_c18_of_two_who_take_at_once_one_has_it_and_the_other_reads_who(
    seats: Seats, desk: TravellingDesk
) -> None:
    psid = await desk.customer(UNTAGGED, "Fay Three")
    await desk.customer_writes(psid, "hello", UNTAGGED)
    pages = []
    for name in ("Ole One", "Ove Two"):
        page = await (await seats.person(name)).signed_in()
        await page.get_by_role("link", name="Open").click()
        await page.get_by_role("row", name="Fay Three").click()
        await expect(page.get_by_role("button", name="Take it")).to_be_visible()
        pages.append(page)
    await asyncio.gather(*(page.get_by_role("button", name="Take it").click() for page in pages))
    for page in pages:
        await expect(page.get_by_role("button", name="Take it")).to_have_count(0)
    winner = (await desk.conversation_of(psid))["agent"]["name"]
    other = pages[1 if winner == "Ole One" else 0]
    await expect(other.get_by_text(f"{winner} has this conversation.")).to_be_visible()
    await expect(other.get_by_role("button", name="Send", exact=True)).to_have_count(0)
