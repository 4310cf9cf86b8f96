"""A customer answers a survey, once or again, with what was offered or with what never was."""

from typing import Any

from support.sandbox_driver import PAGE, PSID, Messenger, Receiver

OFFERED = [
    {"content_type": "text", "title": f"{score} stars", "payload": f"RATE:{score}"} for score in range(1, 6)
]
FEEDBACK = {
    "template_type": "customer_feedback",
    "title": "Rate us",
    "business_privacy": {"url": "https://shop.test/privacy"},
    "feedback_screens": [{"questions": [{"id": "q_1", "type": "nps", "title": "Would you tell others?"}]}],
}


async def window(messenger: Messenger) -> dict[str, Any]:
    thread = await messenger.look(f"/threads/{PAGE}/{PSID}")
    opened: dict[str, Any] = thread["thread"]["window"]
    return opened


async def test_a_button_may_be_tapped_again_and_a_forged_one_too(
    messenger: Messenger, receiver: Receiver
) -> None:
    await messenger.act("say", text="hello")
    await messenger.send(message={"text": "How was it?", "quick_replies": OFFERED})
    for payload in ("RATE:5", "RATE:5", "RATE:1", "RATE:99"):
        await messenger.act("say", quick_reply=payload)
    await messenger.settle()
    taps = [event["message"] for event in receiver.events("message")][-4:]
    assert [(tap["text"], tap["quick_reply"]["payload"]) for tap in taps] == [
        ("5 stars", "RATE:5"),
        ("5 stars", "RATE:5"),
        ("1 stars", "RATE:1"),
        ("RATE:99", "RATE:99"),
    ]
    assert len({tap["mid"] for tap in taps}) == 4
    assert (await window(messenger))["opened_by"] == "quick_reply"


async def test_the_feedback_template_may_be_answered_again_and_opens_nothing(
    messenger: Messenger, receiver: Receiver
) -> None:
    await messenger.act("say", text="hello")
    await messenger.advance(25 * 3600)
    before = await window(messenger)
    await messenger.send(
        message={"attachment": {"type": "template", "payload": FEEDBACK}},
        messaging_type="MESSAGE_TAG",
        tag="CUSTOMER_FEEDBACK",
    )
    for question_id, score in (("q_1", "9"), ("q_1", "2"), ("q_forged", "9")):
        await messenger.act("feedback", question_id=question_id, payload=score, kind="nps", comment="Fine")
    await messenger.settle()
    screens = [
        event["messaging_feedback"]["feedback_screens"][0] for event in receiver.events("messaging_feedback")
    ]
    follow_up = {"type": "free_form", "payload": "Fine"}
    assert [screen["questions"] for screen in screens] == [
        {"q_1": {"type": "nps", "payload": "9", "follow_up": follow_up}},
        {"q_1": {"type": "nps", "payload": "2", "follow_up": follow_up}},
        {"q_forged": {"type": "nps", "payload": "9", "follow_up": follow_up}},
    ]
    assert await window(messenger) == before
