"""Kept replies are brought to the workflow later, each judged anew."""

import asyncio
from datetime import datetime, timedelta

import pytest
from freezegun import freeze_time
from sqlmodel import Session

from api.sending.reply_sweep import MIN_AGE, sweep
from domain.conversations.changes import Refusal
from domain.conversations.lifecycle import Status
from store import tables
from support.api import NOW, Api, Seed, Thread


async def _keep(api: Api, seed: Seed) -> str:
    """A reply that met a dead engine."""
    thread = await seed.conversation(status=Status.ACTIVE)
    api.engine.is_down = True
    kept = await api.admin.post(
        f"/v1/conversations/{thread.conversation_id}/messages",
        json={"text": "Hello"},
        headers={"Idempotency-Key": "one"},
    )
    assert kept.status_code == 202
    api.engine.is_down = False
    api.engine.commands.clear()
    return str(kept.json()["id"])


async def _row(api: Api, message_id: str) -> tables.Message:
    return await api.database.read(lambda s: s.get_one(tables.Message, message_id))


async def test_a_kept_reply_is_brought_when_its_request_must_be_over(api: Api, seed: Seed) -> None:
    with freeze_time(NOW) as clock:
        message_id = await _keep(api, seed)
        await sweep(api.app.state.replies)
        assert api.engine.commands == []
        clock.tick(MIN_AGE + timedelta(seconds=1))
        await sweep(api.app.state.replies)
    (command,) = api.engine.commands
    assert command.command_id == command.message_id == message_id


async def test_a_kept_reply_that_is_refused_later_fails_with_the_reason(api: Api, seed: Seed) -> None:
    with freeze_time(NOW) as clock:
        message_id = await _keep(api, seed)
        clock.tick(timedelta(days=8))
        api.engine.refuse(Refusal("window_closed", "Closed.", Status.ACTIVE))
        await sweep(api.app.state.replies)
        await sweep(api.app.state.replies)
    row = await _row(api, message_id)
    assert (row.status, row.reason) == ("failed", "window_closed")
    assert len(api.engine.commands) == 1


async def test_sweeps_that_meet_bring_a_reply_under_one_id(api: Api, seed: Seed) -> None:
    with freeze_time(NOW) as clock:
        message_id = await _keep(api, seed)
        clock.tick(timedelta(minutes=1))
        await asyncio.gather(*(sweep(api.app.state.replies) for _ in range(5)))
    assert {command.command_id for command in api.engine.commands} == {message_id}


async def _projected(seed: Seed, message: tables.Message) -> None:
    """A workflow task took the reply, and was projected; nobody knows whether it was also completed."""
    await seed.add(
        tables.Event(
            at=NOW,
            kind="message.queued",
            page_id=message.page_id,
            customer_id=message.customer_id,
            conversation_id=message.conversation_id,
            message_id=message.id,
            actor_kind="agent",
            data={},
            dedupe_key=f"{message.customer_id}/reply/{message.id}",
        )
    )


async def _asked_after_a_minute(api: Api) -> list[str | None]:
    api.engine.commands.clear()
    with freeze_time(NOW + timedelta(minutes=1)):
        await sweep(api.app.state.replies)
    return [command.message_id for command in api.engine.commands]


async def test_a_reply_whose_workflow_task_died_after_its_projection_is_brought_again(
    api: Api, seed: Seed
) -> None:
    with freeze_time(NOW):
        message_id = await _keep(api, seed)
    await _projected(seed, await _row(api, message_id))
    assert await _asked_after_a_minute(api) == [message_id]


@pytest.mark.parametrize(
    ("status", "tried_ago", "is_asked"),
    [
        ("queued", 60, False),
        ("sending", 60, False),
        ("unknown", 60, False),
        ("unknown", 600, True),
        ("sent", 60, True),
    ],
)
async def test_a_reply_that_waits_for_one_before_it_is_left_alone(
    api: Api, seed: Seed, status: str, tried_ago: float, *, is_asked: bool
) -> None:
    with freeze_time(NOW):
        message_id = await _keep(api, seed)
    row = await _row(api, message_id)
    await _projected(seed, row)
    thread = Thread(row.page_id, row.customer_id, row.conversation_id or "")
    before = NOW - timedelta(seconds=1)
    tried_at = NOW + timedelta(minutes=1) - timedelta(seconds=tried_ago)
    former = {"direction": "outbound", "sender_kind": "automatic", "status": status, "created_at": before}
    await seed.message(thread, "Welcome", occurred_at=tried_at, **former)
    assert await _asked_after_a_minute(api) == ([message_id] if is_asked else [])


async def test_a_reply_whose_page_is_paused_is_left_alone_until_it_may_go(api: Api, seed: Seed) -> None:
    with freeze_time(NOW):
        message_id = await _keep(api, seed)
    row = await _row(api, message_id)
    await _projected(seed, row)

    def pause(session: Session, until: datetime) -> None:
        state = session.get_one(tables.PageSendState, row.page_id)
        state.send_gate, state.send_gate_until = "paused", until

    await api.database.write(lambda session: pause(session, NOW + timedelta(minutes=2)))
    assert await _asked_after_a_minute(api) == []
    await api.database.write(lambda session: pause(session, NOW + timedelta(seconds=30)))
    assert await _asked_after_a_minute(api) == [message_id]


async def _held(api: Api, seed: Seed, reason: str) -> str:
    thread = await seed.conversation(status=Status.ACTIVE)
    agent_id, _ = await api.somebody("agent")
    return await seed.message(
        thread,
        "Hello",
        direction="outbound",
        sender_kind="agent",
        status="held",
        reason=reason,
        hold=True,
        agent_id=agent_id,
    )


async def test_a_reply_that_its_row_alone_may_hold_is_brought_again_for_some_minutes(
    api: Api, seed: Seed
) -> None:
    message_id = await _held(api, seed, "window_closed")
    assert await _asked_after_a_minute(api) == [message_id]
    api.engine.commands.clear()
    with freeze_time(NOW + timedelta(minutes=20)):
        await sweep(api.app.state.replies)
    assert api.engine.commands == []


async def test_what_the_page_holds_is_not_brought_again(api: Api, seed: Seed) -> None:
    await _held(api, seed, "page_token_invalid")
    assert await _asked_after_a_minute(api) == []
