"""The timeline: what happened, and why."""

import re

import pytest
from playwright.async_api import Locator, expect

from support.console import Seats, take_new_customer
from support.travelling import TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_c29_the_timeline_says_why_a_reply_was_refused(seats: Seats, desk: TravellingDesk) -> None:
    seat = await seats.person("Tina Time")
    page, psid = await take_new_customer(seat, desk, "Cleo Cause")
    await page.get_by_role("heading", name="Cleo Cause").click()
    await page.keyboard.press(".")
    entries = page.get_by_role("main").get_by_role("listitem")

    def entry(sentence: str) -> Locator:
        return entries.filter(has=page.get_by_text(sentence, exact=True))

    await expect(entry("Cleo Cause wrote.")).to_be_visible()
    await expect(entry("Tina Time began session 1.")).to_be_visible()

    # It grows while one looks on.
    await desk.travel(hours=25)
    await expect(entries.filter(has_text="Tina Time was warned: the window closes")).to_contain_text(
        "because the workstream warns before the window closes"
    )
    ended = entry("The standard window of 24 hours ended.")
    await expect(ended).to_contain_text("because it opened by a message")

    conversation_id = str((await desk.conversation_of(psid))["id"])
    refused = await desk.reply(conversation_id, "Too late.")
    assert refused.status_code == 409
    await expect(entries.first).to_contain_text(re.compile("^.*Refused: .* wanted this: reply"))

    # A cause is a link, and what hides it gives way.
    await page.get_by_role("button", name="Timers").click()
    await expect(entry("Cleo Cause wrote.")).to_have_count(0)
    await ended.get_by_role("button", name="caused by:").click()
    await expect(entry("Cleo Cause wrote.")).to_be_focused()

    await entries.first.get_by_text("Raw data").click()
    await expect(entries.first.get_by_text('"kind": "command.refused"')).to_be_visible()
    await page.get_by_role("link", name="Back to the conversation").click()
    await expect(page.get_by_placeholder("Write a reply…")).to_be_visible()
