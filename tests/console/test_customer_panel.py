"""What an agent sees of the customer beside the thread, and does with their contact."""

import re

import pytest
from playwright.async_api import expect

from support.console import Seats, take_new_customer
from support.travelling import TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _contact(desk: TravellingDesk, name: str, **known: str) -> str:
    made = await desk.api.post("/v1/contacts", json={"name": name, **known})
    return str(made.raise_for_status().json()["id"])


async def test_the_panel_tells_the_window_and_the_page_by_name(seats: Seats, desk: TravellingDesk) -> None:
    page, psid = await take_new_customer(await seats.person("Pia Panel"), desk, "Cora One")
    panel = page.get_by_role("complementary", name="Details")
    row = await desk.conversation_of(psid)
    await expect(panel.get_by_text(row["page"]["name"])).to_be_visible()
    window = panel.get_by_role("region", name="Window")
    await expect(window.get_by_text("Opened by a message")).to_be_visible()
    await expect(window.get_by_text("Normal replies until")).to_be_visible()
    shown = await window.locator("time").evaluate_all("all => all.map(each => each.dateTime)")
    assert shown == [row["window"][each] for each in ("opened_at", "standard_until", "human_agent_until")]
    # Berlin, where this browser is: the zone is named.
    assert all("GMT+1" in each or "CET" in each for each in await window.locator("time").all_inner_texts())


async def test_a_contact_is_found_linked_edited_and_unlinked(seats: Seats, desk: TravellingDesk) -> None:
    await _contact(desk, "Cora Cobalt", email="cora@example.com")
    await _contact(desk, "Corbin Cole", email="corbin@example.com")
    page, _ = await take_new_customer(await seats.person("Linus Link"), desk, "Cora Two")
    contact = page.get_by_role("region", name="Contact")
    await contact.get_by_role("button", name="Link…").click()
    await page.get_by_label("Name, email, phone or number").fill("cora")
    await page.get_by_role("button", name="Cora Cobalt").click()
    await expect(contact.get_by_text("cora@example.com")).to_be_visible()
    await contact.get_by_role("button", name="Edit…").click()
    phone = page.get_by_label("Phone")
    await phone.fill("call me")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(phone).to_have_value("call me")
    await phone.fill("+49 30 123456")
    await page.get_by_role("button", name="Save").click()
    await expect(contact.get_by_text("+49 30 123456")).to_be_visible()
    await contact.get_by_role("button", name="Unlink").click()
    await expect(contact.get_by_text("No contact yet")).to_be_visible()


async def test_a_new_contact_begins_with_the_customers_name(seats: Seats, desk: TravellingDesk) -> None:
    page, _ = await take_new_customer(await seats.person("Nora New"), desk, "Cora Three")
    contact = page.get_by_role("region", name="Contact")
    await contact.get_by_role("button", name="New contact…").click()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Cora Three")
    await page.get_by_label("Email").fill("three@example.com")
    await page.get_by_role("button", name="Save").click()
    await expect(contact.get_by_text("three@example.com")).to_be_visible()


async def test_context_variables_and_earlier_conversations_are_shown_as_they_come(
    seats: Seats, desk: TravellingDesk
) -> None:
    page, psid = await take_new_customer(await seats.person("Clio Context"), desk, "Cora Four")
    first = (await desk.conversation_of(psid))["id"]
    panel = page.get_by_role("complementary", name="Details")
    await expect(panel.get_by_text("This is the first conversation.")).to_be_visible()
    told = await desk.api.put(f"/v1/conversations/{first}/context", json={"variables": {"Order": "88120"}})
    told.raise_for_status()
    await expect(panel.get_by_text("88120")).to_be_visible()
    (await desk.act(first, "force-close")).raise_for_status()
    await desk.customer_writes(psid, "me again")
    await page.get_by_role("row", name="Cora Four").click()
    await expect(panel.get_by_text("2 conversations in all")).to_be_visible()
    await panel.get_by_role("link", name=re.compile("Closed$")).click()
    await expect(page).to_have_url(re.compile(first))


async def test_on_a_phone_the_customer_is_a_pane_of_its_own(seats: Seats, desk: TravellingDesk) -> None:
    page, _ = await take_new_customer(await seats.person("Paul Phone"), desk, "Cora Five")
    await page.set_viewport_size({"width": 390, "height": 844})
    panel = page.get_by_role("complementary", name="Details")
    await expect(panel).to_have_count(0)
    await page.get_by_role("link", name="Details").click()
    await expect(panel.get_by_text("Opened by a message")).to_be_visible()
    await expect(page.get_by_placeholder("Write a reply…")).to_be_hidden()
    await page.go_back()
    await expect(page.get_by_placeholder("Write a reply…")).to_be_visible()
