"""What agents write: notes, quick replies, answers to one message, and the keys that send."""

import pytest
from playwright.async_api import Page, expect

from support.console import Seats, take_new_customer
from support.travelling import UNTAGGED, TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")

REPLY, NOTE = "Write a reply…", "Write a note…"


async def _said(desk: TravellingDesk, psid: str) -> list[str]:
    """What the customer has got from the page's people, in its order."""
    await desk.settled()
    thread = (await desk.meta.get(f"/_sandbox/threads/{UNTAGGED}/{psid}")).raise_for_status().json()
    return [
        each["text"] for each in thread["messages"] if each.get("from") != "customer" and each.get("text")
    ]


async def test_a_note_has_its_own_draft_and_never_goes_to_the_customer(
    seats: Seats, desk: TravellingDesk
) -> None:
    page, psid = await take_new_customer(await seats.person("Nora Note"), desk, "Cy One")
    await page.get_by_placeholder(REPLY).fill("half a reply")
    await page.get_by_role("heading", name="Cy One").click()
    await page.keyboard.press("n")
    field = page.get_by_placeholder(NOTE)
    await expect(field).to_be_focused()
    await expect(field).to_have_value("")
    await field.fill("The carrier lost it.")
    await page.get_by_role("button", name="Add note").click()
    thread = page.get_by_role("log", name="Messages")
    await expect(thread.get_by_text("Note by You · only your team sees this")).to_be_visible()
    await expect(thread.get_by_text("The carrier lost it.")).to_be_visible()
    await expect(field).to_have_value("")
    await page.get_by_role("radio", name="Reply").click()
    await expect(page.get_by_placeholder(REPLY)).to_have_value("half a reply")
    assert "The carrier lost it." not in await _said(desk, psid)


async def test_a_colleagues_note_appears_by_itself(seats: Seats, desk: TravellingDesk) -> None:
    page, psid = await take_new_customer(await seats.person("Nils Note"), desk, "Cy Two")
    conversation_id = (await desk.conversation_of(psid))["id"]
    note = {"text": "Second parcel is on its way."}
    (await desk.api.post(f"/v1/conversations/{conversation_id}/notes", json=note)).raise_for_status()
    await expect(page.get_by_text("Second parcel is on its way.")).to_be_visible()


async def _with_quick_replies(desk: TravellingDesk) -> None:
    for slug, title, text in (
        ("order-late", "Order is late", "Dear {CustomerName|customer}, your order is late."),
        ("order-lost", "Order is lost", "Your order is lost."),
        ("bye", "Goodbye", "Goodbye!"),
    ):
        reply = {
            "slug": slug,
            "title": title,
            "texts": {"en": text},
            "fallback_language": "en",
            "tags": ["order"] if slug != "bye" else [],
        }
        (await desk.api.post("/v1/quick-replies", json=reply | {"personal": False})).raise_for_status()


async def test_a_slash_offers_quick_replies_and_enter_puts_one_at_the_caret(
    seats: Seats, desk: TravellingDesk
) -> None:
    await _with_quick_replies(desk)
    page, _ = await take_new_customer(await seats.person("Quirin Quick"), desk, "Cy Three")
    field = page.get_by_placeholder(REPLY)
    await field.fill("Hello.  See you!")
    for _ in range(len(" See you!")):
        await field.press("ArrowLeft")
    await field.press_sequentially("/ord")
    options = page.get_by_role("listbox", name="Quick replies").get_by_role("option")
    await expect(options).to_have_count(2)
    await expect(options.first).to_contain_text("Dear Cy")
    await field.press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    await field.press("Enter")
    await expect(field).to_have_value("Hello. Your order is lost. See you!")
    assert await field.evaluate("field => field.selectionStart") == len("Hello. Your order is lost.")
    await field.fill("/#order")
    await expect(options).to_have_count(2)
    await field.press("Escape")
    await expect(options).to_have_count(0)
    await expect(field).to_have_value("/#order")


async def _press_enter_while_composing(page: Page) -> None:
    await page.get_by_placeholder(REPLY).dispatch_event(
        "keydown", {"key": "Enter", "ctrlKey": True, "isComposing": True, "keyCode": 229}
    )


async def test_c48_keys_send_and_an_input_methods_enter_does_not(seats: Seats, desk: TravellingDesk) -> None:
    page, psid = await take_new_customer(await seats.person("Kai Keys"), desk, "Cy Four")
    field = page.get_by_placeholder(REPLY)
    await field.fill("こんにちは")
    await _press_enter_while_composing(page)
    await field.press("Enter")
    await expect(field).to_have_value("こんにちは\n")
    await field.press("Control+Enter")
    await expect(field).to_have_value("")
    await page.get_by_role("button", name="How Enter works").click()
    await page.get_by_role("menuitemcheckbox", name="Enter sends").click()
    await page.keyboard.press("Escape")
    await field.fill("second")
    await field.press("Enter")
    await expect(field).to_have_value("")
    await field.fill("the last one")
    await field.press("Control+Shift+Enter")
    await expect(page.get_by_text("You closed the session")).to_be_visible()
    assert [each for each in await _said(desk, psid) if each in ("こんにちは", "second", "the last one")] == [
        "こんにちは",
        "second",
        "the last one",
    ]


async def test_c43_an_emoji_is_found_by_its_name_and_put_at_the_caret(
    seats: Seats, desk: TravellingDesk
) -> None:
    page, _ = await take_new_customer(await seats.person("Emil Face"), desk, "Cy Six")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    field = page.get_by_placeholder(REPLY)
    await field.fill("Your parcel  is on its way")
    for _ in range(len(" is on its way")):
        await field.press("ArrowLeft")
    await page.get_by_role("button", name="Emoji", exact=True).click()
    await page.get_by_role("searchbox", name="Find an emoji").fill("rocket")
    await page.get_by_role("gridcell", name="Rocket").click()
    await expect(field).to_have_value("Your parcel 🚀 is on its way")
    await expect(field).to_be_focused()
    assert [each for each in asked if not each.startswith(page.url.split("/console/")[0])] == []
