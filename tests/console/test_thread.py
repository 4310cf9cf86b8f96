"""The thread: what others did to it, files both ways, and lines that stay where they are while one reads."""

import pytest
from playwright.async_api import FilePayload, Page, expect

from support.console import Seats, take_new_customer
from support.travelling import UNTAGGED, TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")

REPLY = "Write a reply…"
_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


async def _answered_elsewhere(desk: TravellingDesk, psid: str, **answer: str) -> None:
    body = {"psid": psid, **answer}
    (await desk.meta.post(f"/_sandbox/pages/{UNTAGGED}/answer", json=body)).raise_for_status()
    await desk.settled()


async def test_c22_c24_edits_reactions_quotes_and_answers_from_elsewhere_are_shown_live(
    seats: Seats, desk: TravellingDesk
) -> None:
    page, psid = await take_new_customer(await seats.person("Lia Live"), desk, "Di One")
    thread = page.get_by_role("log", name="Messages")
    mid = await desk.says(psid, "It was due on Tusday.", UNTAGGED)
    await desk.settled()
    await desk.customer_does(psid, "edit", UNTAGGED, mid=mid, text="It was due on Tuesday.")
    await expect(thread.get_by_text("It was due on Tuesday.")).to_be_visible()
    await thread.get_by_role("button", name="show former").click()
    await expect(thread.get_by_text("It was due on Tusday.")).to_be_visible()
    await desk.customer_does(psid, "react", UNTAGGED, mid=mid, reaction="love")
    await expect(thread.get_by_role("img", name="Reactions: love")).to_be_visible()
    await desk.customer_does(psid, "say", UNTAGGED, text="This one I mean", reply_to=mid)
    quote = thread.get_by_role("button", name="Go to the message that is answered to")
    await expect(quote).to_have_text("It was due on Tuesday.")
    line = thread.get_by_role("article").filter(has_text="This one I mean")
    await line.hover()
    await line.get_by_role("button", name="Reply").click()
    field = page.get_by_placeholder(REPLY)
    await expect(field).to_be_focused()
    await field.fill("Yes, that one.")
    await page.get_by_role("button", name="Send", exact=True).click()
    ours = thread.get_by_role("article").filter(has_text="Yes, that one.")
    await expect(ours.get_by_role("button", name="Go to the message that is answered to")).to_have_text(
        "This one I mean"
    )
    await _answered_elsewhere(desk, psid, text="We look into it.")
    answer = thread.get_by_role("article").filter(has_text="We look into it.")
    await expect(answer.get_by_text("Page inbox")).to_be_visible()
    await expect(answer.locator(".bubble")).to_have_css("border-top-style", "dashed")


async def _paste_pictures(page: Page, count: int) -> None:
    """Paste pictures of one name, as screenshots are."""
    await page.get_by_placeholder(REPLY).evaluate(
        """(field, [bytes, count]) => {
            const data = new DataTransfer();
            for (let each = 0; each < count; each += 1) {
                data.items.add(new File([new Uint8Array(bytes)], "image.png", { type: "image/png" }));
            }
            const paste = { clipboardData: data, bubbles: true, cancelable: true };
            field.dispatchEvent(new ClipboardEvent("paste", paste));
        }""",
        [list(_PICTURE), count],
    )


async def test_c23_pasted_pictures_and_a_text_are_all_sent(seats: Seats, desk: TravellingDesk) -> None:
    await desk.api.patch(f"/v1/pages/{UNTAGGED}", json={"attachments_for_agents": True})
    page, psid = await take_new_customer(await seats.person("Fia Files"), desk, "Di Two")
    chips = page.get_by_role("list", name="Files").get_by_role("listitem")
    await _paste_pictures(page, 3)
    await expect(chips).to_have_count(3)
    await expect(page.get_by_text("image-3.png")).to_be_visible()
    wrong: FilePayload = {"name": "run.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"}
    await page.locator("input[type=file]").set_input_files([wrong])
    await expect(chips.filter(has_text="Files of this type are not allowed.")).to_be_visible()
    send = page.get_by_role("button", name="Send", exact=True)
    await expect(send).to_be_disabled()
    await page.get_by_role("button", name="Remove run.exe").click()
    await page.get_by_placeholder(REPLY).fill("Three pictures for you.")
    await expect(page.get_by_text("Goes as 4 messages")).to_be_visible()
    await send.click()
    await expect(chips).to_have_count(0)
    thread = page.get_by_role("log", name="Messages")
    await expect(thread.get_by_role("button", name="Enlarge image")).to_have_count(3)
    await desk.settled()
    seen = (await desk.meta.get(f"/_sandbox/threads/{UNTAGGED}/{psid}")).json()["messages"]
    sent = [each for each in seen if each.get("attachments")]
    assert len(sent) == 3
    await thread.get_by_role("button", name="Enlarge image-2.png").click()
    await expect(page.get_by_role("dialog", name="image-2.png")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_c26_c27_history_stands_still_while_messages_come_and_older_ones_are_loaded(
    seats: Seats, desk: TravellingDesk
) -> None:
    page, psid = await take_new_customer(await seats.person("Rea Reading"), desk, "Di Three")
    for number in range(70):
        await desk.says(psid, f"history {number}", UNTAGGED)
    await desk.settled()
    await page.reload()
    thread = page.get_by_role("log", name="Messages")
    await expect(thread.get_by_text("history 69", exact=True)).to_be_in_viewport()
    anchor = thread.get_by_text("history 40", exact=True)
    await thread.hover()
    for _ in range(30):
        if await anchor.count() and await anchor.is_visible():
            break
        await page.mouse.wheel(0, -200)
        await page.wait_for_timeout(50)
    await expect(anchor).to_be_visible()
    await page.wait_for_timeout(500)
    before = await anchor.bounding_box()
    for number in range(20):
        await desk.says(psid, f"news {number}", UNTAGGED)
    await desk.settled()
    await expect(page.get_by_role("button", name="20 new")).to_be_visible()
    after = await anchor.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) <= 1


async def test_c19_a_reply_that_one_has_not_seen_is_warned_of_before_one_sends(
    seats: Seats, desk: TravellingDesk
) -> None:
    seat = await seats.person("Una Unseen")
    page, psid = await take_new_customer(seat, desk, "Cy Five")
    await desk.says(psid, "\n".join(f"line {number}" for number in range(60)), UNTAGGED)
    await desk.customer_writes(psid, "the last words", UNTAGGED)
    thread = page.get_by_role("log", name="Messages")
    await expect(thread.get_by_text("the last words", exact=True)).to_be_in_viewport()
    await thread.hover()
    await page.mouse.wheel(0, -1000)
    await expect(thread.get_by_text("the last words", exact=True)).not_to_be_in_viewport()
    answer = {"psid": psid, "text": "We have answered from the inbox."}
    (await desk.meta.post(f"/_sandbox/pages/{UNTAGGED}/answer", json=answer)).raise_for_status()
    await expect(page.get_by_role("button", name="1 new")).to_be_visible()
    field = page.get_by_placeholder(REPLY)
    await field.fill("I answer, too.")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_text("There is a reply that you have not seen.")).to_be_visible()
    await expect(field).to_have_value("I answer, too.")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(thread.get_by_text("We have answered from the inbox.")).to_be_in_viewport()
