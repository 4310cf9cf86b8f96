"""How long a message waits for its next try."""

import itertools
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from activities.sending.outcomes import _wait_of, _with_jitter, record
from base import clock
from domain.sending.delivery import MessageStatus
from messenger.graph.errors import GraphError, find_meaning
from messenger.graph.results import NotSent, Refused
from support.store import PAGE_A, add_conversation, add_customer, add_message, seeded_store
from workflows.messages import SendMessage


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 2), (1, 4), (7, 256), (8, 300), (60, 300), (100_000, 300)]
)
def test_the_wait_doubles_up_to_five_minutes_however_many_tries_there_were(tries: int, seconds: int) -> None:
    request = SendMessage("p", "c", "m", human_agent_tag=False, tries=tries)
    assert _wait_of(request) == timedelta(seconds=seconds)


def test_what_failed_at_one_instant_does_not_come_back_at_one() -> None:
    requests = [SendMessage("p", "c", f"m{number}", human_agent_tag=False, tries=2) for number in range(200)]
    waits = sorted(_with_jitter(each, _wait_of(each)) for each in requests)
    assert timedelta(seconds=8) <= waits[0]
    assert waits[-1] < timedelta(seconds=10)
    assert all(later - before < timedelta(seconds=0.2) for before, later in itertools.pairwise(waits))
    assert waits[-1] - waits[0] > timedelta(seconds=1.9)
    assert waits == sorted(_with_jitter(each, _wait_of(each)) for each in requests)


@pytest.mark.parametrize(
    ("outcome", "jitter"),
    [
        (NotSent("ConnectError"), True),
        (Refused(GraphError(find_meaning(2018321, None), status=400, code=2018321)), True),
        (Refused(GraphError(find_meaning(613, None), status=400, code=613)), False),
    ],
    ids=["not-sent", "passing", "throttled"],
)
async def test_only_what_no_line_spreads_is_spread(
    tmp_path: Path, outcome: NotSent | Refused, *, jitter: bool
) -> None:
    now = clock.now()
    request = SendMessage(PAGE_A, "c", "m", human_agent_tag=False, tries=0)

    def sending(session: Session) -> None:
        add_customer(session, "c", now)
        add_conversation(session, "k", "c", now, status="open", reason="customer_wrote")
        session.flush()
        add_message(session, "m", "c", now, conversation_id="k", status="sending", attempt=1)

    async with seeded_store(tmp_path, sending) as store:
        report = await store.write(lambda session: record(session, request, 1, outcome, now))
    assert report.status is MessageStatus.QUEUED
    wait = _wait_of(request)
    assert report.until == now + (_with_jitter(request, wait) if jitter else wait)
