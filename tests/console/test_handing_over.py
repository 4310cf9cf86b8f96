"""C20: an agent hands a conversation over, asks for advice, ends it and says what it was about."""

import re

import pytest
from playwright.async_api import Page, expect

from support.console import Seat, Seats, take_new_customer
from support.travelling import TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _present(seats: Seats, name: str) -> tuple[Seat, Page]:
    seat = await seats.person(name)
    return seat, await seat.signed_in()


async def test_c20_a_transfer_names_who_is_there_and_is_offered_to_them(
    seats: Seats, desk: TravellingDesk
) -> None:
    _, theirs = await _present(seats, "Tara Taker")
    page, _ = await take_new_customer(await seats.person("Gil Giver"), desk, "Dana One")
    await page.get_by_role("button", name="Transfer…").click()
    await page.get_by_placeholder("Find a name").fill("tara")
    receiver = page.get_by_role("button", name="Tara Taker")
    await expect(receiver.get_by_text("5 places free")).to_be_visible()
    await receiver.click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await theirs.get_by_role("region", name="Offer: Dana One").get_by_role("button", name="Accept").click()
    await expect(theirs.get_by_role("heading", name="Dana One")).to_be_visible()
    await expect(page.get_by_text("Tara Taker has this conversation.")).to_be_visible()


async def test_c20_who_is_not_there_is_not_asked_and_the_dialog_says_so(
    seats: Seats, desk: TravellingDesk
) -> None:
    await seats.person("Abel Absent")
    page, _ = await take_new_customer(await seats.person("Gus Giver"), desk, "Dana Two")
    await page.get_by_role("button", name="Transfer…").click()
    await page.get_by_placeholder("Find a name").fill("abel")
    await page.get_by_role("button", name=re.compile("Abel Absent")).click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text(
        "This agent is not available now."
    )
    await page.get_by_placeholder("Find a name").fill("")
    await page.get_by_role("tab", name="Queues").click()
    await page.get_by_role("button", name="Default queue").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_text("Nobody has this.")).to_be_visible()


async def test_c20_a_colleague_is_consulted_may_write_and_leaves(seats: Seats, desk: TravellingDesk) -> None:
    _, theirs = await _present(seats, "Cato Consulted")
    page, _ = await take_new_customer(await seats.person("Ana Asker"), desk, "Dana Three")
    await page.get_by_role("button", name="All actions").click()
    await page.get_by_role("menuitem", name="Consult…").click()
    await page.get_by_role("button", name=re.compile("Cato Consulted")).click()
    taking = page.get_by_role("list", name="Taking part")
    await expect(taking.get_by_text("was asked and has not answered yet")).to_be_visible()
    card = theirs.get_by_role("region", name="Ana Asker asks for advice")
    await card.get_by_role("button", name="Read along").click()
    await expect(taking.get_by_text("reads along and advises")).to_be_visible()
    await taking.get_by_role("button", name="Let them write").click()
    await expect(taking.get_by_text("also writes to the customer")).to_be_visible()
    await expect(theirs.get_by_role("button", name="Send", exact=True)).to_be_visible()
    await theirs.get_by_role("list", name="Taking part").get_by_role("button", name="Leave").click()
    await expect(taking).to_have_count(0)


async def test_c20_what_is_not_possible_says_why_to_keyboard_and_screen_reader(
    seats: Seats, desk: TravellingDesk
) -> None:
    page, _ = await take_new_customer(await seats.person("Willi Waits"), desk, "Dana Four")
    wait = page.get_by_role("button", name="Wait", exact=True)
    await wait.click()
    await expect(page.get_by_text("You closed the session")).to_be_visible()
    await expect(wait).to_be_disabled()
    await expect(wait).to_have_accessible_description("Not possible while it is: Waiting")
    await page.get_by_role("link", name="Why?", exact=True).focus()
    await page.keyboard.press("Tab")
    await expect(wait).to_be_focused()
    await expect(page.get_by_role("tooltip", name="Not possible while it is: Waiting").first).to_be_visible()
    await page.get_by_role("button", name="All actions").click()
    await expect(page.get_by_role("menuitem", name="Release")).to_have_accessible_description(
        "Not possible while it is: Waiting"
    )


async def test_c20_end_asks_what_it_was_about_where_the_workstream_wants_it(
    seats: Seats, desk: TravellingDesk
) -> None:
    page, psid = await take_new_customer(await seats.person("Edda Ends"), desk, "Dana Five")
    row = await desk.conversation_of(psid)
    code = {"name": "Delivery", "workstream_id": row["workstream_id"]}
    code_id = (await desk.api.post("/v1/disposition-codes", json=code)).raise_for_status().json()["id"]
    address = f"/v1/workstreams/{row['workstream_id']}"
    (await desk.api.patch(address, json={"disposition_required": True})).raise_for_status()
    try:
        await page.reload()
        await page.get_by_role("button", name="End…").click()
        end = page.get_by_role("button", name="End conversation")
        await expect(page.get_by_role("dialog").get_by_text("This page asks for no survey.")).to_be_visible()
        await expect(end).to_be_disabled()
        await page.get_by_role("button", name=re.compile("What was it about")).click()
        await page.get_by_role("option", name="Delivery").click()
        await page.get_by_label("Note for your team").fill("The carrier lost it.")
        await end.click()
        await page.get_by_role("button", name="Complete").click()
        await expect(page.get_by_text("Closed.", exact=True)).to_be_visible()
    finally:
        (await desk.api.patch(address, json={"disposition_required": False})).raise_for_status()
    ended = (await desk.api.get(f"/v1/conversations/{row['id']}")).json()
    notes = (await desk.api.get(f"/v1/conversations/{row['id']}/notes")).json()["items"]
    assert ended["disposition_code_id"] == code_id
    assert [each["text"] for each in notes] == ["The carrier lost it."]
