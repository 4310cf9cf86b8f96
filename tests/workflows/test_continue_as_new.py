"""F36: continue-as-new under fire, on a server that suggests it every 200 events.

Messages, commands, sends, deadlines, held messages and a survey cross several runs: nothing is lost, nothing
comes twice, order is kept, every command is answered.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlmodel import select
from temporalio.client import WorkflowHistory

from base import clock
from base.converter import data_converter
from base.ids import new_id
from domain.conversations.lifecycle import Status
from domain.conversations.state import SurveyStatus, ThreadState
from domain.workstreams.conversation_settings import Question, SurveySettings, SurveyWay
from store import tables
from support.desk import Desk
from support.engines import SUGGEST_CONTINUE_AS_NEW_AT
from support.eventually import eventually
from support.persistent_desk import TIMEOUT, PersistentDesk, persistent_desk
from workflows.messages import ConversationWorkflowInput

pytestmark = [pytest.mark.dev_server, pytest.mark.timeout(240)]

_MUCH_LONGER = SUGGEST_CONTINUE_AS_NEW_AT * 3 // 2
_MESSAGES = 120
_REPLIES = 40
_TURNS = 15
_RUNS = 5


def carried(history: WorkflowHistory) -> ThreadState | None:
    """The state that a run began with."""
    (payload,) = history.events[0].workflow_execution_started_event_attributes.input.payloads
    start: ConversationWorkflowInput = data_converter.payload_converter.from_payload(
        payload, ConversationWorkflowInput
    )
    return start.state


@pytest.fixture
async def desk(tmp_path: Path, dev_server: str) -> AsyncIterator[PersistentDesk]:
    async with persistent_desk(tmp_path, dev_server) as desk:
        yield desk


async def test_under_fire_nothing_is_lost_nothing_comes_twice_and_order_is_kept(desk: PersistentDesk) -> None:
    mids = [await desk.customer_writes(clock.now())]
    await eventually(lambda: desk.happened("message.sent"))
    await desk.obeyed("pick")
    replies: list[str] = []
    moves: Counter[str] = Counter(pick=1)

    async def customer() -> None:
        mids.extend([await desk.customer_writes(clock.now(), f"message {n}") for n in range(_MESSAGES)])

    async def writer() -> None:
        replies.extend([await desk.says() for _ in range(_REPLIES)])

    async def other_tabs() -> None:
        for _ in range(_TURNS):
            await asyncio.gather(*(desk.obeyed("pick", command_id=new_id()) for _ in range(3)))

    async with asyncio.TaskGroup() as group:
        for task in (customer, writer, other_tabs):
            group.create_task(task())
    # On a busy machine much is told in one task, which makes less history: then there are more turns.
    while moves["reopen"] < _TURNS or len(await desk.histories()) < _RUNS:
        for action in ("close_session", "reopen"):
            await desk.obeyed(action)
            moves[action] += 1
    await eventually(lambda: _all_are(desk, replies, "sent"), within=TIMEOUT)

    runs = await desk.histories()
    lengths = [len(run.events) for run in runs[:-1]]
    assert min(lengths) >= SUGGEST_CONTINUE_AS_NEW_AT
    assert max(lengths) <= _MUCH_LONGER

    await _nothing_is_lost_or_twice(desk, mids, replies)
    assert len(await desk.events("session.started")) == moves["pick"] + moves["reopen"]
    assert len(await desk.events("conversation.waiting")) == moves["close_session"]
    state = await desk.projected()
    assert state.applied_seq == len(mids)
    assert state.conversation is not None
    assert state.conversation.sessions == moves["pick"] + moves["reopen"]
    assert await desk.store.read(lambda session: session.exec(select(tables.ThreadEvent)).all()) == []

    states = [each for run in runs if (each := carried(run))]
    assert len(states) == len(runs) - 1
    for one, next_one in pairwise(states):
        assert one.version <= next_one.version
        assert one.applied_seq <= next_one.applied_seq


async def _nothing_is_lost_or_twice(desk: Desk, mids: list[str], replies: list[str]) -> None:
    """Every message is in the one conversation and told once; every reply went out once, in its order."""
    inbound = await desk.messages("inbound")
    (conversation,) = await desk.conversations()
    assert sorted(message.mid or "" for message in inbound) == sorted(mids)
    assert {message.conversation_id for message in inbound} == {conversation.id}
    told = [event.data["seq"] for event in await desk.events("message.received")]
    assert told == list(range(1, len(mids) + 1))
    _greeting, *sent = [each["message"]["metadata"].removeprefix("pd1:") for each in desk.meta.sent]
    assert sent == replies


async def test_what_waits_is_carried_whole_and_still_comes(desk: PersistentDesk) -> None:
    """Held messages, a deadline, a survey that is due, and the ids of applied commands."""
    desk.live = {"survey": SurveySettings(Question.CSAT, SurveyWay.LINK, delay_seconds=3600)}
    yesterday = clock.now() - timedelta(hours=25)
    await desk.customer_writes(yesterday)
    await eventually(lambda: desk.happened("message.not_allowed"))
    await desk.obeyed("pick", command_id="c-pick")
    held = [await desk.says(hold=True) for _ in range(3)]
    before = await desk.projected()
    assert [message.message_id for message in before.held] == held

    await desk.turns_over(3)
    states = [state for run in await desk.histories() if (state := carried(run))]
    assert len(states) >= 3
    assert states == [before] * len(states)
    assert await desk.projected() == before
    repeated = await desk.obeyed("pick", command_id="c-pick")
    assert (repeated.status, repeated.version) == (Status.ACTIVE, before.version)

    await desk.customer_writes(clock.now(), "I am back")
    await eventually(lambda: _times(desk, "message.held_offered", 3), within=TIMEOUT)
    await desk.turns_over()
    for message_id in held:
        await desk.obeyed("send_held", message_id=message_id)
    await eventually(lambda: _all_are(desk, held, "sent"), within=TIMEOUT)
    assert [sent["message"]["metadata"] for sent in desk.meta.sent] == [f"pd1:{each}" for each in held]

    await desk.obeyed("end")
    await desk.turns_over(2)
    survey = (await desk.projected()).survey
    assert survey is not None
    assert survey.status is SurveyStatus.SCHEDULED
    last = carried((await desk.histories())[-1])
    assert last is not None
    assert last.survey == survey
    await desk.customer_writes(clock.now(), "one more thing")
    await eventually(lambda: _times(desk, "survey.cancelled", 1), within=TIMEOUT)
    assert len(await desk.events("survey.scheduled")) == 1


async def test_a_deadline_set_in_one_run_is_kept_by_the_next_at_its_instant(desk: PersistentDesk) -> None:
    await desk.customer_writes(clock.now())
    await eventually(lambda: desk.happened("message.sent"))
    await desk.obeyed("pick")
    begun = time.monotonic()
    await desk.turns_over()
    seconds = math.ceil(5 + 2 * (time.monotonic() - begun))  # the next run comes before that on any machine
    await desk.set_workstream(auto_close_waiting_after_seconds=seconds)
    await desk.comes_near_to_the_next_run()
    await desk.obeyed("close_session")
    waiting = await desk.conversation()
    await desk.turns_over()
    assert (await desk.conversation()).status == Status.WAITING, f"the next run took {seconds} s"

    await eventually(lambda: _times(desk, "conversation.closed", 1), within=seconds + TIMEOUT)
    closed = await desk.conversation()
    assert closed.closed_at == waiting.status_changed_at + timedelta(seconds=seconds)
    assert closed.status_reason == "waiting_for_too_long"


async def _all_are(desk: Desk, message_ids: list[str], status: str) -> bool:
    found = {message.id: message.status for message in await desk.messages("outbound")}
    return all(found[message_id] == status for message_id in message_ids)


async def _times(desk: Desk, kind: str, times: int) -> bool:
    return len(await desk.events(kind)) == times


async def test_the_next_runs_remember_what_was_said_by_itself(desk: PersistentDesk) -> None:
    """A budget that each run began anew would be none: a talk of two machines fills runs quickly."""

    async def sends_picture() -> None:
        picture = [{"type": "image", "payload": {"url": "https://scontent.xx.fbcdn.net/v/a.jpg"}}]
        await desk.event({"message": {"mid": f"m_{new_id()}", "attachments": picture}}, clock.now())

    await sends_picture()  # to a page that takes none
    await eventually(lambda: _times(desk, "message.sent", 2), within=TIMEOUT)
    await desk.obeyed("pick")
    await desk.turns_over()
    await sends_picture()
    await eventually(lambda: desk.happened("message.withheld"), within=TIMEOUT)
    (withheld,) = await desk.events("message.withheld")
    assert (withheld.data["trigger"], withheld.data["code"]) == ("unsupported_message", "repeated")
    automatic = [each for each in await desk.messages("outbound") if each.sender_kind == "automatic"]
    assert sorted(each.kind for each in automatic) == ["greeting", "unsupported_message"]
