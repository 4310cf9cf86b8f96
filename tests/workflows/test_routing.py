"""Routing waits a moment for the customer's profile, where a rule reads it and Meta is about to tell it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from temporalio.testing import WorkflowEnvironment

from store import tables
from support.desk import Desk, make_desk
from support.eventually import eventually
from support.store import make_settings
from workflows.messages import CommandResult

pytestmark = pytest.mark.time_skipping

IS_ADA = {"items": [{"field": "customer_name", "operator": "equals", "value": "Ada"}], "needed": "all"}


class Meta:
    """Is asked who a customer is, and tells it when it is let to."""

    def __init__(self) -> None:
        self.desk: Desk | None = None
        self.asked = 0
        self.tells = asyncio.Event()

    async def ask_now(self, customer_id: str, _: timedelta) -> None:
        self.asked += 1
        await self.tells.wait()
        assert self.desk is not None
        await self.desk.store.write(lambda session: _keep_name(session, customer_id))


def _keep_name(session: Session, customer_id: str) -> None:
    session.get_one(tables.Customer, customer_id).name = "Ada"


@pytest.fixture
def meta() -> Meta:
    return Meta()


@pytest.fixture
async def desk(tmp_path: Path, env: WorkflowEnvironment, meta: Meta) -> AsyncIterator[Desk]:
    """Who is called Ada goes to the queue `vip`. Nobody is greeted, as that would wait for the name, too."""
    desk = await make_desk(make_settings(tmp_path), env.client)
    meta.desk, desk.profiles, desk.live = desk, meta, {"automated_messages": ()}
    now = await env.get_current_time()

    def add(session: Session) -> None:
        session.add(tables.Queue(id="vip", name="VIP", created_at=now))
        session.add(
            tables.RuleSet(id="routes", workstream_id="messenger", kind="route", name="R", created_at=now)
        )
        session.flush()
        targets = {"targets": [{"queue_id": "vip", "percent": 100}]}
        session.add(
            tables.Rule(
                id="ada", rule_set_id="routes", name="Ada", conditions=IS_ADA, outputs=targets, created_at=now
            )
        )

    await desk.store.write(add)
    async with desk.working():
        yield desk
        meta.tells.set()
        await desk.close()


async def _is_in(desk: Desk, queue_id: str | None) -> bool:
    conversations = await desk.conversations()
    return [each.queue_id for each in conversations] == [queue_id]


async def test_a_rule_that_reads_the_name_waits_until_meta_has_told_it(
    desk: Desk, env: WorkflowEnvironment, meta: Meta
) -> None:
    await desk.customer_writes(await env.get_current_time())
    await eventually(lambda: _is_in(desk, None))  # it is there, and waits for its queue
    meta.tells.set()
    await eventually(lambda: _is_in(desk, "vip"))
    assert meta.asked == 1


async def test_it_waits_for_no_more_than_three_seconds_and_once(
    desk: Desk, env: WorkflowEnvironment, meta: Meta
) -> None:
    began = await env.get_current_time()
    await desk.customer_writes(began)
    await eventually(lambda: _is_in(desk, "default"))
    took = await env.get_current_time() - began
    assert timedelta(seconds=2.9) <= took < timedelta(seconds=8)
    assert meta.asked == 1


async def test_commands_do_not_wait_for_it(desk: Desk, env: WorkflowEnvironment, meta: Meta) -> None:
    await desk.customer_writes(await env.get_current_time())
    await eventually(lambda: _is_in(desk, None))
    assert isinstance(await desk.command("pick"), CommandResult)
    assert (await desk.conversation()).status == "active"
    assert not meta.tells.is_set()
