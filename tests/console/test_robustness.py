"""Nothing that an agent wrote is lost or sent twice, whatever breaks in between."""

import re

import pytest
from playwright.async_api import Page, Route, expect

from support.console import PASSWORD, Seats, take_new_customer
from support.cut_network import network_to
from support.travelling import UNTAGGED, TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")

_MESSAGES = re.compile(r"/v1/conversations/[^/]+/messages$")


async def _send(page: Page, text: str) -> None:
    await page.get_by_placeholder("Write a reply…").fill(text)
    await page.get_by_role("button", name="Send", exact=True).click()


async def _sent(page: Page, text: str) -> None:
    bubble = page.get_by_role("log", name="Messages").get_by_role("article").filter(has_text=text)
    await expect(bubble.get_by_text(re.compile("sent|delivered"))).to_have_count(1)


async def _received(desk: TravellingDesk, psid: str) -> list[str]:
    """What the page has sent the customer, as Meta has it, without greetings."""
    thread = (await desk.meta.get(f"/_sandbox/threads/{UNTAGGED}/{psid}")).raise_for_status().json()
    said = [message["text"] for message in thread["messages"] if message["from_page"]]
    return [text for text in said if not text.startswith("Hello, and thank you")]


async def test_c33_a_reload_while_a_reply_is_sent_sends_it_once(seats: Seats, desk: TravellingDesk) -> None:
    page, psid = await take_new_customer(await seats.person("Rosa Reload"), desk, "Ida One")

    async def lose_the_answer(route: Route) -> None:
        if route.request.method == "POST":
            await route.fetch()  # it arrives at the desk, and nobody hears of it
        await route.abort()

    await page.route(_MESSAGES, lose_the_answer)
    await _send(page, "once, please")
    bubble = page.get_by_role("log", name="Messages").get_by_text("once, please")
    await expect(bubble).to_be_visible()
    await desk.settled()
    await page.unroute_all(behavior="ignoreErrors")
    await page.reload()
    await expect(bubble).to_have_count(1)
    await _sent(page, "once, please")
    await desk.settled()
    assert await _received(desk, psid) == ["once, please"]


async def test_c34_a_session_that_ends_while_one_types_costs_no_word(
    seats: Seats, desk: TravellingDesk
) -> None:
    seat = await seats.person("Sara Session")
    page, psid = await take_new_customer(seat, desk, "Ida Two")
    await page.get_by_placeholder("Write a reply…").fill("typed before it ended")
    await seat.context.clear_cookies()
    await page.get_by_role("button", name="Send", exact=True).click()
    dialog = page.get_by_role("alertdialog")
    await dialog.get_by_label("Password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Sign in").click()
    await expect(dialog).to_have_count(0)
    await _sent(page, "typed before it ended")
    await desk.settled()
    assert await _received(desk, psid) == ["typed before it ended"]


async def test_c31_what_was_said_while_the_network_was_away_is_there_once_it_is_back(
    seats: Seats, desk: TravellingDesk
) -> None:
    async with network_to(desk.settings.port) as network:
        seat = await seats.person("Nora Network", address=network.address)
        page, psid = await take_new_customer(seat, desk, "Ida Three")
        messages = page.get_by_role("log", name="Messages")
        network.cut()
        for number in range(10):
            await desk.says(psid, f"meanwhile {number}", UNTAGGED)
        await desk.settled()
        await expect(page.get_by_text(re.compile("^Not connected"))).to_be_visible()
        await _send(page, "written without a network")
        network.mend()
        for number in range(10):
            await expect(messages.get_by_text(f"meanwhile {number}", exact=True)).to_have_count(1)
        await expect(messages.get_by_text("written without a network")).to_have_count(1)
        await _sent(page, "written without a network")
        await desk.settled()
        assert await _received(desk, psid) == ["written without a network"]


async def test_c35_who_serves_the_queue_no_more_sees_its_conversations_no_more(
    seats: Seats, desk: TravellingDesk
) -> None:
    seat = await seats.person("Quentin Queue")
    queue = (await desk.api.post("/v1/queues", json={"name": "Returns"})).raise_for_status().json()["id"]
    membership = f"/v1/queues/{queue}/members/{seat.agent_id}"
    (await desk.api.put(membership)).raise_for_status()
    page = await seat.signed_in()
    conversation_id = await desk.picked(await desk.customer(UNTAGGED, "Ida Four"))
    moved = await desk.api.post(f"/v1/conversations/{conversation_id}/transfer", json={"queue_id": queue})
    moved.raise_for_status()
    await page.get_by_role("link", name="Open").click()
    row = page.get_by_role("row", name="Ida Four")
    await expect(row).to_be_visible()
    (await desk.api.delete(membership)).raise_for_status()
    await expect(row).to_have_count(0)
