"""What a person does: the event that is told, the field it needs, the window it opens."""

from typing import Any

import orjson
import pytest

from sandbox import wire
from sandbox.customer import LIKE_STICKER
from support.paths import PAYLOADS
from support.sandbox_driver import APP, PAGE, PSID, Messenger, Receiver

DELIVERIES = {path.stem: path.read_bytes() for path in sorted(PAYLOADS.glob("*.json"))}
FIRST = "mid of the first message"
SHORTLINK = {"ref": "qr", "source": "SHORTLINK", "type": "OPEN_THREAD"}

# (action, what it is given, the event's key, what is in it, what it opens)
ACTIONS: list[tuple[str, dict[str, Any], str, dict[str, Any], str]] = [
    ("say", {"text": "hi"}, "message", {"text": "hi"}, "message"),
    (
        "say",
        {"attachments": [{"type": "image", "url": "https://cdn.test/a.png"}]},
        "message",
        {"attachments": [{"type": "image", "payload": {"url": "https://cdn.test/a.png"}}]},
        "message",
    ),
    ("say", {"text": "yes", "reply_to": FIRST}, "message", {"text": "yes"}, "message"),
    (
        "say",
        {"quick_reply": "RED"},
        "message",
        {"text": "RED", "quick_reply": {"payload": "RED"}},
        "quick_reply",
    ),
    ("say", {"text": "ad?", "referral": {"source": "ADS", "ad_id": "1"}}, "message", {}, "ad_message"),
    (
        "postback",
        {"title": "Help", "payload": "HELP"},
        "postback",
        {"title": "Help", "payload": "HELP"},
        "postback",
    ),
    ("react", {"mid": FIRST}, "reaction", {"reaction": "love", "emoji": "❤️", "action": "react"}, "reaction"),
    ("react", {"mid": FIRST, "action": "unreact"}, "reaction", {"action": "unreact"}, "message"),
    ("edit", {"mid": FIRST, "text": "hello!"}, "message_edit", {"text": "hello!", "num_edit": 1}, "message"),
    ("optin", {"ref": "checkout"}, "optin", {"ref": "checkout"}, "plugin_optin"),
    ("optin", {"type": "notification_messages", "title": "Deals"}, "optin", {"title": "Deals"}, "message"),
    ("referral", {"ref": "qr"}, "referral", SHORTLINK, "m_me_link"),
    ("referral", {"ref": "ad", "source": "ADS", "ad_id": "1"}, "referral", {"source": "ADS"}, "message"),
    ("read", {}, "read", {}, "message"),
    ("feedback", {"question_id": "q_1", "payload": "5"}, "messaging_feedback", {}, "message"),
]


@pytest.mark.parametrize("case", ACTIONS, ids=[f"{case[0]}-{case[4]}" for case in ACTIONS])
async def test_an_action_is_told_and_opens_what_it_should(
    messenger: Messenger, receiver: Receiver, case: tuple[str, dict[str, Any], str, dict[str, Any], str]
) -> None:
    action, given, key, content, opens = case
    first = (await messenger.act("say", text="hello"))["mid"]
    await messenger.advance(60)
    await messenger.act(action, **{name: first if value == FIRST else value for name, value in given.items()})
    await messenger.settle()
    event = receiver.events()[-1]
    assert event["sender"] == {"id": PSID}
    assert event["recipient"] == {"id": PAGE}
    assert event["timestamp"] == messenger.world.clock.now_ms()
    assert content.items() <= event[key].items()
    window = (await messenger.look(f"/threads/{PAGE}/{PSID}"))["thread"]["window"]
    assert window["opened_by"] == opens


async def test_an_offered_quick_reply_is_tapped_by_its_payload(
    messenger: Messenger, receiver: Receiver
) -> None:
    await messenger.act("say", text="hello")
    offered = [{"content_type": "text", "title": "Green", "payload": "PICK:GREEN"}]
    await messenger.send(message={"text": "which?", "quick_replies": offered})
    await messenger.act("say", quick_reply="PICK:GREEN")
    await messenger.settle()
    assert receiver.events()[-1]["message"]["text"] == "Green"
    assert receiver.events()[-1]["message"]["quick_reply"] == {"payload": "PICK:GREEN"}


