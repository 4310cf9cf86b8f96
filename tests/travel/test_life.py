"""The life of conversations, watched from outside over weeks that pass in seconds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from support.travelling import TAGGED, UNTAGGED, TravellingDesk

pytestmark = [pytest.mark.time_skipping, pytest.mark.asyncio(loop_scope="session")]


@contextlib.asynccontextmanager
async def workstream(desk: TravellingDesk, **settings: Any) -> AsyncIterator[None]:
    """Other settings of the one workstream, for the length of a block."""
    (found,) = (await desk.api.get("/v1/workstreams")).json()["items"]
    address = f"/v1/workstreams/{found['id']}"
    (await desk.api.patch(address, json=settings)).raise_for_status()
    yield
    (await desk.api.patch(address, json={name: found[name] for name in settings})).raise_for_status()


async def conversation(desk: TravellingDesk, conversation_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = (await desk.api.get(f"/v1/conversations/{conversation_id}")).json()
    return shown


async def acted(desk: TravellingDesk, conversation_id: str, *actions: str) -> None:
    for action in actions:
        (await desk.act(conversation_id, action)).raise_for_status()
    await desk.settled()


async def timeline(desk: TravellingDesk, conversation_id: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = (
        await desk.api.get(f"/v1/conversations/{conversation_id}/timeline", params={"limit": 200})
    ).json()["items"]
    return events


def at(value: str) -> datetime:
    return datetime.fromisoformat(value)


async def test_the_tag_switched_on_in_a_session_helps_only_after_closing_and_reopening_it(
    desk: TravellingDesk,
) -> None:
    psid = await desk.customer()
    conversation_id = await desk.picked(psid)
    await desk.travel(hours=25)
    await desk.api.patch(f"/v1/pages/{UNTAGGED}", json={"human_agent_tag": True})
    refused = await desk.reply(conversation_id, "Too early for the tag.")
    assert (refused.status_code, refused.json()["code"]) == (409, "human_agent_tag_disabled")

    await acted(desk, conversation_id, "close-session", "reopen")
    assert (await desk.reply(conversation_id, "Now it holds.")).status_code == 201
    await desk.settled()
    message = await desk.message_with(conversation_id, text="Now it holds.", status="delivered")
    assert message["allowed_by"] == "human_agent_tag"
    await desk.api.patch(f"/v1/pages/{UNTAGGED}", json={"human_agent_tag": False})


async def test_a_waiting_conversation_closes_at_its_instant_with_the_setting_that_caused_it(
    desk: TravellingDesk,
) -> None:
    async with workstream(desk, auto_close_waiting_after_minutes=90):
        psid = await desk.customer()
        conversation_id = await desk.picked(psid)
        await acted(desk, conversation_id, "close-session")
        left_at = at((await conversation(desk, conversation_id))["status_changed_at"])
        await desk.travel(hours=1)
        assert (await conversation(desk, conversation_id))["status"] == "waiting"
        await desk.travel(hours=1)
        closed = await conversation(desk, conversation_id)
    assert (closed["status"], closed["status_reason"]) == ("closed", "waiting_for_too_long")
    assert at(closed["closed_at"]) - left_at == timedelta(minutes=90)
    (fact,) = [
        each for each in await timeline(desk, conversation_id) if each["kind"] == "conversation.closed"
    ]
    assert fact["data"]["setting"] == "auto_close_waiting_after_minutes"


async def test_closed_is_reopened_within_its_period_and_final_after_it(desk: TravellingDesk) -> None:
    async with workstream(desk, reopen_closed_within_minutes=60):
        psid = await desk.customer()
        conversation_id = await desk.picked(psid)
        await acted(desk, conversation_id, "end", "complete")
        await desk.travel(minutes=59)
        await acted(desk, conversation_id, "reopen")
        assert (await conversation(desk, conversation_id))["session"]["number"] == 2
        await acted(desk, conversation_id, "end", "complete")
        await desk.travel(minutes=61)
        refused = await desk.act(conversation_id, "reopen")
    assert (refused.status_code, refused.json()["code"]) == (409, "conversation_closed")


async def test_a_command_for_the_former_conversation_is_refused_and_touches_not_the_new_one(
    desk: TravellingDesk,
) -> None:
    psid = await desk.customer()
    former = await desk.picked(psid)
    await acted(desk, former, "end")
    await desk.customer_writes(psid, "one more thing")
    new = (await desk.conversation_of(psid))["id"]
    assert new != former
    refused = await desk.act(former, "complete")
    assert (refused.status_code, refused.json()["code"]) == (409, "conversation_closed")
    assert (await conversation(desk, new))["status"] == "open"
    assert "command.refused" in [each["kind"] for each in await timeline(desk, former)]


async def test_two_first_messages_after_closed_make_one_conversation(desk: TravellingDesk) -> None:
    psid = await desk.customer()
    former = await desk.picked(psid)
    await acted(desk, former, "end", "complete")
    await asyncio.gather(*(desk.says(psid, f"photo {number}") for number in range(5)))
    await desk.settled()
    mine = [each for each in await desk.conversations() if each["customer"]["psid"] == psid]
    assert sorted(each["status"] for each in mine) == ["closed", "open"]
    (live,) = [each for each in mine if each["status"] == "open"]
    inbound = [each for each in await desk.messages(live["id"]) if each["direction"] == "inbound"]
    assert len(inbound) == 5


async def test_a_message_that_races_with_the_closing_of_a_waiting_conversation_is_never_lost(
    desk: TravellingDesk,
) -> None:
    async with workstream(desk, auto_close_waiting_after_minutes=60):
        psid = await desk.customer()
        former = await desk.picked(psid)
        await acted(desk, former, "close-session")
        left_at = at((await conversation(desk, former))["status_changed_at"])
        await asyncio.gather(desk.travel_to(left_at + timedelta(minutes=60)), desk.says(psid, "still there?"))
        await desk.settled()
    mine = [each for each in await desk.conversations() if each["customer"]["psid"] == psid]
    assert len([each for each in mine if each["status"] != "closed"]) == 1
    live = (await desk.conversation_of(psid))["id"]
    assert "still there?" in [each["text"] for each in await desk.messages(live)]


async def test_a_held_message_waits_for_the_customer_and_is_sent_after_a_look(desk: TravellingDesk) -> None:
    psid = await desk.customer()
    conversation_id = await desk.picked(psid)
    await desk.travel(hours=25)
    held = await desk.api.post(
        f"/v1/conversations/{conversation_id}/messages",
        json={"text": "Your parcel is here.", "hold": True},
        headers={"Idempotency-Key": "hold-it"},
    )
    assert (held.status_code, held.json()["status"]) == (201, "held")
    listed = (await desk.api.get("/v1/messages", params={"status": "held"})).json()["items"]
    assert held.json()["id"] in [each["id"] for each in listed]
    early = await desk.api.post(f"/v1/messages/{held.json()['id']}/send-held")
    assert (early.status_code, early.json()["code"]) == (409, "human_agent_tag_disabled")

    await desk.customer_writes(psid, "hello again")
    assert "message.held_offered" in [each["kind"] for each in await timeline(desk, conversation_id)]
    (await desk.api.post(f"/v1/messages/{held.json()['id']}/send-held")).raise_for_status()
    await desk.settled()
    await desk.message_with(conversation_id, text="Your parcel is here.", status="delivered")


async def test_an_agent_starts_a_conversation_up_to_seven_days_later_with_the_tag(
    desk: TravellingDesk,
) -> None:
    customers = {}
    for page_id in (UNTAGGED, TAGGED):
        psid = await desk.customer(page_id)
        conversation_id = await desk.picked(psid, page_id)
        await acted(desk, conversation_id, "end", "complete")
        customers[page_id] = (await conversation(desk, conversation_id))["customer"]["id"]
    await desk.travel(days=6)
    refused = await desk.api.post("/v1/conversations", json={"customer_id": customers[UNTAGGED]})
    assert (refused.status_code, refused.json()["code"]) == (409, "human_agent_tag_disabled")
    started = await desk.api.post("/v1/conversations", json={"customer_id": customers[TAGGED]})
    assert (started.status_code, started.json()["status"]) == (201, "active")
    assert (await desk.reply(started.json()["id"], "There is news.")).status_code == 201
    await desk.settled()
    message = await desk.message_with(started.json()["id"], text="There is news.", status="delivered")
    assert message["allowed_by"] == "human_agent_tag"
    again = await desk.api.post("/v1/conversations", json={"customer_id": customers[TAGGED]})
    assert again.json()["code"] == "conversation_exists"


async def test_wrap_up_and_idleness_end_by_themselves(desk: TravellingDesk) -> None:
    ended = await desk.picked(await desk.customer())
    await acted(desk, ended, "end")
    idle = await desk.picked(await desk.customer())
    await desk.travel(days=1, minutes=1)
    assert (await conversation(desk, ended))["status_reason"] == "wrap_up_for_too_long"
    assert (await conversation(desk, idle))["status"] == "active"
    await desk.travel(days=29)
    closed = await conversation(desk, idle)
    assert (closed["status"], closed["status_reason"]) == ("closed", "active_for_too_long")


@contextlib.asynccontextmanager
async def survey(desk: TravellingDesk, **settings: Any) -> AsyncIterator[None]:
    """A survey on the page without the tag, for the length of a block."""
    address = f"/v1/pages/{UNTAGGED}/survey"
    (await desk.api.put(address, json={"active": True, **settings})).raise_for_status()
    yield
    (await desk.api.put(address, json={"active": False})).raise_for_status()


async def surveyed(desk: TravellingDesk, conversation_id: str) -> dict[str, Any]:
    """The survey of a conversation as supervisors see it."""
    found = (await desk.api.get("/v1/surveys", params={"limit": 100})).raise_for_status().json()["items"]
    (one,) = [each for each in found if each["conversation_id"] == conversation_id]
    return dict(one)


@pytest.mark.parametrize("late_by_template", [True, False])
async def test_a_survey_due_at_25_hours_goes_by_template_or_is_not_allowed(
    desk: TravellingDesk, *, late_by_template: bool
) -> None:
    settings = {"delay_minutes": 25 * 60, "late_by_template": late_by_template}
    async with survey(desk, **settings, privacy_url="https://shop.example.com/privacy"):
        psid = await desk.customer()
        conversation_id = await desk.picked(psid)
        await acted(desk, conversation_id, "end")
        await desk.travel(hours=26)
        found = await surveyed(desk, conversation_id)
    sent = [each for each in await desk.messages(conversation_id) if each["sender_kind"] == "survey"]
    if late_by_template:
        assert (found["status"], found["way"]) == ("sent", "template")
        assert [each["allowed_by"] for each in sent] == ["customer_feedback_tag"]
    else:
        assert (found["status"], found["reason"]) == ("not_allowed", "automated_message_outside_window")
        assert sent == []


async def test_a_survey_answered_by_its_buttons_opens_no_conversation(desk: TravellingDesk) -> None:
    async with survey(desk, way="buttons"):
        psid = await desk.customer()
        conversation_id = await desk.picked(psid)
        await acted(desk, conversation_id, "end", "complete")
        thread = (await desk.meta.get(f"/_sandbox/threads/{UNTAGGED}/{psid}")).json()
        (asked,) = [each for each in thread["messages"] if each.get("quick_replies")]
        five = asked["quick_replies"][-1]
        await desk.customer_does(psid, "say", quick_reply=five["payload"])
        found = await surveyed(desk, conversation_id)
    assert (found["status"], [each["score"] for each in found["answers"]]) == ("answered", [5])
    mine = [each for each in await desk.conversations() if each["customer"]["psid"] == psid]
    assert [each["id"] for each in mine] == [conversation_id]


async def test_an_automated_message_due_after_24_hours_is_recorded_and_not_sent(
    desk: TravellingDesk,
) -> None:
    address = "/v1/automated-messages/agent_joined"
    (await desk.api.put(address, json={"active": True})).raise_for_status()
    psid = await desk.customer()
    await desk.customer_writes(psid)
    conversation_id = (await desk.conversation_of(psid))["id"]
    await desk.travel(hours=25)
    await acted(desk, conversation_id, "pick")
    (await desk.api.delete(address)).raise_for_status()
    (fact,) = [
        each for each in await timeline(desk, conversation_id) if each["kind"] == "message.not_allowed"
    ]
    assert (fact["data"]["trigger"], fact["data"]["code"]) == (
        "agent_joined",
        "automated_message_outside_window",
    )
    kinds = [each["kind"] for each in await desk.messages(conversation_id)]
    assert kinds == ["message", "greeting"]
