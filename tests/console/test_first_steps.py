"""The demo in the console: who one is, the card of first steps, the clock in one's hand."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from support.console import PASSWORD, Seats
from support.travelling import UNTAGGED, TravellingDesk, travelling_desk

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TravellingDesk]:
    """A demo whose time is moved in the console, with a survey that is answered in the thread."""
    async with travelling_desk(tmp_path_factory.mktemp("demo"), demo=True) as running:
        survey = {"active": True, "question": "csat", "way": "buttons"}
        (await running.api.put(f"/v1/pages/{UNTAGGED}/survey", json=survey)).raise_for_status()
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def seats(browser: Browser, desk: TravellingDesk) -> AsyncIterator[Seats]:
    """People at the demo."""
    made = Seats(browser, desk, desk.settings.local_url)
    yield made
    await made.close()


async def test_a_demo_asks_who_one_is_and_asks_again_after_signing_out(seats: Seats) -> None:
    await seats.person("Vera", "supervisor")
    page = await (await seats.person("Mia")).tab(
        f"#demo=Mia,Vera:supervisor&password={PASSWORD.replace(' ', '+')}"
    )
    await page.get_by_role("button", name="Vera Supervisor").click()
    await page.get_by_role("link", name="Board").wait_for()
    await page.get_by_role("button", name=re.compile("^Vera")).click()
    assert "demo" not in page.url
    await page.get_by_role("menuitem", name="Sign out").click()
    await page.get_by_role("button", name="Mia Agent").click()
    await page.get_by_role("link", name="Mine").wait_for()
    await page.get_by_role("button", name=re.compile("^Mia")).wait_for()


async def test_c02_the_first_steps_tick_themselves(seats: Seats, desk: TravellingDesk) -> None:
    page = await (await seats.person("Fay First")).signed_in()
    customers = page.get_by_role("link", name="Write as customer")
    await expect(customers).to_have_attribute("href", f"http://localhost:{desk.settings.sandbox_port}")
    assert "127.0.0.1" in page.url, "the sandbox is another host, so that it never gets the cookie"

    await expect(_step(page, "Write as a customer")).to_have_attribute("aria-current", "step")
    psid = await desk.customer(UNTAGGED, "Gus Guide")
    await desk.customer_writes(psid, "hello")
    await _ticked(page, "Write as a customer")

    await page.get_by_role("link", name="Open").click()
    await page.get_by_role("row", name="Gus Guide").click()
    await page.get_by_role("button", name="Take it").click()
    await _ticked(page, "Accept the conversation")

    await page.get_by_placeholder("Write a reply…").fill("Good day.")
    await page.get_by_role("button", name="Send", exact=True).click()
    await _ticked(page, "Answer")

    await page.get_by_role("button", name="+24 h").click()
    sheet = page.get_by_role("dialog")
    await expect(sheet).to_contain_text("The standard window of 24 hours ended.")
    await expect(sheet).to_contain_text("because it opened by a message")
    await sheet.get_by_role("button", name="Go on").click()
    await expect(page.get_by_text("24 hours are over since")).to_be_visible()
    await _ticked(page, "Let 24 hours pass")

    await page.get_by_placeholder("Write a reply…").fill("It has arrived.")
    await page.get_by_role("button", name="Hold").click()
    await _ticked(page, "Hold a reply")

    await desk.customer_writes(psid, "are you there?")
    await _ticked(page, "Write as the customer again")
    await page.get_by_role("button", name="Send now").click()

    await page.get_by_role("button", name="End…").click()
    await page.get_by_role("button", name="End conversation").click()
    await expect(page.get_by_text("Ended. Write your notes, then complete it.")).to_be_visible()
    await _ticked(page, "End it, and answer the survey")
    await desk.settled()
    thread = (await desk.meta.get(f"/_sandbox/threads/{UNTAGGED}/{psid}")).raise_for_status().json()
    assert any(each.get("quick_replies") for each in thread["messages"]), "a survey to answer in the thread"

    await page.get_by_role("link", name="Why?", exact=True).click()
    await _ticked(page, "Read why")
    await expect(page.get_by_text("That was the way of a conversation.")).to_be_visible()

    # Closed, it is found again, and what was done stays done.
    await page.get_by_role("button", name="Close the first steps").click()
    await expect(page.get_by_role("region", name="First steps")).to_have_count(0)
    await page.reload()
    await page.get_by_role("button", name="First steps 8/8").click()
    await expect(page.get_by_role("region", name="First steps")).to_be_visible()


def _step(page: Page, title: str) -> Locator:
    steps = page.get_by_role("region", name="First steps").get_by_role("listitem")
    return steps.filter(has=page.get_by_text(title, exact=True))


async def _ticked(page: Page, title: str) -> None:
    await expect(_step(page, title).get_by_text("✓")).to_be_visible()