async def test_a_sticker_comes_alone(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.act("say", sticker_id=LIKE_STICKER)
    await messenger.settle()
    message = receiver.events()[0]["message"]
    assert [item["type"] for item in message["attachments"]] == ["sticker"]
    assert message["attachments"][0]["payload"]["sticker_id"] == LIKE_STICKER


async def test_a_link_before_the_first_word_rides_on_it(messenger: Messenger, receiver: Receiver) -> None:
    assert (await messenger.act("referral", ref="qr"))["pending"]
    await messenger.act("postback", title="Get Started", payload="GET_STARTED")
    await messenger.settle()
    assert len(receiver.requests) == 1
    assert receiver.events("postback")[0]["postback"]["referral"] == SHORTLINK


async def test_a_referral_shows_only_with_its_own_field(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.control("/pages", page_id=PAGE, app_id=APP, subscribed_fields=["messages"])
    await messenger.act("say", text="hi", referral={"source": "ADS", "ad_id": "1"})
    await messenger.settle()
    assert "referral" not in receiver.events()[0]["message"]


async def test_all_devices_write_into_one_thread(messenger: Messenger, receiver: Receiver) -> None:
    devices = ["phone", "computer", "messenger.com", "page widget"]
    for device in devices:
        await messenger.act("say", text=device, device=device)
    await messenger.settle()
    assert {event["sender"]["id"] for event in receiver.events()} == {PSID}
    messages = (await messenger.look(f"/threads/{PAGE}/{PSID}"))["messages"]
    assert [message["device"] for message in messages] == devices


async def test_a_message_is_edited_five_times_at_most(messenger: Messenger) -> None:
    mid = (await messenger.act("say", text="hello"))["mid"]
    for number in range(5):
        await messenger.act("edit", mid=mid, text=f"hello {number}")
    answer = await messenger.client.post(
        f"/_sandbox/customers/{PAGE}/{PSID}/edit", json={"mid": mid, "text": "again"}
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [
        ("say", {}, 400),
        ("say", {"txt": "typo"}, 400),
        ("say", {"text": "x", "device": "fridge"}, 400),
        ("say", {"text": "x", "reply_to": "m_unknown"}, 404),
        ("say", {"attachments": [{"type": "gif"}]}, 400),
        ("react", {"mid": "m_unknown"}, 404),
        ("referral", {"source": "NEWSPAPER"}, 400),
        ("fly", {}, 400),
    ],
)
async def test_impossible_actions_are_refused_with_a_reason(
    messenger: Messenger, action: str, body: dict[str, Any], status: int
) -> None:
    answer = await messenger.client.post(f"/_sandbox/customers/{PAGE}/{PSID}/{action}", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]


# -- raw ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DELIVERIES)
async def test_every_payload_file_can_be_delivered(
    messenger: Messenger, receiver: Receiver, name: str
) -> None:
    body = orjson.loads(DELIVERIES[name])
    result = await messenger.control("/raw", app_id=APP, body=body)
    assert result["result"] == "2xx"
    assert receiver.requests[0].content == wire.encode(body)
    facts = messenger.ledger("meta")[0]["events"]
    assert len(facts) == sum(
        len(entry.get(name, [])) for entry in body.get("entry", []) for name in ("messaging", "standby")
    )
    assert len({fact["key"] for fact in facts}) == len(facts)


async def test_raw_messages_open_windows_for_people_not_seen_before(messenger: Messenger) -> None:
    body = orjson.loads(DELIVERIES["text_single"])
    body["entry"][0]["messaging"][0]["sender"]["id"] = "4000000000000001"
    await messenger.control("/raw", app_id=APP, body=body, restamp=True)
    assert (await messenger.send(psid="4000000000000001")).status_code == 200


@pytest.mark.parametrize(
    ("timestamp", "stage"),
    [
        (1_795_166_112_000, "human_agent"),
        (1_795_166_112, "human_agent"),
        ("soon", "standard"),
        (0, "standard"),
    ],
)
async def test_a_raw_event_opens_from_its_own_instant_if_it_has_a_sound_one(
    messenger: Messenger, timestamp: Any, stage: str
) -> None:
    event = {
        "sender": {"id": PSID},
        "recipient": {"id": PAGE},
        "timestamp": timestamp,
        "message": {"mid": "m_1"},
    }
    await messenger.control(
        "/raw", app_id=APP, body={"object": "page", "entry": [{"id": PAGE, "messaging": [event]}]}
    )
    assert (await messenger.look(f"/threads/{PAGE}/{PSID}"))["thread"]["window"]["stage"] == stage


async def test_raw_bytes_go_out_as_they_are_and_once_if_badly_signed(
    messenger: Messenger, receiver: Receiver
) -> None:
    receiver.status = 403
    result = await messenger.control("/raw", app_id=APP, body_base64="//4=", signature="wrong")
    assert (result["status"], result["attempts"]) == (403, 1)
    assert receiver.requests[0].content == b"\xff\xfe"
    assert messenger.world.deliveries.idle()
    listing = await messenger.look("/deliveries")
    assert listing["subscriptions"][0]["failing_since"] is None
    await messenger.control("/raw", app_id=APP, body_text="null", signature="missing")
    assert "X-Hub-Signature-256" not in receiver.requests[1].headers
