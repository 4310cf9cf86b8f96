"""Stays, offers and what ends them, to the instant."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.conversations.apply_routing import knows_less
from domain.conversations.changes import Change
from domain.conversations.deadlines import next_deadline
from domain.conversations.lifecycle import Phase, Status
from domain.conversations.queue_stays import placement_of
from domain.routing.absence import WhenAgentGone
from domain.routing.capacity import BlockCapacity, Origin, WrapUpCapacity
from domain.routing.members import Wish, WishKind
from domain.routing.offers import NotificationSettings
from domain.routing.overflow import OverflowAction
from domain.routing.placement import StayEnd
from domain.routing.route_to_queue import WhenEmpty
from domain.routing.routing_signals import OfferMade
from domain.routing.work_distribution import ConversationDistribution, DistributionMode
from domain.workstreams.conversation_settings import ConversationSettings
from support.story import Story

PUSH = ConversationDistribution(
    mode=DistributionMode.PUSH, notification=NotificationSettings(reject_button=True)
)
ALMOST = timedelta(seconds=119, milliseconds=999)
END = timedelta(seconds=120)


def story(distribution: ConversationDistribution = PUSH) -> Story:
    told = Story(ConversationSettings(automated_messages=(), distribution=distribution))
    told.writes()
    told.is_routed()
    return told


def offered(distribution: ConversationDistribution = PUSH) -> Story:
    told = story(distribution)
    told.is_offered("mia", "offer-1")
    return told


def stay_ends(told: Story) -> list[tuple[int, StayEnd | None]]:
    records = {each.record.number: each.record.end for change in told.changes for each in change.stays}
    return sorted(records.items())


def test_an_offer_begins_a_session_that_the_agent_has_yet_to_accept() -> None:
    told = offered()
    now = told.conversation
    assert (now.status, now.phase, now.agent_id) == (Status.ACTIVE, Phase.AWAITING_ACCEPTANCE, "mia")
    assert now.session is not None
    assert (now.session.id, now.session.accepted_at, now.accepted_session_id) == ("offer-1", None, None)
    assert told.told("offer.made")[0].data == {
        "offer_id": "offer-1",
        "agent_id": "mia",
        "origin": "push",
        "expires_at": "2026-11-20T12:02:00+00:00",
    }
    assert told.is_refused("reply", message_id="r1").code == "invalid_state"
    assert told.is_refused("end").allowed_commands == ("accept", "decline")


def test_what_an_agent_has_pulled_is_theirs_at_once() -> None:
    told = story()
    told.is_offered("mia", "offer-1", origin=Origin.NEXT)
    now = told.conversation
    assert (now.status, now.phase, now.agent_id) == (Status.ACTIVE, Phase.IN_CONVERSATION, "mia")
    assert now.session is not None
    assert (now.session.id, now.session.origin, now.session.accepted_at) == (
        "offer-1",
        Origin.NEXT,
        told.now,
    )
    assert now.status_reason == "picked_by_agent"
    assert (now.offer, now.accepted_session_id) == (None, "offer-1")
    assert stay_ends(told) == [(1, StayEnd.ACCEPTED)]
    assert told.told("session.started")[0].actor_id == "mia"
    assert told.told("offer.made") == []
    told.asks("reply", message_id="r1")


def test_an_answer_counts_until_the_instant_of_the_end() -> None:
    told = offered()
    told.now += ALMOST
    told.asks("accept")
    assert told.conversation.phase is Phase.IN_CONVERSATION
    assert (told.conversation.accepted_session_id, told.conversation.accepted_at) == ("offer-1", told.now)
    assert stay_ends(told) == [(1, StayEnd.ACCEPTED)]
    told.asks("reply", message_id="r1")

    late = offered()
    late.now += END
    assert late.is_refused("accept").code == "offer_over"
    late.fires()
    assert late.is_refused("accept").code == "offer_over"
    assert late.conversation.status_reason == "not_accepted_in_time"
    assert late.conversation.returns == {"mia": 1}
    assert stay_ends(late) == [(1, StayEnd.TIMED_OUT), (2, None)]


def test_who_is_not_offered_it_can_neither_accept_nor_decline() -> None:
    told = offered()
    for action in ("accept", "decline"):
        assert told.is_refused(action, "tom").code == "not_offered_to_you"
    assert story().is_refused("accept").code == "not_offered_to_you"
    silent = offered(replace(PUSH, notification=NotificationSettings()))
    assert silent.is_refused("decline").code == "cannot_be_declined"


@pytest.mark.parametrize("action", ["accept", "decline"])
def test_a_late_answer_never_counts_for_the_next_offer(action: str) -> None:
    told = offered()
    told.passes(END)
    told.is_offered("mia", "offer-2")
    assert told.is_refused(action, offer_id="offer-1").code == "offer_over"
    assert told.conversation.phase is Phase.AWAITING_ACCEPTANCE
    told.asks(action, offer_id="offer-2")
    accepts = action == "accept"
    assert told.conversation.status is (Status.ACTIVE if accepts else Status.OPEN)
    assert told.conversation.returns == ({} if accepts else {"mia": 2})


def test_an_answer_that_names_no_offer_is_to_the_present_one() -> None:
    told = offered()
    told.passes(END)
    told.is_offered("mia", "offer-2")
    told.asks("accept")
    assert told.conversation.accepted_session_id == "offer-2"


def test_who_accepts_twice_has_it_still_and_an_older_offer_stays_over() -> None:
    told = offered()
    told.passes(END)
    told.is_offered("mia", "offer-2")
    for _ in range(2):
        told.asks("accept", offer_id="offer-2")
    assert told.is_refused("accept", offer_id="offer-1").code == "not_offered_to_you"


def test_a_declined_offer_begins_the_next_stay_with_the_same_age() -> None:
    told = story()
    told.now += timedelta(minutes=1)
    told.is_offered("mia")
    told.asks("decline")
    stay = told.conversation.stay
    assert stay is not None
    assert (stay.record.number, stay.record.queue_id, stay.record.reason) == (
        2,
        "default",
        "declined_by_agent",
    )
    assert stay.age_at == told.now - timedelta(minutes=1)
    place = placement_of(told.conversation, PUSH.wrap_up, told.now)
    assert place.waiting is not None
    assert (place.waiting.returns, place.slot) == ({"mia": 1}, None)
    assert told.told("offer.declined")[0].actor_id == "mia"


def age(told: Story) -> datetime:
    assert told.conversation.stay is not None
    return told.conversation.stay.age_at


def test_the_age_is_that_of_the_message_that_opened_the_stay_however_late_it_comes() -> None:
    told = Story(ConversationSettings(automated_messages=(), distribution=PUSH))
    written_at = told.now - timedelta(minutes=10)
    told.writes(at=written_at)
    told.writes()
    told.now += timedelta(seconds=1)
    told.is_routed()
    assert age(told) == written_at
    told.is_offered("mia")
    told.asks("decline")
    assert age(told) == written_at
    told.is_offered("tom")
    for action in ("accept", "close_session"):
        told.asks(action, "tom")
    told.now += timedelta(hours=1)
    told.writes(at=told.now - timedelta(minutes=5))
    told.is_routed()
    assert age(told) == told.now - timedelta(minutes=5)


def test_a_message_from_the_future_is_as_old_as_its_arrival() -> None:
    told = Story(ConversationSettings(automated_messages=(), distribution=PUSH))
    told.writes(at=told.now + timedelta(days=1))
    told.is_routed()
    assert age(told) == told.now


@pytest.mark.parametrize("times", [1, 2])
def test_auto_assign_gives_it_when_the_time_is_up(times: int) -> None:
    told = offered(replace(PUSH, notification=NotificationSettings(auto_assign=True)))
    told.passes(END * times)
    assert told.conversation.phase is Phase.IN_CONVERSATION
    assert told.conversation.accepted_at == told.now - END * (times - 1)
    assert told.conversation.status_reason == "assigned_automatically"
    told.asks("accept")  # a click that comes late
    assert told.conversation.returns == {}


def test_auto_accept_gives_it_at_once() -> None:
    told = offered(replace(PUSH, notification=NotificationSettings(auto_assign=True, auto_accept=True)))
    assert told.conversation.phase is Phase.IN_CONVERSATION
    assert [fact.kind for fact in told.facts[-2:]] == ["offer.accepted", "conversation.active"]


def test_an_offer_counts_for_its_stay_alone_and_once() -> None:
    told = offered()
    assert told.is_offered("mia", "offer-1") == Change(told.state)
    told.asks("decline")
    assert told.is_offered("tom", "offer-2", stay=1) == Change(told.state)
    assert told.is_offered("tom", "offer-3", queue_id="other") == Change(told.state)
    assert told.is_offered("tom", "offer-4", conversation_id="former") == Change(told.state)
    assert told.is_offered("tom", "offer-5", valid_until=told.now) == Change(told.state)
    told.is_offered("tom", "offer-6")
    assert told.conversation.agent_id == "tom"


@pytest.mark.parametrize(("stay", "knows"), [(1, False), (2, True)])
def test_a_later_stay_in_an_offer_is_of_a_discarded_task(stay: int, knows: bool) -> None:
    told = story()
    offer = OfferMade("o", told.conversation.id, "mia", stay, "default", Origin.PUSH, told.now + END)
    assert knows_less(told.state, offer) is knows


def test_picking_takes_what_is_offered_to_oneself_or_where_it_is_allowed() -> None:
    own = offered()
    own.asks("pick")
    assert own.conversation.session is not None
    assert (own.conversation.session.id, own.conversation.status_reason) == ("offer-1", "accepted_by_agent")

    refusal = offered().is_refused("pick", "tom")
    assert (refusal.code, refusal.allowed_commands) == ("invalid_state", ("accept", "decline"))
    assert story().is_refused("pick").allowed_commands == ()

    others = offered(replace(PUSH, allow_picking=True))
    others.asks("pick", "tom", slot_id="slot-1")
    assert others.conversation.session is not None
    assert (others.conversation.agent_id, others.conversation.session.id) == ("tom", "slot-1")
    assert others.told("offer.withdrawn")[0].data == {
        "offer_id": "offer-1",
        "agent_id": "mia",
        "reason": "picked_by_agent",
    }
    assert others.told("session.closed")[0].data == {
        "session_id": "offer-1",
        "agent_id": "mia",
        "reason": "picked_by_agent",
    }


def test_a_supervisor_assigns_and_an_agent_transfers() -> None:
    told = story()
    assert told.is_refused("assign", to_agent_id="tom").code == "not_your_conversation"
    told.asks("assign", "eve", supervises=True, to_agent_id="tom")
    assert (told.conversation.agent_id, told.conversation.phase) == ("tom", Phase.AWAITING_ACCEPTANCE)
    told.asks("accept", "tom")
    assert told.is_refused("transfer", "mia", to_agent_id="mia").code == "not_your_conversation"
    assert told.is_refused("transfer", "tom", to_agent_id="tom").code == "agent_not_available"
    told.asks("transfer", "tom", to_agent_id="mia")
    assert (told.conversation.agent_id, told.conversation.former_agent_id) == ("mia", "tom")
    age = told.conversation.stay.age_at if told.conversation.stay else None
    told.passes(END)
    stay = told.conversation.stay
    assert stay is not None
    assert (told.status, stay.record.number, stay.age_at) == (Status.OPEN, 2, age)


def test_a_transfer_to_a_queue_needs_no_routing() -> None:
    told = offered()
    told.asks("accept")
    told.asks("transfer_to_queue", queue_id="second")
    stay = told.conversation.stay
    assert stay is not None
    assert (stay.record.queue_id, stay.record.number, stay.demand.queue_id) == ("second", 2, "second")
    assert not stay.is_over
    told.asks("assign_to_queue", "eve", supervises=True, queue_id="third")
    assert stay_ends(told) == [(1, StayEnd.ACCEPTED), (2, StayEnd.TRANSFERRED), (3, None)]


@pytest.mark.parametrize(
    ("setting", "owed", "status"),
    [
        (WhenAgentGone.RETURN, True, Status.OPEN),
        (WhenAgentGone.RETURN, False, Status.WAITING),
        (WhenAgentGone.KEEP, True, Status.ACTIVE),
    ],
)
def test_an_agent_who_does_not_come_back_gives_it_back(
    setting: WhenAgentGone, owed: bool, status: Status
) -> None:
    told = offered(replace(PUSH, when_agent_gone=setting))
    told.asks("accept")
    if not owed:
        told.asks("reply", message_id="r1")
    told.agent_goes(final=False)
    assert told.status is Status.ACTIVE
    told.agent_goes("tom")
    assert told.status is Status.ACTIVE
    told.agent_goes(since=told.now - timedelta(seconds=1))  # before they took it
    assert told.status is Status.ACTIVE
    told.agent_goes()
    assert told.status is status


def test_an_offer_to_an_agent_who_is_gone_ends_at_once_and_is_no_decline() -> None:
    told = offered(replace(PUSH, when_agent_gone=WhenAgentGone.KEEP))
    told.agent_goes(final=False)
    assert (told.status, told.conversation.returns) == (Status.OPEN, {})
    assert stay_ends(told) == [(1, StayEnd.AGENT_GONE), (2, None)]


def test_what_waits_for_too_long_overflows_to_another_queue() -> None:
    told = Story(ConversationSettings(automated_messages=(), distribution=PUSH))
    told.writes()
    told.is_routed(
        overflow_at=told.now + timedelta(days=2),
        on_overflow=OverflowAction.TRANSFER,
        overflow_queue_id="second",
    )
    told.passes(timedelta(days=2) - timedelta(milliseconds=1))
    assert told.told("conversation.overflowed") == []
    told.passes(timedelta(milliseconds=1))
    stay = told.conversation.stay
    assert stay is not None
    assert (stay.record.queue_id, stay.record.entered_at, stay.overflow_at) == ("second", told.now, None)
    assert told.told("conversation.overflowed")[0].data == {
        "stay": 1,
        "queue_id": "default",
        "condition": "while_queued",
        "to_queue_id": "second",
    }


def test_a_reservation_ends_by_itself() -> None:
    told = Story(ConversationSettings(automated_messages=(), distribution=PUSH))
    told.writes()
    until = told.now + timedelta(seconds=60)
    told.is_routed(wishes=(Wish("mia", WishKind.AFFINITY),), reserved_until=until)
    assert next_deadline(told.state, told.now) == until
    change = told.passes(timedelta(seconds=60))
    assert change.placed == (told.conversation.id,)
    place = placement_of(told.conversation, PUSH.wrap_up, told.now)
    assert place.waiting is not None
    assert (place.waiting.reserved_until, len(place.waiting.wishes)) == (None, 1)


@pytest.mark.parametrize("block", BlockCapacity)
def test_wrap_up_holds_capacity_as_the_workstream_says(block: BlockCapacity) -> None:
    wrap_up = WrapUpCapacity(block, 60)
    told = offered(replace(PUSH, wrap_up=wrap_up))
    told.asks("accept")
    told.asks("end")

    def holds() -> bool:
        return placement_of(told.conversation, wrap_up, told.now).slot is not None

    assert holds() is (block is not BlockCapacity.NEVER)
    change = told.passes(timedelta(seconds=60))
    assert holds() is (block is BlockCapacity.ALWAYS)
    assert change.placed == ((told.conversation.id,) if block is BlockCapacity.SECONDS else ())


def test_an_offer_that_nobody_takes_makes_no_survey_and_restarts_no_rule() -> None:
    told = offered()
    told.passes(END)
    assert (told.conversation.sessions, told.conversation.accepted_session_id) == (1, None)
    told.asks("force_close", "eve", supervises=True)
    assert told.told("session.closed")[0].data is not None
    assert stay_ends(told) == [(1, StayEnd.TIMED_OUT), (2, StayEnd.CLOSED)]


def test_a_queue_without_agents_keeps_the_conversation_and_raises_an_alarm() -> None:
    told = Story(ConversationSettings(automated_messages=(), distribution=PUSH))
    told.writes()
    told.is_routed("night", when_empty=WhenEmpty.KEEP)
    assert told.conversation.status is Status.OPEN
    (alarm,) = told.told("queue.without_agents")
    assert alarm.conversation_id == told.conversation.id
    assert alarm.data == {"queue_id": "night", "when_empty": "keep"}


def test_a_queue_without_agents_closes_the_conversation_where_its_setting_says_so() -> None:
    told = Story(ConversationSettings(automated_messages=(), distribution=PUSH))
    told.writes()
    told.is_routed("night", when_empty=WhenEmpty.CLOSE)
    closed = told.state.last_closed
    assert closed is not None
    assert (closed.status, closed.status_reason) == (Status.CLOSED, "queue_has_no_agents")
    (fact,) = told.told("conversation.closed")
    assert fact.data == {"from": "open", "reason": "queue_has_no_agents", "setting": "when_empty"}
    assert len(told.told("queue.without_agents")) == 1


def test_what_waits_for_its_queue_to_open_is_looked_at_then_and_stays_where_it_is() -> None:
    told = Story(ConversationSettings(automated_messages=(), distribution=PUSH))
    told.writes()
    opens_at = told.now + timedelta(hours=12)
    told.is_routed(opens_at=opens_at)
    assert next_deadline(told.state, told.now) == opens_at
    assert told.passes(timedelta(hours=12) - timedelta(milliseconds=1)).placed == ()
    change = told.passes(timedelta(milliseconds=1))
    assert (change.placed, change.facts) == ((told.conversation.id,), ())
    stay = told.conversation.stay
    assert stay is not None
    assert (stay.record.number, stay.opens_at) == (1, None)


def test_where_agents_pick_nothing_waits_for_the_hours() -> None:
    told = Story(ConversationSettings(automated_messages=(), distribution=PUSH))
    told.writes()
    told.is_routed(opens_at=told.now + timedelta(hours=12), listed=True)
    stay = told.conversation.stay
    assert stay is not None
    assert stay.opens_at is None
