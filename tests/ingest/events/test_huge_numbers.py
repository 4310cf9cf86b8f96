"""A number beyond 64 bits, which our JSON library refuses to write, sets no event aside."""

import json

from store.tables import EarlyChange, Message, UnroutedEvent
from support.intake import Intake
from support.store import payload, rows

HUGE = 2**64


async def test_a_message_with_a_huge_number_in_an_attachment_is_a_message(intake: Intake) -> None:
    body = payload("text_single.json")
    attachment = {"type": "ig_reel", "payload": {"url": "https://instagram.test/reel", "reel_video_id": HUGE}}
    body["entry"][0]["messaging"][0]["message"]["attachments"] = [attachment]
    await intake.receive(json.dumps(body).encode())

    await intake.route_new()

    (message,) = await rows(intake.store, Message)
    assert message.attachments[0]["payload"]["reel_video_id"] == str(HUGE)
    assert await rows(intake.store, UnroutedEvent) == []


async def test_an_edit_with_a_huge_number_waits_for_its_message(intake: Intake) -> None:
    body = payload("text_single.json")
    event = body["entry"][0]["messaging"][0]
    event["message_edit"] = {"mid": event.pop("message")["mid"], "text": "edited", "num_edit": HUGE}
    await intake.receive(json.dumps(body).encode())

    await intake.route_new()

    (change,) = await rows(intake.store, EarlyChange)
    assert change.change["number"] == float(HUGE)
