"""Sends under faults, counted from Meta's ledger: none twice, none lost, none told falsely."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.store import APP_ID, TOKEN
from support.travelling import UNTAGGED, TravellingDesk

pytestmark = [pytest.mark.time_skipping, pytest.mark.asyncio(loop_scope="session")]


@contextlib.asynccontextmanager
async def faults(desk: TravellingDesk, *wanted: dict[str, Any]) -> AsyncIterator[None]:
    """Have Meta fail like this, for the length of a block."""
    for fault in wanted:
        (await desk.meta.post("/_sandbox/faults", json=fault)).raise_for_status()
    yield
    (await desk.meta.delete("/_sandbox/faults")).raise_for_status()


async def said(desk: TravellingDesk, conversation_id: str, text: str) -> str:
    """An agent says it; the message's id, once all that follows has happened."""
    answer = await desk.reply(conversation_id, text)
    assert answer.status_code == 201, answer.text
    await desk.settled()
    return str(answer.json()["id"])


async def status(desk: TravellingDesk, conversation_id: str, message_id: str) -> tuple[str, str | None]:
    (message,) = [each for each in await desk.messages(conversation_id) if each["id"] == message_id]
    return message["status"], message["reason"]


async def arrived(desk: TravellingDesk, psid: str, text: str) -> int:
    """How often the customer has it."""
    thread = (await desk.meta.get(f"/_sandbox/threads/{UNTAGGED}/{psid}")).json()
    return [message["text"] for message in thread["messages"]].count(text)


async def test_a_lost_answer_is_settled_by_the_echo(desk: TravellingDesk) -> None:
    psid = await desk.customer()
    conversation_id = await desk.picked(psid)
    async with faults(desk, {"kind": "cut", "accept": True, "recipient": psid}):
        message_id = await said(desk, conversation_id, "by echo")
    assert (await status(desk, conversation_id, message_id))[0] in ("sent", "delivered")
    assert await arrived(desk, psid, "by echo") == 1


async def test_without_an_echo_it_is_found_in_metas_conversation(desk: TravellingDesk) -> None:
    psid = await desk.customer()
    conversation_id = await desk.picked(psid)
    lost = {"kind": "cut", "accept": True, "recipient": psid}
    async with faults(desk, lost, {"kind": "echo_never", "recipient": psid}):
        message_id = await said(desk, conversation_id, "by reading back")
        assert (await status(desk, conversation_id, message_id))[0] == "unknown"
        await desk.travel(seconds=40)
    assert (await status(desk, conversation_id, message_id))[0] in ("sent", "delivered")
    assert await arrived(desk, psid, "by reading back") == 1


async def test_what_meta_never_got_is_parked_listed_and_sent_again_by_a_person_alone(
    desk: TravellingDesk,
) -> None:
    psid = await desk.customer()
    conversation_id = await desk.picked(psid)
    async with faults(desk, {"kind": "cut", "recipient": psid}):
        message_id = await said(desk, conversation_id, "never got")
        await desk.travel(minutes=2)
    await desk.travel(hours=1)
    assert (await status(desk, conversation_id, message_id))[0] == "unknown"
    assert await arrived(desk, psid, "never got") == 0
    listed = (await desk.api.get("/v1/messages", params={"status": "unknown"})).json()["items"]
    assert message_id in [each["id"] for each in listed]

    again = await desk.api.post(f"/v1/messages/{message_id}/resend", headers={"Idempotency-Key": "again"})
    assert again.status_code == 201, again.text
    await desk.settled()
    assert (await status(desk, conversation_id, message_id))[0] == "resent"
    assert await arrived(desk, psid, "never got") == 1


async def test_a_dead_token_holds_messages_until_the_page_is_authorised_again(desk: TravellingDesk) -> None:
    psid = await desk.customer()
    conversation_id = await desk.picked(psid)
    token = {"access_token": f"{TOKEN}-{UNTAGGED}", "app_id": APP_ID}
    (await desk.meta.post("/_sandbox/tokens", json=token | {"invalid_subcode": 463})).raise_for_status()
    first = await said(desk, conversation_id, "held one")
    second = await said(desk, conversation_id, "held two")
    assert await status(desk, conversation_id, first) == ("held", "page_token_invalid")
    page = (await desk.api.get(f"/v1/pages/{UNTAGGED}")).json()
    assert page["send_gate"]["state"] == "held"
    psid_meanwhile = await desk.customer()
    await desk.says(psid_meanwhile, "are you there?")
    await desk.settled()
    assert (await desk.conversation_of(psid_meanwhile))["status"] == "open"

    (await desk.meta.post("/_sandbox/tokens", json=token | {"invalid_subcode": None})).raise_for_status()
    mended = await desk.api.post(
        f"/v1/pages/{UNTAGGED}/reauthorize", json={"access_token": token["access_token"]}
    )
    mended.raise_for_status()
    await desk.settled()
    await desk.message_with(conversation_id, id=second, status="delivered")
    assert (await status(desk, conversation_id, first))[0] == "delivered"
    assert [await arrived(desk, psid, text) for text in ("held one", "held two")] == [1, 1]
    thread = (await desk.meta.get(f"/_sandbox/threads/{UNTAGGED}/{psid}")).json()
    assert [message["text"] for message in thread["messages"]][-2:] == ["held one", "held two"]


async def test_one_lost_answer_in_ten_leaves_nothing_twice_lost_or_unknown(desk: TravellingDesk) -> None:
    psids = [await desk.customer() for _ in range(5)]
    conversations = {psid: await desk.picked(psid) for psid in psids}
    lost = {"kind": "cut", "accept": True, "probability": 0.1, "seed": 20261126}
    async with faults(desk, lost):
        sent = [
            (psid, text, await said(desk, conversations[psid], text))
            for psid in psids
            for text in (f"{number} of ten to {psid}" for number in range(10))
        ]
    await desk.settled()
    for psid, text, message_id in sent:
        assert await arrived(desk, psid, text) == 1
        assert (await status(desk, conversations[psid], message_id))[0] in ("sent", "delivered"), text
