"""Bots, the Page inbox and Meta's own automations beside us, through the whole product."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlmodel import select
from temporalio.client import Client

from sandbox.media import sample_png
from store.tables import Event
from support.eventually import eventually
from support.store import APP_ID, PAGE_A
from support.whole import Whole, whole_product

pytestmark = [pytest.mark.dev_server, pytest.mark.asyncio(loop_scope="session")]

BOT, INBOX = "2045518837702214", "263902037430900"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(9) + b"\xff\xc0\x00\x11\x08\x00\x10\x00\x20" + bytes(40)
GIF = b"GIF89a\x10\x00\x10\x00\x00\x00\x00\x3b"
_LEFT_OUT = select(Event).where(Event.kind == "webhook.fields_left_out")
VOICE = bytes.fromhex("0000001866747970646173680000020069736f366d703431") + bytes(400)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def whole(tmp_path_factory: pytest.TempPathFactory, dev_server: str) -> AsyncIterator[Whole]:
    """One product for this file, with a bot on the page, whose customers may send files."""
    engine = await Client.connect(dev_server)
    async with whole_product(tmp_path_factory.mktemp("others"), engine, serve_files=True) as running:
        bot = {"app_id": BOT, "app_secret": "bot-secret", "name": "Bot", "mode": "live"}
        await control(running, "/apps", **bot)
        switched = await running.api.patch(f"/v1/pages/{PAGE_A}", json={"attachments_for_customers": True})
        switched.raise_for_status()
        yield running


async def control(whole: Whole, path: str, **body: Any) -> Any:
    answer = await whole.meta.post(f"/_sandbox{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def fault(whole: Whole, psid: str, kind: str, **values: Any) -> None:
    await control(whole, "/faults", kind=kind, recipient=psid, events=["message"], times=1, **values)


async def timeline(whole: Whole, conversation_id: str) -> list[dict[str, Any]]:
    answer = await whole.api.get(f"/v1/conversations/{conversation_id}/timeline", params={"limit": 200})
    items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return items


async def told(whole: Whole, conversation_id: str, kind: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        return next((each for each in await timeline(whole, conversation_id) if each["kind"] == kind), None)

    found = await eventually(look)
    assert found is not None
    return found


@pytest.mark.parametrize("previous", [BOT, INBOX, None], ids=["bot", "page inbox", "idle"])
async def test_a_thread_that_is_handed_to_us_opens_with_what_was_said_before(
    whole: Whole, previous: str | None
) -> None:
    await control(whole, "/pages", page_id=PAGE_A, default_app_id=BOT)
    psid = await whole.customer()
    await whole.says(psid, "I want to talk to a person")
    await control(whole, f"/pages/{PAGE_A}/answer", psid=psid, text="One moment, I connect you.", app_id=BOT)
    await control(whole, "/wait", what="delivered_all", timeout=10)
    assert [one for one in await whole.conversations() if one["customer"]["psid"] == psid] == []

    handed = {"psid": psid, "app_id": APP_ID, "previous_app_id": previous, "metadata": "handoff: billing"}
    await control(whole, f"/pages/{PAGE_A}/pass-thread", **handed)
    conversation = await whole.conversation_of(psid)
    assert (conversation["status"], conversation["thread_owner"]["kind"]) == ("open", "us")
    opened = await told(whole, conversation["id"], "conversation.opened")
    assert opened["data"]["reason"] == "handed_over"
    await whole.message_with(conversation["id"], sender_kind="automatic", status="delivered")
    said = [(each["text"], each["direction"]) for each in await whole.messages(conversation["id"])]
    assert said[:2] == [("I want to talk to a person", "inbound"), ("One moment, I connect you.", "outbound")]
    await control(whole, "/pages", page_id=PAGE_A, default_app_id=None)


async def test_a_waiting_conversation_opens_when_the_bot_gives_the_thread_back(whole: Whole) -> None:
    psid = await whole.customer()
    await whole.says(psid, "Hello")
    conversation_id = (await whole.conversation_of(psid))["id"]
    await whole.message_with(conversation_id, sender_kind="automatic", status="delivered")
    for action in ("pick", "close-session"):
        (await whole.act(conversation_id, action)).raise_for_status()
    await control(whole, f"/pages/{PAGE_A}/pass-thread", psid=psid, app_id=BOT)
    await whole.says(psid, "The bot does not understand me")
    await whole.message_with(conversation_id, text="The bot does not understand me")
    assert (await whole.conversation_of(psid))["status"] == "waiting"

    await control(whole, f"/pages/{PAGE_A}/pass-thread", psid=psid, app_id=APP_ID)

    async def is_open() -> bool:
        found = await whole.conversation_of(psid)
        return (found["id"], found["status"]) == (conversation_id, "open")

    await eventually(is_open)


@pytest.mark.parametrize("first", ["standby", "messaging"])
async def test_one_message_in_two_channels_is_one_and_work(whole: Whole, first: str) -> None:
    psid = await whole.customer()
    await fault(whole, psid, "delivery_both_channels", first=first, apart_s=0.3)
    mid = await whole.says(psid, "Is anybody there?")
    conversation = await whole.conversation_of(psid)
    assert conversation["status"] == "open"
    await whole.message_with(conversation["id"], sender_kind="automatic", status="delivered")
    await control(whole, "/wait", what="delivered_all", timeout=10)
    theirs = [each for each in await whole.messages(conversation["id"]) if each["direction"] == "inbound"]
    assert [(each["mid"], each["text"], each["standby"]) for each in theirs] == [
        (mid, "Is anybody there?", False)
    ]


async def test_the_pages_instant_reply_is_shown_and_is_no_answer(whole: Whole) -> None:
    await control(whole, f"/pages/{PAGE_A}/instant-reply", text="Thanks for writing! We answer within a day.")
    psid = await whole.customer()
    await whole.says(psid, "My order never came.")
    conversation_id = (await whole.conversation_of(psid))["id"]
    shown = await whole.message_with(conversation_id, text="Thanks for writing! We answer within a day.")
    assert (shown["sender_kind"], shown["direction"]) == ("outside", "outbound")
    outside = await told(whole, conversation_id, "message.received_from_outside")
    assert outside["data"]["is_answer"] is False
    await control(whole, f"/pages/{PAGE_A}/instant-reply", text=None)


@pytest.mark.parametrize(
    ("fields", "left_out"),
    [
        ({"message": {"referral": []}}, "message.referral"),
        ({"message": {"quick_reply": "x"}}, "message.quick_reply"),
        ({"message": {"reply_to": "m_1"}}, "message.reply_to"),
        ({"event": {"hop_context": "x"}}, "hop_context"),
    ],
)
async def test_what_stands_beside_the_words_is_left_out_and_told(
    whole: Whole, fields: dict[str, Any], left_out: str
) -> None:
    psid = await whole.customer()
    await fault(whole, psid, "delivery_fields", **fields)
    await whole.says(psid, "The words are there")
    conversation_id = (await whole.conversation_of(psid))["id"]
    await whole.message_with(conversation_id, text="The words are there")
    events = (await whole.api.get("/v1/webhook-events/unrouted", params={"limit": 200})).json()["items"]
    assert [each for each in events if each["disposition"] == "quarantined"] == []
    listed = await whole.store.read(lambda s: [each for each in s.exec(_LEFT_OUT) if each.data])
    assert left_out in [(each.data or {})["fields"] for each in listed]


@pytest.mark.parametrize(
    ("kind", "name", "content", "content_type", "called"),
    [
        ("image", "310_n.png", JPEG, "image/jpeg", "310_n.jpg"),
        ("image", "safe_image.php", GIF, "image/gif", "safe_image.gif"),
        ("audio", "voiceclip-7.mp4", VOICE, "video/mp4", "voiceclip-7.mp4"),
        ("audio", "sound.mp3", bytes.fromhex("fffa9064") + bytes(400), "audio/mpeg", "sound.mp3"),
    ],
)
async def test_a_file_is_what_its_bytes_are_whatever_its_address_says(
    whole: Whole, kind: str, name: str, content: bytes, content_type: str, called: str
) -> None:
    put = await whole.meta.post(
        "/_sandbox/media", params={"name": name}, content=content, headers={"Content-Type": content_type}
    )
    path = put.raise_for_status().json()["url"].partition("/_sandbox/")[2]
    psid = await whole.customer()
    picture = {"type": kind, "url": f"{whole.files_url}/_sandbox/{path}?ext=x"}
    await whole.says(psid, "", attachments=[picture])
    shown = await file_of(whole, (await whole.conversation_of(psid))["id"], "inbound")
    assert shown["content_type"] == content_type
    assert shown["name"].endswith(f"-{called}")
    got = await whole.api.get(shown["url"])
    assert (got.content, got.headers["content-type"]) == (content, content_type)


async def test_a_picture_from_the_page_inbox_is_kept_like_the_customers(whole: Whole) -> None:
    psid = await whole.customer()
    await whole.says(psid, "hello")
    conversation_id = (await whole.conversation_of(psid))["id"]
    url = f"{whole.files_url}/_sandbox/media/sample-4.png"
    picture = [{"type": "image", "payload": {"url": url}}]
    await control(whole, f"/pages/{PAGE_A}/answer", psid=psid, attachments=picture)
    shown = await file_of(whole, conversation_id, "outbound")
    assert shown["content_type"] == "image/png"
    assert (await whole.api.get(shown["url"])).content == sample_png(4)
    assert whole.files_url not in str(await whole.messages(conversation_id)), "Meta's link is not shown"


async def test_200_pictures_in_one_delivery_draw_one_reply(whole: Whole) -> None:
    (
        await whole.api.patch(f"/v1/pages/{PAGE_A}", json={"attachments_for_customers": False})
    ).raise_for_status()
    psid = await whole.customer()
    picture = [{"type": "image", "payload": {"url": f"{whole.files_url}/_sandbox/media/sample-1.png"}}]
    messages = [
        {
            "sender": {"id": psid},
            "recipient": {"id": PAGE_A},
            "timestamp": 1,
            "message": {"mid": f"m_{psid}_{number}", "attachments": picture},
        }
        for number in range(200)
    ]
    body = {"object": "page", "entry": [{"id": PAGE_A, "time": 1, "messaging": messages}]}
    await control(whole, "/raw", app_id=APP_ID, restamp=True, body=body)
    conversation_id = (await whole.conversation_of(psid))["id"]
    withheld = await told(whole, conversation_id, "message.withheld")
    assert (withheld["data"]["trigger"], withheld["data"]["code"]) == ("unsupported_message", "repeated")

    async def all_are_shown() -> bool:
        shown = await whole.meta.get(f"/_sandbox/threads/{PAGE_A}/{psid}")
        return [each["from_page"] for each in shown.json()["messages"]].count(True) == 2

    await eventually(all_are_shown)  # the greeting, and one word about files
    (
        await whole.api.patch(f"/v1/pages/{PAGE_A}", json={"attachments_for_customers": True})
    ).raise_for_status()


async def test_changes_of_the_pages_feed_cost_no_calls_to_meta(whole: Whole) -> None:
    async def calls() -> int:
        ledger = (await whole.meta.get("/_sandbox/ledger", params={"name": "graph", "limit": 5000})).json()
        return sum(line["line"] == "request" for line in ledger["lines"])

    await control(whole, "/wait", what="delivered_all", timeout=10)
    before = await calls()
    for number in range(50):
        value = {"item": "reaction", "verb": "add", "post_id": f"{PAGE_A}_{number}"}
        entry = {"id": PAGE_A, "time": 1, "changes": [{"field": "feed", "value": value}]}
        await control(whole, "/raw", app_id=APP_ID, body={"object": "page", "entry": [entry]})
    psid = await whole.customer()
    await whole.says(psid, "after all of it")
    conversation_id = (await whole.conversation_of(psid))["id"]
    await whole.message_with(conversation_id, sender_kind="automatic", status="delivered")
    # The greeting, whose name it is, and what is still under way for the customers of other tests.
    assert await calls() - before < 10, "nothing for the 50 changes"


async def file_of(whole: Whole, conversation_id: str, direction: str) -> dict[str, Any]:
    """The first file of a message in this direction, once it is kept."""

    async def look() -> dict[str, Any] | None:
        for message in await whole.messages(conversation_id):
            for each in message["attachments"]:
                if message["direction"] == direction and each["state"] == "ready":
                    found: dict[str, Any] = each
                    return found
        return None

    found = await eventually(look, within=30)
    assert found is not None
    return found
