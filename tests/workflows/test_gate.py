"""A page that may send nothing: what it holds, what it tells, and how it goes on."""

from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from activities.pages.release_held import WakingActivities
from store.sending import send_gate
from support.desk import Desk
from support.eventually import eventually
from support.life import greeted
from support.store import PAGE_A
from workflows.messages import CommandResult

pytestmark = pytest.mark.time_skipping

DEAD_TOKEN = {"error": {"code": 190, "error_subcode": 463, "message": "Session has expired"}}
TOO_FAST = {"error": {"code": 613, "message": "Calls to this api have exceeded the rate limit."}}


def refusing(desk: Desk, status: int, body: Mapping[str, object], **headers: str) -> list[httpx.Request]:
    """Have Meta refuse every call from now on; the calls are noted."""
    calls: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(status, json=body, headers=headers)

    desk.meta.instead = answer
    return calls


async def becomes(desk: Desk, text: str, *wanted: str | None) -> str:
    async def look() -> str | None:
        for message in await desk.messages("outbound"):
            if message.text == text and (message.status, message.reason) == wanted:
                return message.id
        return None

    found = await eventually(look)
    assert found is not None
    return found


async def opened(desk: Desk) -> None:
    """Somebody mended the page: its gate opens and its conversations are woken."""
    desk.meta.instead = None

    at = (await desk.conversation()).opened_at
    assert await desk.store.write(lambda session: send_gate.open_gate(session, PAGE_A, at))
    woken = await ActivityEnvironment().run(WakingActivities(desk.store, desk.client).wake_held, PAGE_A)
    assert woken == 1


async def test_a_dead_token_holds_what_is_sent_raises_one_alarm_and_calls_meta_no_more(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await greeted(desk, env)
    await desk.command("pick")
    calls = refusing(desk, 400, DEAD_TOKEN)
    for text in ("one", "two"):
        assert isinstance(await desk.reply(text, await env.get_current_time()), CommandResult)
    await becomes(desk, "one", "held", "page_token_invalid")
    await env.sleep(timedelta(hours=7))
    assert len(calls) == 1
    assert len(await desk.events("page.gate_held")) == 1

    await opened(desk)
    await becomes(desk, "one", "sent", None)
    await becomes(desk, "two", "sent", None)
    assert [sent["message"]["text"] for sent in desk.meta.sent[1:]] == ["one", "two"]


async def test_what_was_held_is_judged_again_by_the_window(desk: Desk, env: WorkflowEnvironment) -> None:
    await greeted(desk, env)
    await desk.command("pick")
    refusing(desk, 400, DEAD_TOKEN)
    await desk.reply("one", await env.get_current_time())
    await becomes(desk, "one", "held", "page_token_invalid")
    await env.sleep(timedelta(hours=25))
    await opened(desk)
    await becomes(desk, "one", "failed", "human_agent_tag_disabled")
    assert len(desk.meta.sent) == 1


async def test_a_message_that_waits_for_its_page_may_be_cancelled(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await greeted(desk, env)
    await desk.command("pick")
    refusing(desk, 400, DEAD_TOKEN)
    await desk.reply("one", await env.get_current_time())
    message_id = await becomes(desk, "one", "held", "page_token_invalid")

    async def cancelled() -> bool:
        # The status is written before the workflow has the report; until then there is nothing to cancel.
        return isinstance(await desk.command("cancel_message", message_id=message_id), CommandResult)

    assert await eventually(cancelled)
    await becomes(desk, "one", "cancelled", None)


async def test_a_throttled_page_waits_as_long_as_meta_says_and_loses_nothing(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await greeted(desk, env)
    await desk.command("pick")
    usage = '{"1": [{"type": "messenger", "call_count": 100, "estimated_time_to_regain_access": 5}]}'
    calls = refusing(desk, 400, TOO_FAST, **{"X-Business-Use-Case-Usage": usage})
    await desk.reply("one", await env.get_current_time())
    await eventually(lambda: desk.happened("page.gate_paused"))
    await env.sleep(timedelta(minutes=4))
    assert len(calls) == 1
    desk.meta.instead = None
    await env.sleep(timedelta(minutes=2))
    await becomes(desk, "one", "sent", None)
