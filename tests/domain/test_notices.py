"""What the agent is told of: a line in the transcript, and a fact that says so."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from domain.changes import Change, SendOutcome
from domain.conversation import apply_event, decide, send_settled, with_settings
from domain.deadlines import fire
from domain.delivery import MessageStatus
from domain.settings import LiveSettings, Receiver, RuleAction, Silent, TimeOutRule
from domain.state import Command, ThreadEvent, ThreadEventKind, ThreadState
from domain.window import OpeningKind, opening

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def new_id() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"id{next(numbers)}"


def _opened(new_id: Callable[[], str]) -> ThreadState:
    opened = opening(OpeningKind.MESSAGE, occurred_at=NOW, received_at=NOW)
    event = ThreadEvent(1, ThreadEventKind.MESSAGE, NOW, opened, "m1")
    return apply_event(ThreadState(), event, NOW, new_id).state


def test_a_message_that_failed_leaves_a_notice_and_the_fact_of_it(new_id: Callable[[], str]) -> None:
    state = _opened(new_id)
    (greeting,) = state.outbox
    outcome = SendOutcome(greeting.message_id, MessageStatus.FAILED, "refused")
    change = send_settled(state, outcome, NOW + HOUR, new_id)

    (notice,) = change.notices
    (fact,) = change.facts
    assert (fact.kind, fact.at, fact.message_id) == ("agent.notified", NOW + HOUR, notice.id)
    assert fact.data == {"trigger": "message_not_sent", "cause_id": None, "agent_id": None}


def test_a_rules_notice_has_the_instant_of_its_deadline(new_id: Callable[[], str]) -> None:
    rule = TimeOutRule("r1", Silent.AGENT, 3600, RuleAction.SEND, receiver=Receiver.AGENT)
    settings = LiveSettings(time_out_rules=(rule,))
    state = with_settings(_opened(new_id), settings)
    assert state.conversation is not None
    picked = decide(
        state, Command("pick", "c1", state.conversation.id, "mia", settings=settings), NOW, new_id
    )
    assert isinstance(picked, Change)
    change = fire(picked.state, NOW + HOUR + timedelta(seconds=9), new_id)

    (notice,) = change.notices
    assert (notice.trigger, notice.cause_id, notice.agent_id) == ("rule", "r1", "mia")
    assert [(fact.kind, fact.at) for fact in change.facts] == [
        ("rule.applied", NOW + HOUR),
        ("agent.notified", NOW + HOUR),
    ]
