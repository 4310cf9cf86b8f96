"""Agents' replies: the intent first, one message per key, the refusal kept."""

import asyncio
from typing import Any

import pytest
from freezegun import freeze_time
from sqlmodel import select

from api.services.workflow_client import CommandRefusedError
from domain.conversations.changes import Fact, Refusal
from domain.conversations.command_types import Reply
from domain.conversations.lifecycle import ActorKind, Status
from domain.events.kinds import FactKind
from domain.sending.window import OpeningKind, Window
from store import tables
from store.events.events import append_events, event_row
from support.api import NOW, Api, Seed, Thread

HELLO = {"text": "Hello"}


def _address(thread: Thread) -> str:
    return f"/v1/conversations/{thread.conversation_id}/messages"


def _key(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


async def _rows(api: Api) -> list[tables.Message]:
    return await api.database.read(lambda s: list(s.exec(select(tables.Message))))


async def test_a_reply_is_kept_and_given_to_the_workflow_under_its_own_id(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    agent_id, agent = await api.somebody("agent")
    answer = await agent.post(_address(thread), json=HELLO, headers=_key("one"))
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert (shown["direction"], shown["sender_kind"], shown["status"]) == ("outbound", "agent", "queued")
    (command,) = api.engine.commands
    assert command.action == "reply"
    assert command.command_id == command.message_id == shown["id"]
    assert command.agent_id == agent_id
    assert "Hello" not in repr(command)


async def test_a_client_finds_what_it_has_sent_by_its_own_key(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    agent_id, agent = await api.somebody("agent")
    sent = (await agent.post(_address(thread), json=HELLO, headers=_key("bubble 1"))).json()
    await agent.post(_address(thread), json=HELLO, headers=_key("bubble 2"))
    await api.admin.post(_address(thread), json=HELLO, headers=_key("bubble 1"))
    assert sent["client_key"] == "bubble 1"
    wanted = {"agent_id": "me", "client_key": "bubble 1"}
    found = (await agent.get("/v1/messages", params=wanted)).json()["items"]
    assert [(each["id"], each["agent_id"]) for each in found] == [(sent["id"], agent_id)]
    nothing = (await agent.get("/v1/messages", params={**wanted, "client_key": "bubble 3"})).json()
    assert nothing == {"items": [], "next_cursor": None}


async def test_a_hundred_at_once_with_one_key_make_one_message(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    client = api.admin
    answers = await asyncio.gather(
        *(client.post(_address(thread), json=HELLO, headers=_key("one")) for _ in range(100))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await _rows(api)) == 1
    assert len({command.command_id for command in api.engine.commands}) == 1


async def test_a_key_belongs_to_one_text_and_one_agent(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    await api.admin.post(_address(thread), json=HELLO, headers=_key("one"))
    other = await api.admin.post(_address(thread), json={"text": "Bye"}, headers=_key("one"))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    _, colleague = await api.somebody("agent")
    theirs = await colleague.post(_address(thread), json={"text": "Bye"}, headers=_key("one"))
    assert theirs.status_code == 201


@pytest.mark.parametrize("headers", [{}, _key(""), _key("x" * 201), {"Idempotency-Key": b"caf\xe9"}])
async def test_a_reply_needs_a_decent_key(api: Api, seed: Seed, headers: Any) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    answer = await api.admin.post(_address(thread), json=HELLO, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert await _rows(api) == []


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"text": " \n\t"},
        {"text": "x" * 2001},
        {"text": "\U0001f600" * 1001},
        {"text": "a\x00b"},
        {"text": None},
        {"text": 1},
        {"text": ["x"]},
        {},
        {"text": "Hi", "tag": "HUMAN_AGENT"},
        {"text": "Hi", "messaging_type": "RESPONSE"},
        {"text": "Hi", "metadata": "x"},
        {"text": "Hi", "recipient": {"id": "1"}},
        {"text": "Hi", "reply_to": ""},
        [],
        "Hi",
    ],
)
async def test_what_cannot_be_said_is_refused(api: Api, seed: Seed, body: Any) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    answer = await api.admin.post(_address(thread), json=body, headers=_key("one"))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert await _rows(api) == []


@pytest.mark.parametrize(
    "text", ["x", "x" * 2000, "\U0001f600" * 1000, "<script>alert(1)</script>", "{{7*7}}", "a\nb"]
)
async def test_what_can_be_said_is_kept_to_the_letter(api: Api, seed: Seed, text: str) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    answer = await api.admin.post(_address(thread), json={"text": text}, headers=_key("one"))
    assert (answer.status_code, answer.json()["text"]) == (201, text)


async def test_a_reply_may_answer_to_a_message_of_its_thread_only(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    other = await seed.conversation(page_id=thread.page_id, status=Status.ACTIVE)
    here = await seed.message(thread, "Where is it?", mid="m_here")
    there = await seed.message(other, "Where is mine?", mid="m_there")
    unsent = await seed.message(thread, "Wait", direction="outbound", status="failed")
    for wrong in (there, unsent, "nothing", "m_here"):
        body = {"text": "Here", "reply_to": wrong}
        refused = await api.admin.post(_address(thread), json=body, headers=_key("one"))
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown_reply_to")
    taken = await api.admin.post(
        _address(thread), json={"text": "Here", "reply_to": here}, headers=_key("one")
    )
    assert taken.status_code == 201, taken.text
    assert (taken.json()["reply_to"], taken.json()["reply_to_mid"]) == (here, "m_here")
    listed = (await api.admin.get(_address(thread))).json()["items"]
    assert [each["reply_to"] for each in listed if each["text"] == "Here"] == [here]


async def test_a_reply_belongs_to_the_session_that_the_conversation_has(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    shown = (await api.admin.post(_address(thread), json=HELLO, headers=_key("one"))).json()
    conversation = (await api.admin.get(f"/v1/conversations/{thread.conversation_id}")).json()
    assert shown["session_id"] == conversation["session"]["id"]


async def test_a_refused_reply_leaves_its_timeline_alone_and_its_key_says_the_same_again(
    api: Api, seed: Seed
) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    window = Window(OpeningKind.MESSAGE, NOW, NOW, NOW)
    api.engine.refuse(Refusal("window_closed", "Closed.", Status.ACTIVE, window=window))
    first = await api.admin.post(_address(thread), json=HELLO, headers=_key("one"))
    assert first.status_code == 409
    problem = first.json()
    assert (problem["code"], problem["window"]["stage"]) == ("window_closed", "closed")
    assert problem["window"]["standard_until"] == "2026-11-20T12:00:00Z"
    (notice,) = await _rows(api)
    assert (notice.direction, notice.kind, notice.status) == ("internal", "outside_window", None)
    assert notice.text is not None
    assert "messaging window is closed" in notice.text

    api.engine.answer = lambda _: None
    again = await api.admin.post(_address(thread), json=HELLO, headers=_key("one"))
    assert (again.status_code, again.json()) == (409, problem)
    assert len(api.engine.commands) == 1
    timeline = (await api.admin.get(f"/v1/conversations/{thread.conversation_id}/timeline")).json()["items"]
    assert [event["kind"] for event in timeline] == ["notice.shown", "command.refused"]
    (command,) = api.engine.commands
    assert timeline[0]["data"]["about"] == timeline[1]["message_id"] == command.message_id
    other = await api.admin.post(_address(thread), json={"text": "Bye"}, headers=_key("one"))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_the_notice_of_a_closed_window_can_be_switched_off(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    await api.admin.put("/v1/automated-messages/outside_window", json={"active": False})
    window = Window(OpeningKind.MESSAGE, NOW, NOW, NOW)
    api.engine.refuse(Refusal("window_closed", "Closed.", Status.ACTIVE, window=window))
    assert (await api.admin.post(_address(thread), json=HELLO, headers=_key("one"))).status_code == 409
    assert await _rows(api) == []


async def test_a_refusal_for_another_reason_is_no_matter_of_the_window(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    api.engine.refuse(Refusal("not_your_conversation", "Not yours.", Status.ACTIVE))
    assert (await api.admin.post(_address(thread), json=HELLO, headers=_key("one"))).status_code == 409
    assert await _rows(api) == []


async def test_a_dead_engine_keeps_the_reply_and_the_same_key_brings_it_later(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    api.engine.is_down = True
    kept = await api.admin.post(_address(thread), json=HELLO, headers=_key("one"))
    assert (kept.status_code, kept.json()["status"]) == (202, "queued")
    api.engine.is_down = False
    brought = await api.admin.post(_address(thread), json=HELLO, headers=_key("one"))
    assert (brought.status_code, brought.json()["id"]) == (201, kept.json()["id"])
    assert [command.command_id for command in api.engine.commands] == [kept.json()["id"]] * 2


@pytest.mark.slow
async def test_an_agent_cannot_flood_a_customer(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    with freeze_time(NOW):
        answers = [
            await api.admin.post(_address(thread), json=HELLO, headers=_key(str(number)))
            for number in range(121)
        ]
    assert [answer.status_code for answer in answers] == [201] * 120 + [429]
    assert answers[-1].json()["code"] == "too_many_messages"
    assert answers[-1].headers["retry-after"] == "1"


async def test_a_colleague_cannot_use_up_what_an_agent_may_say(
    api: Api, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    _, colleague = await api.somebody("agent")
    _, owner = await api.somebody("agent")
    monkeypatch.setattr(api.app.state.replies._limit, "_burst", 3)
    with freeze_time(NOW):
        api.engine.refuse(Refusal("not_your_conversation", "Not yours.", Status.ACTIVE))
        refused = [
            await colleague.post(_address(thread), json=HELLO, headers=_key(str(number)))
            for number in range(5)
        ]
        api.engine.answer = lambda _: None
        said = await owner.post(_address(thread), json=HELLO, headers=_key("one"))
    assert [answer.status_code for answer in refused] == [409] * 3 + [429] * 2
    assert said.status_code == 201
    assert [row.id for row in await _rows(api)] == [said.json()["id"]]


async def test_a_conversation_that_is_not_there_fills_no_bucket(api: Api) -> None:
    for number in range(3):
        address = f"/v1/conversations/nothing{number}/messages"
        assert (await api.admin.post(address, json=HELLO, headers=_key("one"))).status_code == 404
    assert list(api.app.state.replies._limit._buckets) == []


@pytest.mark.parametrize(
    ("status", "code"), [(Status.ACTIVE, "not_your_conversation"), (Status.CLOSED, "conversation_closed")]
)
async def test_while_the_engine_is_away_a_reply_to_what_is_not_ones_own_is_refused_by_its_row(
    api: Api, seed: Seed, status: Status, code: str
) -> None:
    agent_id, _ = await api.somebody("agent")
    thread = await seed.conversation(status=status, agent_id=agent_id)
    api.engine.is_down = True
    answers = [await api.admin.post(_address(thread), json=HELLO, headers=_key("one")) for _ in range(2)]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, code)] * 2
    assert await _rows(api) == []
    timeline = (await api.admin.get(f"/v1/conversations/{thread.conversation_id}/timeline")).json()["items"]
    assert [event["kind"] for event in timeline] == ["command.refused"]


async def test_a_reply_that_a_workflow_knows_is_not_forgotten_by_a_late_refusal(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)

    async def taken_and_refused(command: Reply) -> Exception:
        told = Fact(
            FactKind.MESSAGE_QUEUED,
            NOW,
            ActorKind.AGENT,
            conversation_id=command.conversation_id,
            message_id=command.message_id,
        )
        row = event_row(told, thread.page_id, thread.customer_id, None)
        await api.database.write(lambda s: append_events(s, [row]))
        return CommandRefusedError(Refusal("not_your_conversation", "Not yours.", Status.ACTIVE))

    api.engine.answer = taken_and_refused
    assert (await api.admin.post(_address(thread), json=HELLO, headers=_key("one"))).status_code == 409
    assert [row.status for row in await _rows(api)] == ["failed"]
