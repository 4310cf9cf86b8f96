"""Keys, the palette, search and what somebody sets for themselves. C45 in part."""

import re

import pytest
from playwright.async_api import expect

from support.console import PASSWORD, Seats, take_new_customer
from support.travelling import TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_c45_single_keys_act_outside_fields_alone_and_can_be_switched_off(
    seats: Seats, desk: TravellingDesk
) -> None:
    page, _ = await take_new_customer(await seats.person("Kira Keys"), desk, "Edna One")
    field = page.get_by_placeholder("Write a reply…")
    await field.press_sequentially("g m ? t")
    await expect(field).to_have_value("g m ? t")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("heading", name="Edna One").click()
    await page.keyboard.press("t")
    await expect(page.get_by_role("dialog", name="Transfer to whom?")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("r")
    await expect(field).to_be_focused()
    await page.get_by_role("heading", name="Edna One").click()
    await page.keyboard.press("?")
    await page.get_by_role("dialog", name="Keys").get_by_role("link").click()
    await page.get_by_text("Single letters do something outside fields").click()
    await page.keyboard.press("Tab")
    await page.keyboard.press("g")
    await page.keyboard.press("m")
    await expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("checkbox", name=re.compile("^Single letters"))).not_to_be_checked()


async def test_c45_a_key_is_another_where_one_wants_and_no_two_are_the_same(seats: Seats) -> None:
    page = await (await seats.person("Remo Remaps")).signed_in()
    await page.get_by_role("link", name="Settings").click()
    search = page.get_by_role("textbox", name="Search", exact=True)
    await search.fill("n")
    await search.blur()
    await expect(page.get_by_role("alert")).to_have_text("These are of: Write a note")
    await search.fill("x")
    await search.blur()
    await page.get_by_role("heading", name="Settings").click()
    await page.keyboard.press("x")
    await expect(page.get_by_role("heading", name="Search")).to_be_visible()


async def test_the_palette_finds_actions_and_says_why_one_is_not_possible(
    seats: Seats, desk: TravellingDesk
) -> None:
    page, _ = await take_new_customer(await seats.person("Pola Palette"), desk, "Edna Two")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("reop")
    item = page.get_by_role("menuitem", name="Reopen")
    await expect(item).to_have_accessible_description("Not possible while it is: Active")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("wait")
    await expect(page.get_by_role("menuitem", name="Waiting")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("You closed the session")).to_be_visible()


async def test_search_marks_what_it_found_and_opens_the_conversation(
    seats: Seats, desk: TravellingDesk
) -> None:
    page, psid = await take_new_customer(await seats.person("Sven Search"), desk, "Edna Three")
    await desk.customer_writes(psid, "My <b>lamp</b> arrived broken")
    await page.get_by_role("heading", name="Edna Three").click()
    await page.keyboard.press("/")
    await page.get_by_placeholder(re.compile("^Words of messages")).fill("broken lam")
    hit = page.get_by_role("list", name="Found").get_by_role("listitem").first
    await expect(hit).to_contain_text("My <b>lamp</b> arrived broken")
    assert await hit.locator("mark").all_inner_texts() == ["lam", "broken"]
    await expect(page).to_have_url(re.compile(r"search\?q=broken"))
    await hit.get_by_role("link").click()
    await expect(page.get_by_role("heading", name="Edna Three")).to_be_visible()
    await page.go_back()
    await expect(hit).to_be_visible()


async def test_theme_language_and_password_are_ones_own(seats: Seats) -> None:
    seat = await seats.person("Thea Theme")
    page = await seat.signed_in()
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_text("Dark", exact=True).click()
    assert await page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    await page.get_by_label("Present password").fill("wrong")
    await page.get_by_label("New password").fill("another long battery")
    await page.get_by_role("button", name="Change password").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Present password").fill(PASSWORD)
    await page.get_by_role("button", name="Change password").click()
    await expect(page.get_by_text("Your password is changed.")).to_be_visible()
    await page.get_by_text("Deutsch", exact=True).click()
    await expect(page.get_by_role("heading", name="Einstellungen")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Einstellungen")).to_be_visible()
    assert await page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
