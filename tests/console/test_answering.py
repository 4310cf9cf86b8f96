"""An agent takes a conversation, answers it and ends it, in the console alone."""

import re

import pytest
from playwright.async_api import Page, expect

from support.console import Seats, take_new_customer
from support.travelling import UNTAGGED, TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _reply(page: Page, text: str) -> None:
    await page.get_by_placeholder("Write a reply…").fill(text)
    await page.get_by_role("button", name="Send", exact=True).click()


async def test_c01_a_customers_message_is_answered_and_the_next_one_appears_by_itself(
    seats: Seats, desk: TravellingDesk
) -> None:
    seat = await seats.person("Mia Main")
    page, psid = await take_new_customer(seat, desk, "Ada One")
    thread = page.get_by_role("log", name="Messages")
    await _reply(page, "I am looking into it.")
    await expect(thread.get_by_text("I am looking into it.")).to_be_visible()
    await expect(thread.get_by_text(re.compile("✓+ (sent|delivered|read)")).last).to_be_visible()
    await expect(page.get_by_placeholder("Write a reply…")).to_have_value("")
    await desk.customer_writes(psid, "Thank you!", UNTAGGED)
    await expect(thread.get_by_text("Thank you!")).to_be_visible()
    said = (await desk.meta.get(f"/_sandbox/threads/{UNTAGGED}/{psid}")).json()["messages"]
    assert [each["text"] for each in said if each.get("text") == "I am looking into it."] == [
        "I am looking into it."
    ]


async def test_c20_end_asks_goes_into_wrap_up_and_is_completed(seats: Seats, desk: TravellingDesk) -> None:
    page, _ = await take_new_customer(await seats.person("Eva End"), desk, "Ada Two")
    await page.get_by_role("button", name="End…").click()
    await page.get_by_role("button", name="End conversation").click()
    await page.get_by_role("button", name="Complete").click()
    await expect(page.get_by_text("Closed.", exact=True)).to_be_visible()


async def _offer(desk: TravellingDesk, agent_id: str, name: str) -> None:
    psid = await desk.customer(UNTAGGED, name)
    await desk.customer_writes(psid, "hello", UNTAGGED)
    conversation_id = (await desk.conversation_of(psid))["id"]
    assigned = await desk.api.post(f"/v1/conversations/{conversation_id}/assign", json={"agent_id": agent_id})
    assigned.raise_for_status()


async def test_keys_answer_the_first_offer_alone(seats: Seats, desk: TravellingDesk) -> None:
    seat = await seats.person("Otto Offers")
    page = await seat.signed_in()
    for name in ("Ada Five", "Ada Six"):
        await _offer(desk, seat.agent_id, name)
    offers = page.get_by_role("region", name=re.compile("^Offer: "))
    await expect(offers).to_have_count(2)
    await page.keyboard.press("Alt+a")
    await expect(page.get_by_role("heading", name=re.compile("^Ada"))).to_be_visible()
    await expect(offers).to_have_count(1)
    own = (await desk.api.get("/v1/conversations", params={"agent_id": seat.agent_id})).json()["items"]
    assert sorted(each["phase"] for each in own) == ["awaiting_acceptance", "in_conversation"]


async def test_c17_an_offer_is_accepted_and_its_conversation_opens(
    seats: Seats, desk: TravellingDesk
) -> None:
    seat = await seats.person("Olga Offer")
    page = await seat.signed_in()
    await _offer(desk, seat.agent_id, "Ada Four")
    offer = page.get_by_role("region", name="Offer: Ada Four")
    await expect(offer.get_by_role("timer")).to_be_visible()
    await page.keyboard.press("Alt+a")
    await expect(page.get_by_role("heading", name="Ada Four")).to_be_visible()
    await expect(offer).to_have_count(0)
    await expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
