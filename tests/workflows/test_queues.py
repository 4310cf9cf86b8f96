"""Queues in the life of a conversation: what becomes of it when its queue goes, or opens."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select
from temporalio.testing import WorkflowEnvironment

from base.ids import new_id
from dispatch.batch import Batch
from store import tables
from store.routing.agent_states import RoutingWrites, refresh_agent
from store.routing.dispatch_marks import delete_marks, has_marks, read_marks
from store.routing.dispatch_settings import read_dispatch_settings
from store.routing.members import enrol_agent
from store.routing.transactions import with_routing_writes
from support.desk import Desk
from support.eventually import eventually
from workflows.messages import CommandResult

pytestmark = pytest.mark.time_skipping


async def stays(desk: Desk) -> list[tuple[int, str, str | None, dict[str, Any] | None]]:
    def look(session: Session) -> list[tuple[int, str, str | None, dict[str, Any] | None]]:
        rows = session.exec(select(tables.QueueStay).order_by(col(tables.QueueStay.stay)))
        return [(each.stay, each.queue_id, each.end, each.diagnosis) for each in rows]

    return await desk.store.read(look)


async def items(desk: Desk) -> list[tuple[str, int]]:
    def look(session: Session) -> list[tuple[str, int]]:
        return [(each.queue_id, each.stay) for each in session.exec(select(tables.WorkItem))]

    return await desk.store.read(look)


async def test_what_enters_a_queue_that_is_deleted_meanwhile_waits_in_the_default_queue(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await desk.customer_writes(await env.get_current_time())
    await eventually(lambda: _has_items(desk, [("default", 1)]))
    assert isinstance(await desk.command("assign_to_queue", queue_id="gone", supervises=True), CommandResult)

    assert await items(desk) == [("default", 3)]
    first, second, third = await stays(desk)
    assert first[:3] == (1, "default", "transferred")
    assert second[:3] == (2, "gone", "withdrawn")
    assert third == (3, "default", None, {"reason": "queue_deleted", "deleted_queue_id": "gone"})
    assert (await desk.conversation()).queue_id == "default"


BERLIN = ZoneInfo("Europe/Berlin")
FROM_9_TO_17 = [{"weekday": day, "opens": "09:00:00", "closes": "17:00:00"} for day in range(7)]


async def mia_serves(desk: Desk, now: datetime) -> None:
    """An agent of the default queue is there and has room; the queue is open from 9 to 17 in Berlin."""

    def work(session: Session, writes: RoutingWrites) -> None:
        session.add(tables.Agent(id="mia", name="mia", role="agent", created_at=now))
        session.flush()
        enrol_agent(session, "mia", "agent", writes, now)
        state = session.get_one(tables.AgentState, "mia")
        state.connected = True
        refresh_agent(session, state, writes, now, freed=False, reason="stream")
        hours = tables.OperatingHours(
            id="office", name="Office", timezone=BERLIN.key, weekly=FROM_9_TO_17, created_at=now
        )
        session.add(hours)
        session.flush()
        session.get_one(tables.Queue, "default").operating_hours_id = "office"

    await desk.store.write(with_routing_writes(work))
    await desk.set_workstream(distribution_mode="push")


async def dispatch(desk: Desk, now: datetime) -> list[str]:
    """What the dispatcher does about the marks that there are: whom it claims."""

    def work(session: Session, writes: RoutingWrites) -> list[str]:
        marks = read_marks(session, 100)
        batch = Batch(session, read_dispatch_settings(session), now, new_id)
        batch.writes = writes
        found = batch.act_on(marks)
        delete_marks(session, found.done)
        return [claim.agent_id for claim in found.claims]

    return await desk.store.write(with_routing_writes(work))


def change_of_clocks(after: datetime, *, forward: bool) -> date:
    """The next day in Berlin on which the clocks are put forward, or back."""
    day = after.date() + timedelta(days=1)
    while True:
        before, later = (
            datetime.combine(each, time(12), BERLIN).utcoffset() or timedelta()
            for each in (day - timedelta(days=1), day)
        )
        if before != later and (later > before) is forward:
            return day
        day += timedelta(days=1)


@pytest.mark.parametrize(("forward", "hours"), [(True, 12), (False, 14)], ids=["forward", "back"])
async def test_what_comes_at_night_waits_until_the_hours_open_though_the_clocks_change(
    desk: Desk, env: WorkflowEnvironment, *, forward: bool, hours: int
) -> None:
    now = await env.get_current_time()
    day_before = change_of_clocks(now, forward=forward) - timedelta(days=1)
    evening = datetime.combine(day_before, time(20), BERLIN).astimezone(UTC)
    await env.sleep(evening - now)
    now = await env.get_current_time()
    await mia_serves(desk, now)
    await desk.customer_writes(now)
    await eventually(lambda: _has_items(desk, [("default", 1)]))
    assert await dispatch(desk, now) == []

    minute = timedelta(minutes=1)
    await env.sleep(evening + timedelta(hours=hours) - minute - await env.get_current_time())
    assert await desk.store.read(has_marks) is False
    await env.sleep(2 * minute)
    await eventually(lambda: desk.store.read(has_marks))
    assert await dispatch(desk, await env.get_current_time()) == ["mia"]


async def _has_items(desk: Desk, expected: list[tuple[str, int]]) -> bool:
    return await items(desk) == expected


async def test_an_accepted_stay_tells_how_long_it_waited_in_hours(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    now = await env.get_current_time()
    ten_to_five = datetime.combine(now.astimezone(BERLIN).date() + timedelta(days=1), time(16, 50), BERLIN)
    await env.sleep(ten_to_five.astimezone(UTC) - now)
    await mia_serves(desk, ten_to_five)
    await desk.customer_writes(await env.get_current_time())
    await eventually(lambda: _has_items(desk, [("default", 1)]))
    await env.sleep(timedelta(hours=2))
    assert isinstance(await desk.command("pick", supervises=True), CommandResult)

    def waits(session: Session) -> list[float | None]:
        return [each.wait_in_hours_seconds for each in session.exec(select(tables.QueueStay))]

    (waited,) = await desk.store.read(waits)
    assert waited is not None
    assert 500 < waited <= 600  # until 17:00, and not the hours after it


OVERFLOWS = {
    "minutes": (timedelta(minutes=5), "transfer"),
    "two days": (timedelta(days=2), "end"),
}


@pytest.mark.parametrize("after", OVERFLOWS)
async def test_what_has_waited_in_a_queue_for_too_long_overflows(
    desk: Desk, env: WorkflowEnvironment, after: str
) -> None:
    length, action = OVERFLOWS[after]
    now = await env.get_current_time()
    step = {"seconds": int(length.total_seconds()), "action": action}

    def overflow(session: Session) -> None:
        session.add(tables.Queue(id="second", name="Second", created_at=now))
        target = {"queue_id": "second"} if action == "transfer" else {}
        session.get_one(tables.Queue, "default").overflow = {"before": [], "while_queued": step | target}

    await desk.store.write(overflow)
    await desk.set_workstream(distribution_mode="push")
    await desk.customer_writes(now)
    await eventually(lambda: _has_items(desk, [("default", 1)]))
    await env.sleep(length - timedelta(seconds=30))
    assert await items(desk) == [("default", 1)]
    await env.sleep(timedelta(seconds=31))
    await eventually(lambda: _has_items(desk, [("second", 2)] if action == "transfer" else []))
    row = await desk.conversation()
    expected = ("open", "moved_by_overflow") if action == "transfer" else ("closed", "closed_by_overflow")
    assert (row.status, row.status_reason) == expected


async def test_the_condition_before_queueing_is_met_once_and_its_action_taken(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    now = await env.get_current_time()

    def closed(session: Session) -> None:
        session.add(tables.OperatingHours(id="never", name="N", timezone="UTC", weekly=[], created_at=now))
        session.flush()
        session.add(tables.Queue(id="second", name="Second", created_at=now))
        to_second = {"condition": "out_of_hours", "action": "transfer", "queue_id": "second"}
        session.add(
            tables.Queue(
                id="first",
                name="First",
                operating_hours_id="never",
                overflow={"before": [to_second], "while_queued": None},
                created_at=now,
            )
        )
        session.add(tables.RuleSet(id="r", workstream_id="messenger", kind="route", name="R", created_at=now))
        session.flush()
        session.add(
            tables.Rule(
                id="rule",
                rule_set_id="r",
                name="all",
                conditions={"items": [], "needed": "all"},
                outputs={"targets": [{"queue_id": "first", "percent": 100}]},
                created_at=now,
            )
        )

    await desk.store.write(closed)
    await desk.customer_writes(now)
    await eventually(lambda: _has_items(desk, [("second", 1)]))
    (fact,) = await desk.events("conversation.overflowed")
    assert fact.data == {"condition": "out_of_hours", "to_queue_id": "second"}
