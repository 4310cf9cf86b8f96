"""What the customer is told of the way to an agent: assigned, joined, gone, out of hours, overflow."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.conversations.lifecycle import Status
from domain.routing.absence import WhenAgentGone
from domain.routing.offers import NotificationSettings
from domain.routing.overflow import Overflow, OverflowAction, OverflowCondition
from domain.routing.route_to_queue import RouteReason, WhenEmpty
from domain.routing.work_distribution import ConversationDistribution, DistributionMode
from domain.workstreams.conversation_settings import AutomatedTrigger, ConversationSettings
from support.story import Story

T = AutomatedTrigger
PUSH = ConversationDistribution(
    mode=DistributionMode.PUSH,
    allow_picking=True,
    notification=NotificationSettings(reject_button=True),
    when_agent_gone=WhenAgentGone.RETURN,
)
_FIRST = {T.GREETING, T.PRIVACY_NOTICE}
SETTINGS = ConversationSettings(
    automated_messages=tuple(each for each in AutomatedTrigger if each not in _FIRST), distribution=PUSH
)
OFFERED_FOR = timedelta(seconds=120)


def waits(settings: ConversationSettings = SETTINGS) -> Story:
    """A customer waits in a queue."""
    told = Story(settings)
    told.writes()
    told.is_routed()
    return told


def talks() -> Story:
    """Mia has accepted it."""
    told = waits()
    told.is_offered()
    told.asks("accept")
    return told


def said(told: Story) -> list[tuple[str | None, str | None]]:
    """What was said, and whose name it has."""
    return [(send.trigger, send.agent_id) for change in told.changes for send in change.created_sends]


def test_an_offer_says_that_somebody_comes_and_an_acceptance_who() -> None:
    assert said(talks()) == [(T.AGENT_ASSIGNED, "mia"), (T.AGENT_JOINED, "mia")]


def test_the_next_offer_within_the_hour_says_nothing_again() -> None:
    told = waits()
    told.is_offered("mia")
    told.asks("decline", "mia")
    told.is_offered("tom")
    assert said(told) == [(T.AGENT_ASSIGNED, "mia")]


def test_with_automatic_acceptance_nobody_is_announced_who_is_there_already() -> None:
    auto = NotificationSettings(auto_assign=True, auto_accept=True)
    told = waits(replace(SETTINGS, distribution=replace(PUSH, notification=auto)))
    told.is_offered()
    assert said(told) == [(T.AGENT_JOINED, "mia")]


@pytest.mark.parametrize("answer", ["accept", "silence"])
def test_who_accepts_a_transfer_goes_on(answer: str) -> None:
    told = talks()
    told.set_to(
        distribution=replace(PUSH, notification=NotificationSettings(auto_assign=answer == "silence"))
    )
    told.now += timedelta(hours=1)
    told.asks("transfer", to_agent_id="kim")
    if answer == "silence":
        told.passes(OFFERED_FOR)
    else:
        told.asks("accept", "kim")
    assert said(told)[2:] == [(T.AGENT_ASSIGNED, "kim"), (T.TRANSFER_ACCEPTED, "kim")]


def test_who_is_disconnected_is_told_of_if_the_customer_had_met_them() -> None:
    told = talks()
    told.writes()
    told.agent_goes()
    assert told.status is Status.OPEN
    assert said(told)[-1] == (T.AGENT_DISCONNECTED, "mia")

    told = waits()
    told.is_offered()
    told.agent_goes()
    assert said(told) == [(T.AGENT_ASSIGNED, "mia")]


def test_the_agent_who_talked_with_the_customer_is_named_at_the_end_whoever_ends_it() -> None:
    told = talks()
    told.asks("end", "eve", supervises=True)
    told.asks("complete", "eve", supervises=True)
    assert said(told)[2:] == [(T.AGENT_ENDED, "mia"), (T.SESSION_ENDED, "mia")]


def test_colleagues_are_told_of_as_they_come_join_and_leave() -> None:
    told = talks()
    told.asks("consult")
    told.asks("accept", "zoe")
    told.asks("leave", "zoe")
    told.asks("consult")
    told.asks("accept", "zoe")
    told.asks("join")
    told.asks("remove_participant")
    told.asks("monitor", "eve", supervises=True)
    told.asks("leave", "eve")
    assert said(told)[2:] == [
        (T.CONSULT_ACCEPTED, "zoe"),
        (T.CONSULT_ENDED, "zoe"),
        (T.CONSULT_ACCEPTED, "zoe"),
        (T.COLLEAGUE_JOINED, "zoe"),
        (T.COLLEAGUE_LEFT, "zoe"),
    ]


def test_of_colleagues_who_leave_with_the_session_nothing_is_said() -> None:
    told = talks()
    told.asks("consult")
    told.asks("accept", "zoe")
    told.asks("end")
    assert said(told)[3:] == [(T.AGENT_ENDED, "mia")]


@pytest.mark.parametrize(
    ("closed_by", "trigger"),
    [(OverflowCondition.OUT_OF_HOURS, T.OUT_OF_HOURS), (OverflowCondition.HOLIDAY, T.HOLIDAY)],
)
def test_a_closed_queue_is_told_of_whether_the_conversation_waits_or_ends(
    closed_by: OverflowCondition, trigger: AutomatedTrigger
) -> None:
    told = Story(SETTINGS)
    told.writes()
    told.is_routed(closed_by=closed_by)
    assert said(told) == [(trigger, None)]
    told = Story(SETTINGS)
    told.writes()
    told.is_routed(closed_by=closed_by, ends=True, overflow=Overflow(closed_by, OverflowAction.END))
    assert told.status is Status.CLOSED
    assert said(told) == [(trigger, None), (T.OVERFLOW_ENDED, None)]


def test_a_queue_that_overflows_while_they_wait_says_that_it_ends() -> None:
    told = Story(SETTINGS)
    told.writes()
    two_days = timedelta(days=2)
    told.is_routed(overflow_at=told.now + timedelta(hours=2), on_overflow=OverflowAction.END)
    told.passes(timedelta(hours=2))
    assert said(told) == [(T.OVERFLOW_ENDED, None)]
    told = Story(SETTINGS)
    told.writes()
    told.is_routed(overflow_at=told.now + two_days, on_overflow=OverflowAction.END)
    told.passes(two_days)
    assert said(told) == []
    assert (told.told("message.not_allowed")[0].data or {})["trigger"] == "overflow_ended"


@pytest.mark.parametrize("reason", [RouteReason.RULE_FAILED, RouteReason.UNKNOWN_QUEUE])
def test_a_failure_of_routing_is_told_of(reason: RouteReason) -> None:
    told = Story(SETTINGS)
    told.writes()
    told.is_routed(reason=reason)
    assert said(told) == [(T.AGENT_NOT_ASSIGNED, None)]


def test_a_queue_that_nobody_serves_is_told_of_and_one_in_which_nobody_has_room_is_not() -> None:
    told = Story(SETTINGS)
    told.writes()
    told.is_routed(when_empty=WhenEmpty.KEEP)
    assert said(told) == [(T.AGENT_NOT_ASSIGNED, None)]
    told = Story(SETTINGS)
    told.writes()
    told.is_routed(when_empty=WhenEmpty.CLOSE)
    assert (told.status, said(told)) == (Status.CLOSED, [(T.OVERFLOW_ENDED, None)])
    assert said(waits()) == []
