"""The main job from outside: a customer writes, an agent answers, the customer reads."""

import asyncio
from typing import Any

import pytest

from support.eventually import eventually
from support.store import PAGE_A, PAGE_B
from support.whole import Whole

pytestmark = pytest.mark.dev_server


async def test_a_customer_writes_is_greeted_answered_and_reads(whole: Whole) -> None:
    psid = await whole.customer()
    await whole.says(psid, "Is the blue jacket still there?")
    conversation = await whole.conversation_of(psid)
    assert (conversation["status"], conversation["window"]["stage"]) == ("open", "standard")
    greeting = await whole.message_with(conversation["id"], sender_kind="automatic", status="delivered")
    assert greeting["allowed_by"] == "standard_window"

    assert (await whole.act(conversation["id"], "pick")).status_code == 200
    assert (await whole.answer(conversation["id"], "Yes, in size M.", "k1")).status_code == 201
    await whole.message_with(conversation["id"], text="Yes, in size M.", status="delivered")
    await whole.meta.post(f"/_sandbox/customers/{PAGE_A}/{psid}/read", json={})
    await whole.message_with(conversation["id"], text="Yes, in size M.", status="read")

    thread = (await whole.meta.get(f"/_sandbox/threads/{PAGE_A}/{psid}")).json()
    assert [message["text"] for message in thread["messages"]][-1] == "Yes, in size M."


async def test_the_same_idempotency_key_sends_once(whole: Whole) -> None:
    psid = await whole.customer()
    await whole.says(psid)
    conversation_id = (await whole.conversation_of(psid))["id"]
    await whole.act(conversation_id, "pick")
    answers = await asyncio.gather(*(whole.answer(conversation_id, "once", "same") for _ in range(10)))
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    await whole.message_with(conversation_id, text="once", status="delivered")
    sent = await sends_of(whole, psid)
    assert [line["text"] for line in sent].count("once") == 1


async def test_twenty_first_messages_at_once_make_one_conversation(whole: Whole) -> None:
    psid = await whole.customer()
    await asyncio.gather(*(whole.says(psid, f"message {number}") for number in range(20)))
    conversation_id = (await whole.conversation_of(psid))["id"]

    async def all_there() -> bool:
        inbound = [m for m in await whole.messages(conversation_id) if m["direction"] == "inbound"]
        return len(inbound) == 20

    await eventually(all_there)
    assert len([one for one in await whole.conversations() if one["customer"]["psid"] == psid]) == 1
    await whole.message_with(conversation_id, sender_kind="automatic", status="delivered")
    assert len(await sends_of(whole, psid)) == 1


async def test_of_twenty_agents_who_pick_at_once_one_succeeds(whole: Whole) -> None:
    psid = await whole.customer()
    await whole.says(psid)
    conversation_id = (await whole.conversation_of(psid))["id"]
    clients = [await whole.agent_client(f"agent {number}") for number in range(20)]
    answers = await asyncio.gather(
        *(client.post(f"/v1/conversations/{conversation_id}/pick") for client in clients)
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"already_picked"}
    for client in clients:
        await client.aclose()


async def test_one_person_on_two_pages_has_two_threads(whole: Whole) -> None:
    for page_id in (PAGE_A, PAGE_B):
        psid = await whole.customer(page_id)
        await whole.says(psid, page_id=page_id)
        assert (await whole.conversation_of(psid))["page_id"] == page_id


async def test_an_answer_from_the_page_inbox_appears_as_a_message_from_outside(whole: Whole) -> None:
    psid = await whole.customer()
    await whole.says(psid)
    conversation_id = (await whole.conversation_of(psid))["id"]
    answered = await whole.meta.post(
        f"/_sandbox/pages/{PAGE_A}/answer", json={"psid": psid, "text": "Mia here, from the inbox"}
    )
    answered.raise_for_status()
    message = await whole.message_with(conversation_id, text="Mia here, from the inbox")
    assert (message["direction"], message["sender_kind"]) == ("outbound", "outside")


async def sends_of(whole: Whole, psid: str) -> list[dict[str, Any]]:
    """What the sandbox accepted for one person, from its ledger."""
    ledger = (await whole.meta.get("/_sandbox/ledger", params={"name": "graph"})).json()
    return [
        line
        for line in ledger["lines"]
        if line.get("recipient") == psid and line["line"] == "request" and line.get("text")
    ]
