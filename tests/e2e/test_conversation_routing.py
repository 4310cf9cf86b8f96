"""Other apps on the page: what they have is watched and not answered; what comes back is work as usual."""

import hmac
from typing import Any

import pytest
from sqlmodel import select

from store.tables import Message
from support.eventually import eventually
from support.store import APP_ID, PAGE_A
from support.whole import Whole

pytestmark = pytest.mark.dev_server

BOT = "2045518837702214"
BOT_SECRET, BOT_TOKEN = "bot-secret", "EAA-bot-token"


@pytest.fixture
async def routed(whole: Whole) -> Whole:
    """The page routes conversations: another app answers by default, and ours may be made the default."""
    bot = {"app_id": BOT, "app_secret": BOT_SECRET, "name": "Bot", "mode": "live"}
    (await whole.meta.post("/_sandbox/apps", json=bot)).raise_for_status()
    token = {"page_id": PAGE_A, "app_id": BOT, "access_token": BOT_TOKEN}
    (await whole.meta.post("/_sandbox/pages", json=token)).raise_for_status()
    return whole


async def _bot(whole: Whole, psid: str, action: str) -> None:
    """The other app takes or releases the thread."""
    answer = await whole.meta.post(
        f"/v26.0/{PAGE_A}/{action}_thread_control",
        json={
            "recipient": {"id": psid},
            "appsecret_proof": hmac.digest(BOT_SECRET.encode(), BOT_TOKEN.encode(), "sha256").hex(),
        },
        headers={"Authorization": f"Bearer {BOT_TOKEN}"},
    )
    assert answer.status_code == 200, answer.text


async def _default_app(whole: Whole, app_id: str | None) -> None:
    answer = await whole.meta.post("/_sandbox/pages", json={"page_id": PAGE_A, "default_app_id": app_id})
    answer.raise_for_status()


async def _thread(whole: Whole, psid: str) -> dict[str, Any]:
    shown: dict[str, Any] = (await whole.meta.get(f"/_sandbox/threads/{PAGE_A}/{psid}")).json()
    return shown


async def _message(whole: Whole, text: str) -> Message:
    async def look() -> Message | None:
        return await whole.store.read(lambda s: s.exec(select(Message).where(Message.text == text)).first())

    found = await eventually(look)
    assert found is not None
    return found


async def _sent(whole: Whole, psid: str) -> list[str]:
    return [each["text"] for each in (await _thread(whole, psid))["messages"] if each["from_page"]]


async def test_standby_is_kept_and_seen_and_never_answered_until_the_thread_comes_back(
    routed: Whole,
) -> None:
    whole = routed
    await _default_app(whole, BOT)
    psid = await whole.customer()
    await whole.says(psid, "Hello bot")
    kept = await _message(whole, "Hello bot")
    assert kept.standby

    customer = await whole.api.get(f"/v1/customers/{kept.customer_id}")
    assert customer.json()["thread_owner"]["kind"] == "another_app"
    assert customer.json()["window"]["stage"] == "standard"
    seen = (await whole.api.get(f"/v1/customers/{kept.customer_id}/messages")).json()["items"]
    assert [(each["text"], each["standby"]) for each in seen] == [("Hello bot", True)]
    assert await whole.conversations() == []
    assert await _sent(whole, psid) == []

    await _default_app(whole, None)
    await _bot(whole, psid, "release")
    await whole.says(psid, "Hello people")
    conversation = await whole.conversation_of(psid)
    assert (conversation["status"], conversation["thread_owner"]["kind"]) == ("open", "unknown")
    await whole.message_with(conversation["id"], sender_kind="automatic", status="delivered")


async def test_an_agent_passes_a_thread_is_refused_there_and_takes_it_back(routed: Whole) -> None:
    whole = routed
    await _default_app(whole, APP_ID)
    psid = await whole.customer()
    await whole.says(psid, "Hello")
    conversation_id = (await whole.conversation_of(psid))["id"]
    await whole.message_with(conversation_id, sender_kind="automatic", status="delivered")
    await whole.act(conversation_id, "pick")

    passed = await whole.api.post(f"/v1/conversations/{conversation_id}/thread/pass", json={"app_id": BOT})
    assert passed.status_code == 200, passed.text
    assert (await _thread(whole, psid))["thread"]["owner_app_id"] == BOT
    refused = await whole.answer(conversation_id, "Still here", "k1")
    assert (refused.status_code, refused.json()["code"]) == (409, "thread_owned_by_another_app")
    assert refused.json()["thread_owner"]["app_id"] == BOT

    await whole.says(psid, "to the bot")
    standby = await whole.message_with(conversation_id, text="to the bot")
    assert standby["standby"] is True

    taken = await whole.act(conversation_id, "thread/take")
    assert (taken.status_code, taken.json()["thread_owner"]["kind"]) == (200, "us")
    assert (await _thread(whole, psid))["thread"]["owner_app_id"] == APP_ID
    assert (await whole.answer(conversation_id, "Still here", "k1")).status_code == 201
    await whole.message_with(conversation_id, text="Still here", status="delivered")

    released = await whole.act(conversation_id, "thread/release")
    assert (released.status_code, released.json()["thread_owner"]["kind"]) == (200, "unknown")
    assert (await _thread(whole, psid))["thread"]["owner_app_id"] is None


async def test_a_reply_that_meta_refuses_for_the_owner_fails_and_teaches_who_has_the_thread(
    routed: Whole,
) -> None:
    whole = routed
    psid = await whole.customer()
    await whole.says(psid, "Hello")
    conversation_id = (await whole.conversation_of(psid))["id"]
    await whole.message_with(conversation_id, sender_kind="automatic", status="delivered")
    await whole.act(conversation_id, "pick")
    await _default_app(whole, BOT)
    await _bot(whole, psid, "take")  # an idle thread: nobody is told

    assert (await whole.answer(conversation_id, "Anybody?", "k1")).status_code == 201
    failed = await whole.message_with(conversation_id, text="Anybody?", status="failed")
    assert failed["reason"] == "other_app_in_control"
    assert "Another app" in failed["reason_detail"]
    assert (await whole.conversation_of(psid))["thread_owner"]["kind"] == "another_app"
    again = await whole.answer(conversation_id, "Anybody there?", "k2")
    assert (again.status_code, again.json()["code"]) == (409, "thread_owned_by_another_app")


async def test_nothing_is_said_by_itself_in_a_thread_that_another_app_has(routed: Whole) -> None:
    whole = routed
    psid = await whole.customer()
    await whole.says(psid, "Hello")
    conversation_id = (await whole.conversation_of(psid))["id"]
    await whole.message_with(conversation_id, sender_kind="automatic", status="delivered")
    await whole.act(conversation_id, "pick")
    (
        await whole.api.put(f"/v1/pages/{PAGE_A}/survey", json={"active": True, "way": "buttons"})
    ).raise_for_status()
    (await whole.act(conversation_id, "thread/pass")).raise_for_status()
    before = await _sent(whole, psid)

    (await whole.act(conversation_id, "end")).raise_for_status()
    survey = await whole.message_with(conversation_id, sender_kind="survey", status="failed")
    assert survey["reason"] == "other_app_in_control"
    assert await _sent(whole, psid) == before
    assert survey["attempt"] == 0
