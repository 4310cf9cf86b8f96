"""Sends whose outcome nobody knows: waited for, looked up, parked, said again by a person, never repeated."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.testing import WorkflowEnvironment

from support.desk import Desk
from support.eventually import eventually
from support.life import greeted
from support.store import APP_ID, PAGE_A, PSID

pytestmark = pytest.mark.time_skipping


class LossyMeta:
    """Takes every send and loses the answers; shows in its conversation what `shows` says."""

    def __init__(self, desk: Desk, at: datetime, *, shows: bool) -> None:
        self._desk = desk
        self._at = at
        self._shows = shows
        self.looked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            self.looked += 1
            return httpx.Response(200, json={"data": [{"id": "t_1", "messages": {"data": self._shown()}}]})
        self._desk.meta.accept(request)
        raise httpx.ReadTimeout("lost", request=request)

    def _shown(self) -> list[dict[str, Any]]:
        if not self._shows:
            return []
        return [
            {
                "id": f"m_sent_{number}",
                "created_time": self._at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
                "from": {"id": PAGE_A},
                "message": sent["message"]["text"],
            }
            for number, sent in enumerate(self._desk.meta.sent, start=1)
        ]


async def replied_into_silence(desk: Desk, env: WorkflowEnvironment, *, shows: bool) -> tuple[LossyMeta, str]:
    """A reply that Meta takes and whose answer is lost; the reply's id."""
    await greeted(desk, env)
    await desk.command("pick")
    lossy = LossyMeta(desk, await env.get_current_time(), shows=shows)
    desk.meta.instead = lossy
    await desk.reply("Hello!", await env.get_current_time())
    (message,) = [each for each in await desk.messages("outbound") if each.text == "Hello!"]
    await becomes(desk, message.id, "unknown")
    return lossy, message.id


async def becomes(desk: Desk, message_id: str, status: str) -> None:
    async def look() -> bool:
        return (await desk.message(message_id)).status == status

    await eventually(look)


async def test_an_echo_settles_it_and_nothing_is_looked_up(desk: Desk, env: WorkflowEnvironment) -> None:
    lossy, message_id = await replied_into_silence(desk, env, shows=False)
    echo = {
        "message": {
            "mid": "m_echoed",
            "is_echo": True,
            "app_id": int(APP_ID),
            "metadata": f"pd1:{message_id}",
            "text": "Hello!",
        },
        "sender": {"id": PAGE_A},
        "recipient": {"id": PSID},
    }
    await desk.event(echo, await env.get_current_time())
    await becomes(desk, message_id, "sent")
    assert (await desk.message(message_id)).mid == "m_echoed"
    await env.sleep(timedelta(minutes=2))
    assert lossy.looked == 0
    assert not await desk.happened("message.parked")
    assert len(desk.meta.sent) == 2


async def test_without_an_echo_it_is_found_in_the_conversation_at_meta(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    lossy, message_id = await replied_into_silence(desk, env, shows=True)
    await env.sleep(timedelta(seconds=31))
    await becomes(desk, message_id, "sent")
    assert lossy.looked == 1
    assert (await desk.message(message_id)).mid == "m_sent_2"
    assert len(desk.meta.sent) == 2


async def test_what_is_not_found_is_parked_after_a_minute_and_never_sent_by_itself(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    _, message_id = await replied_into_silence(desk, env, shows=False)
    await env.sleep(timedelta(seconds=61))
    await eventually(lambda: desk.happened("message.parked"))
    await env.sleep(timedelta(hours=2))
    assert (await desk.message(message_id)).status == "unknown"
    assert len(desk.meta.sent) == 2


async def test_it_holds_up_what_follows_for_a_minute_at_most_and_keeps_the_order(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    _, first = await replied_into_silence(desk, env, shows=False)
    asked_at = await env.get_current_time()
    await desk.reply("And another thing.", asked_at)
    assert len(desk.meta.sent) == 2
    await env.sleep(timedelta(seconds=75))

    async def tried() -> bool:
        return len(desk.meta.sent) == 3

    await eventually(tried)
    assert desk.meta.sent[-1]["message"]["text"] == "And another thing."
    (parked, *_) = await desk.events("message.parked")
    assert parked.message_id == first
    assert parked.at - asked_at <= timedelta(seconds=65)


async def test_an_agent_says_it_again_as_a_new_message(desk: Desk, env: WorkflowEnvironment) -> None:
    _, message_id = await replied_into_silence(desk, env, shows=False)
    again = await desk.reply("Hello!", await env.get_current_time(), resends=message_id)
    assert not isinstance(again, Exception)
    await becomes(desk, message_id, "resent")

    async def tried() -> bool:
        return len(desk.meta.sent) == 3

    await eventually(tried)
    first, second = (each["message"]["metadata"] for each in desk.meta.sent[1:])
    assert first != second


async def test_an_echo_of_what_was_said_again_is_an_alarm(desk: Desk, env: WorkflowEnvironment) -> None:
    _, message_id = await replied_into_silence(desk, env, shows=False)
    await desk.reply("Hello!", await env.get_current_time(), resends=message_id)
    await becomes(desk, message_id, "resent")
    echo = {
        "message": {
            "mid": "m_late",
            "is_echo": True,
            "app_id": int(APP_ID),
            "metadata": f"pd1:{message_id}",
            "text": "Hello!",
        },
        "sender": {"id": PAGE_A},
        "recipient": {"id": PSID},
    }
    await desk.event(echo, await env.get_current_time())
    await becomes(desk, message_id, "sent")
    assert await desk.happened("message.sent_twice")
