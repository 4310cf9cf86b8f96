"""Held messages and conversations that agents start, with Temporal replaced at its seam."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from api.http.problems import Problem
from domain.conversations.changes import Refusal
from domain.conversations.lifecycle import Status
from store import tables
from support.api import NOW, Api, Seed


async def test_a_reply_to_be_held_says_so_to_the_workflow_also_when_the_sweep_brings_it(
    api: Api, seed: Seed
) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    api.engine.is_down = True
    body = {"text": "Hello", "hold": True}
    address = f"/v1/conversations/{thread.conversation_id}/messages"
    first = await api.admin.post(address, json=body, headers={"Idempotency-Key": "one"})
    assert first.status_code == 202
    api.engine.is_down = False
    again = await api.admin.post(address, json=body, headers={"Idempotency-Key": "one"})
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert {command.hold for command in api.engine.commands} == {True}


async def test_the_same_key_with_another_wish_is_another_request(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    address = f"/v1/conversations/{thread.conversation_id}/messages"
    key = {"Idempotency-Key": "one"}
    await api.admin.post(address, json={"text": "Hello"}, headers=key)
    other = await api.admin.post(address, json={"text": "Hello", "hold": True}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_held_messages_are_listed_oldest_first_page_by_page(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    values = {"direction": "outbound", "sender_kind": "agent", "agent_id": "mia"}
    ids = [
        await seed.message(
            thread, f"text {n}", status="held", created_at=NOW + timedelta(minutes=n), **values
        )
        for n in range(3)
    ]
    await seed.message(thread, "sent", status="sent", **values)
    await seed.message(thread, "from the customer")
    first = (await api.admin.get("/v1/messages", params={"status": "held", "limit": 2})).json()
    rest = await api.admin.get(
        "/v1/messages", params={"status": "held", "limit": 2, "cursor": first["next_cursor"]}
    )
    assert [each["id"] for each in first["items"] + rest.json()["items"]] == ids
    assert rest.json()["next_cursor"] is None
    none = await api.admin.get("/v1/messages", params={"status": "held", "agent_id": "tom"})
    assert none.json()["items"] == []


async def test_commands_on_held_messages_name_the_message_and_need_no_open_run(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.CLOSED)
    message_id = await seed.message(
        thread, "later", direction="outbound", sender_kind="agent", status="held", agent_id="mia"
    )
    api.engine.lose_run()
    answer = await api.admin.post(f"/v1/messages/{message_id}/cancel")
    assert answer.status_code == 200, answer.text
    (command,) = api.engine.started
    assert (command.action, command.message_id) == ("cancel_message", message_id)


async def test_what_is_not_held_any_more_is_told_so(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    message_id = await seed.message(
        thread, "gone", direction="outbound", sender_kind="agent", status="sent", agent_id="mia"
    )
    api.engine.refuse(Refusal("message_not_held", "This message is not held any more."))
    answer = await api.admin.post(f"/v1/messages/{message_id}/send-held")
    assert (answer.status_code, answer.json()["code"]) == (409, "message_not_held")


async def test_a_customers_own_message_is_none_to_be_sent(api: Api, seed: Seed) -> None:
    message_id = await seed.message(await seed.conversation(), "hello")
    assert (await api.admin.post(f"/v1/messages/{message_id}/send-held")).status_code == 404


async def test_a_started_conversation_has_one_id_per_key(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.CLOSED)
    api.engine.lose_run()
    body = {"customer_id": thread.customer_id}
    for _ in range(2):
        await api.admin.post("/v1/conversations", json=body, headers={"Idempotency-Key": "one"})
    first, again = api.engine.started
    assert first == again
    assert first.action == "start"
    assert first.conversation_id == first.command_id != thread.conversation_id


async def test_nobody_starts_a_conversation_with_a_stranger(api: Api) -> None:
    answer = await api.admin.post("/v1/conversations", json={"customer_id": "nobody"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_refused_start_is_recorded_with_the_customer(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    api.engine.refuse(Refusal("conversation_exists", "There is one.", Status.OPEN, ("pick",)))
    answer = await api.admin.post("/v1/conversations", json={"customer_id": thread.customer_id})
    assert (answer.status_code, answer.json()["code"]) == (409, "conversation_exists")

    def refusals(session: Session) -> list[tuple[str | None, str | None]]:
        found = session.exec(select(tables.Event).where(tables.Event.kind == "command.refused"))
        return [(event.customer_id, event.conversation_id) for event in found]

    assert await api.database.read(refusals) == [(thread.customer_id, None)]


async def test_a_closed_conversation_is_reopened_without_a_run_only_within_its_period(
    api: Api, seed: Seed
) -> None:
    thread = await seed.conversation(status=Status.CLOSED)
    api.engine.lose_run()
    address = f"/v1/conversations/{thread.conversation_id}/reopen"
    assert (await api.admin.post(address)).json()["code"] == "conversation_closed"

    def may_reopen(session: Session) -> None:
        page = session.get_one(tables.Page, thread.page_id)
        session.get_one(tables.Workstream, page.workstream_id).reopen_closed_within_seconds = 10**9
        session.get_one(tables.Conversation, thread.conversation_id).closed_at = NOW

    await api.database.write(may_reopen)
    assert (await api.admin.post(address)).status_code == 200
    assert [command.action for command in api.engine.started] == ["reopen"]


async def test_ending_may_skip_the_survey(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    address = f"/v1/conversations/{thread.conversation_id}/end"
    await api.admin.post(address)
    await api.admin.post(address, json={"skip_survey": True})
    assert [command.skip_survey for command in api.engine.commands] == [False, True]


async def test_an_unknown_message_is_said_again_as_a_new_one_once_per_key(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    agent_id, agent = await api.somebody("agent")
    original = await seed.message(
        thread, "Hello", direction="outbound", sender_kind="agent", status="unknown", agent_id=agent_id
    )
    answers = [
        await agent.post(f"/v1/messages/{original}/resend", headers={"Idempotency-Key": "one"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    first, again = (answer.json()["id"] for answer in answers)
    assert first == again != original
    assert answers[0].json()["text"] == "Hello"
    assert {(command.message_id, command.resends) for command in api.engine.commands} == {(first, original)}


def _use_up(api: Api, agent_id: str, conversation_id: str) -> None:
    for _ in range(1000):
        api.app.state.replies._limit.acquire(f"{agent_id} {conversation_id}")


async def test_what_comes_too_fast_to_be_said_again_leaves_nothing_that_could_go_out_later(
    api: Api, seed: Seed
) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    agent_id, agent = await api.somebody("agent")
    original = await seed.message(
        thread, "Hello", direction="outbound", sender_kind="agent", status="unknown", agent_id=agent_id
    )
    with pytest.raises(Problem):
        _use_up(api, agent_id, thread.conversation_id)
    answer = await agent.post(f"/v1/messages/{original}/resend", headers={"Idempotency-Key": "one"})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_messages")
    listed = (await agent.get(f"/v1/conversations/{thread.conversation_id}/messages")).json()["items"]
    assert [message["id"] for message in listed] == [original]


async def test_what_was_sent_is_not_said_again(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    sent = await seed.message(
        thread, "Hello", direction="outbound", sender_kind="agent", status="sent", agent_id="mia"
    )
    answer = await api.admin.post(f"/v1/messages/{sent}/resend", headers={"Idempotency-Key": "one"})
    assert (answer.status_code, answer.json()["code"]) == (409, "message_not_resendable")
