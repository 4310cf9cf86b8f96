"""Each kind of an agent's message reaches the customer as it was given, and what they tap comes back."""

from typing import Any

import httpx
import pytest

from support.store import PAGE_A
from support.whole import Whole

pytestmark = [pytest.mark.dev_server, pytest.mark.asyncio(loop_scope="session")]

QUICK_REPLIES = [
    {"content_type": "text", "title": "Size M", "payload": "SIZE_M"},
    {"content_type": "text", "title": "Size L", "payload": "SIZE_L"},
    {"content_type": "user_email"},
]
BUTTONS = {
    "template_type": "button",
    "text": "How shall we go on?",
    "buttons": [
        {"type": "web_url", "title": "Shop", "url": "https://shop.test/"},
        {"type": "postback", "title": "Call me", "payload": "CALL_ME"},
        {"type": "phone_number", "title": "Call us", "payload": "+15105559999"},
    ],
}
CARDS = {
    "template_type": "generic",
    "elements": [
        {
            "title": "Blue jacket",
            "subtitle": "Size M",
            "image_url": "https://shop.test/jacket.png",
            "default_action": {"type": "web_url", "url": "https://shop.test/jacket"},
            "buttons": [{"type": "postback", "title": "Take it", "payload": "TAKE_IT"}],
        },
        {"title": "Red jacket", "subtitle": "Size L"},
    ],
}


async def _picked(product: Whole) -> tuple[str, dict[str, Any], str]:
    """A new customer who wrote, their conversation in the hands of the admin, and the mid."""
    psid = await product.customer()
    mid = await product.says(psid, "Is the jacket still there?")
    conversation = await product.conversation_of(psid)
    (await product.act(conversation["id"], "pick")).raise_for_status()
    return psid, (await product.conversation_of(psid)), mid


async def _sends(product: Whole, conversation_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Say it and wait until it was delivered."""
    answer = await product.api.post(
        f"/v1/conversations/{conversation_id}/messages",
        json=body,
        headers={"Idempotency-Key": repr(body)[:99]},
    )
    assert answer.status_code == 201, answer.text
    return await product.message_with(conversation_id, id=answer.json()["id"], status="delivered")


async def _newest(product: Whole, psid: str) -> dict[str, Any]:
    """What the customer sees last."""
    thread = (await product.meta.get(f"/_sandbox/threads/{PAGE_A}/{psid}")).json()
    newest: dict[str, Any] = thread["messages"][-1]
    return newest


async def _acts(product: Whole, psid: str, action: str, **body: Any) -> httpx.Response:
    answer = await product.meta.post(f"/_sandbox/customers/{PAGE_A}/{psid}/{action}", json=body)
    return answer.raise_for_status()


async def test_quick_replies_go_out_and_a_tap_comes_back_as_title_and_payload(product: Whole) -> None:
    psid, conversation, _ = await _picked(product)
    sent = await _sends(product, conversation["id"], {"text": "Which?", "quick_replies": QUICK_REPLIES})
    assert sent["quick_replies"] == QUICK_REPLIES
    assert sent["session_id"] == conversation["session"]["id"]
    seen = await _newest(product, psid)
    assert (seen["text"], seen["quick_replies"]) == ("Which?", QUICK_REPLIES)

    await _acts(product, psid, "say", quick_reply="SIZE_M")
    tapped = await product.message_with(conversation["id"], text="Size M")
    assert (tapped["kind"], tapped["quick_reply_payload"]) == ("message", "SIZE_M")
    assert tapped["session_id"] == conversation["session"]["id"]


@pytest.mark.parametrize("template", [BUTTONS, CARDS], ids=lambda each: str(each["template_type"]))
async def test_templates_go_out_and_a_tap_comes_back_as_a_postback(
    product: Whole, template: dict[str, Any]
) -> None:
    psid, conversation, _ = await _picked(product)
    sent = await _sends(product, conversation["id"], {"template": template})
    assert (sent["text"], sent["template"]) == (None, template)
    seen = await _newest(product, psid)
    assert [(each["type"], each["payload"]) for each in seen["attachments"]] == [("template", template)]

    await _acts(product, psid, "postback", payload="CALL_ME", title="Call me")
    tapped = await product.message_with(conversation["id"], kind="postback")
    assert (tapped["text"], tapped["quick_reply_payload"]) == ("Call me", "CALL_ME")


async def test_replies_to_a_message_are_joined_to_it_both_ways(product: Whole) -> None:
    psid, conversation, mid = await _picked(product)
    first = await product.message_with(conversation["id"], mid=mid)
    sent = await _sends(product, conversation["id"], {"text": "It is.", "reply_to": first["id"]})
    assert sent["reply_to"] == first["id"]
    assert (await _newest(product, psid))["reply_to"] == mid

    await product.says(psid, "Which one?", reply_to=sent["mid"])
    answered = await product.message_with(conversation["id"], text="Which one?")
    assert answered["reply_to"] == sent["id"]


async def test_the_customer_sees_that_somebody_types_and_has_read(product: Whole) -> None:
    psid, conversation, _ = await _picked(product)
    address = f"/v1/conversations/{conversation['id']}"

    async def shown() -> tuple[bool, bool]:
        thread = (await product.meta.get(f"/_sandbox/threads/{PAGE_A}/{psid}")).json()["thread"]
        return thread["typing"], bool(thread["seen_ms"])

    assert await shown() == (False, False)
    (await product.api.post(f"{address}/typing")).raise_for_status()
    (await product.api.post(f"{address}/seen")).raise_for_status()
    assert await shown() == (True, True)
    (await product.api.post(f"{address}/typing", json={"on": False})).raise_for_status()
    assert await shown() == (False, True)
