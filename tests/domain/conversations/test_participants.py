"""Who takes part in a conversation beside its agent: who may, until when, and what each may do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.conversations.deadlines import awaited_answers, next_deadline
from domain.conversations.lifecycle import Phase, Status
from domain.conversations.participants import MAX_PARTICIPANTS
from domain.conversations.state import Participant, ParticipantMode
from domain.routing.absence import WhenAgentGone
from domain.routing.offers import NotificationSettings
from domain.routing.work_distribution import PICK_FROM_THE_DEFAULT_QUEUE
from domain.workstreams.conversation_settings import ConversationSettings
from support.story import Story

END = timedelta(seconds=120)
SETTINGS = ConversationSettings(
    automated_messages=(),
    distribution=replace(
        PICK_FROM_THE_DEFAULT_QUEUE,
        notification=NotificationSettings(reject_button=True),
        when_agent_gone=WhenAgentGone.KEEP,
    ),
)


def talking() -> Story:
    """Mia has a conversation."""
    told = Story(SETTINGS)
    told.writes()
    told.is_routed()
    told.asks("pick")
    return told


def consulted() -> Story:
    """Mia has asked Zoe, who has accepted."""
    told = talking()
    told.asks("consult")
    told.asks("accept", "zoe")
    return told


def who(told: Story) -> list[tuple[str, str]]:
    return [(each.agent_id, each.mode.value) for each in told.conversation.participants]


def last(told: Story) -> Participant:
    """The newest word on anybody who takes part."""
    return [each.participant for change in told.changes for each in change.participants][-1]


def data(told: Story, kind: str) -> list[dict[str, object]]:
    return [dict(fact.data or {}) for fact in told.told(kind)]


def test_a_colleague_is_asked_and_reads_along_once_they_accept() -> None:
    told = talking()
    told.asks("consult")
    invitation = told.conversation.participants[0]
    assert (invitation.agent_id, invitation.mode) == ("zoe", ParticipantMode.CONSULT)
    assert (invitation.asked_by, invitation.expires_at) == ("mia", told.now + END)
    assert invitation.joined_at is None
    assert next_deadline(told.state, told.now) == told.now + END
    assert awaited_answers(told.state) == {invitation.id: told.now + END}
    assert data(told, "consult.asked") == [
        {"participant_id": invitation.id, "agent_id": "zoe", "expires_at": (told.now + END).isoformat()}
    ]
    told.now += END - timedelta(milliseconds=1)
    told.asks("accept", "zoe")
    assert last(told) == replace(invitation, expires_at=None, joined_at=told.now)
    assert awaited_answers(told.state) == {}
    assert [fact.actor_id for fact in told.told("consult.accepted")] == ["zoe"]
    assert data(told, "participant.joined") == [
        {"participant_id": invitation.id, "agent_id": "zoe", "mode": "consult"}
    ]
    assert told.conversation.agent_id == "mia"


def test_an_answer_at_the_instant_of_the_end_is_too_late() -> None:
    told = talking()
    told.asks("consult")
    told.now += END
    assert told.is_refused("accept", "zoe").code == "not_offered_to_you"
    told.fires()
    assert who(told) == []
    assert (last(told).end, last(told).left_at) == ("timed_out", told.now)
    assert [fact.at for fact in told.told("consult.timed_out")] == [told.now]


def test_a_late_answer_never_counts_for_the_next_invitation() -> None:
    told = talking()
    told.asks("consult")
    first = told.conversation.participants[0].id
    told.passes(END)
    told.asks("consult")
    second = told.conversation.participants[0].id
    for action in ("accept", "decline"):
        assert told.is_refused(action, "zoe", offer_id=first).code == "offer_over"
    told.asks("accept", "zoe", offer_id=second)
    assert who(told) == [("zoe", "consult")]


def test_a_colleague_declines_whatever_offers_allow() -> None:
    told = talking()
    told.set_to(distribution=PICK_FROM_THE_DEFAULT_QUEUE)
    told.asks("consult")
    told.asks("decline", "zoe")
    assert who(told) == []
    assert last(told).end == "declined"
    assert [fact.actor_id for fact in told.told("consult.declined")] == ["zoe"]
    told.asks("consult")  # they may be asked again


def test_who_reads_along_may_not_write_and_who_joined_may() -> None:
    told = consulted()
    assert told.is_refused("reply", "zoe", message_id="r1").code == "not_your_conversation"
    told.asks("join")
    assert who(told) == [("zoe", "join")]
    told.asks("reply", "zoe", message_id="r1")
    assert told.state.outbox[0].agent_id == "zoe"
    assert data(told, "participant.joined")[-1]["mode"] == "join"
    told.asks("join")  # a click too many
    assert len(told.told("participant.joined")) == 2


def test_nobody_joins_who_has_not_accepted() -> None:
    told = talking()
    told.asks("consult")
    assert told.is_refused("join").code == "not_participating"
    assert told.is_refused("join", participant_id="tom").code == "not_participating"


def test_a_supervisor_joins_by_themselves_and_an_agent_does_not() -> None:
    told = consulted()
    for agent in ("zoe", "tom"):
        assert told.is_refused("join", agent, participant_id=agent).code == "not_your_conversation"
    told.asks("join", "eve", participant_id="eve", supervises=True)
    assert who(told) == [("zoe", "consult"), ("eve", "join")]
    assert told.told("participant.joined")[-1].actor_kind == "supervisor"
    told.asks("reply", "eve", message_id="r1")


def test_only_a_supervisor_watches_and_not_what_is_their_own() -> None:
    told = talking()
    assert told.is_refused("monitor", "tom").code == "not_your_conversation"
    assert told.is_refused("monitor", "mia", supervises=True).code == "agent_not_available"
    told.asks("monitor", "eve", supervises=True)
    assert who(told) == [("eve", "monitor")]
    assert told.is_refused("reply", "eve", message_id="r1").code == "not_your_conversation"
    told.asks("monitor", "eve", supervises=True)
    assert len(told.told("participant.joined")) == 1
    told.asks("join", "eve", participant_id="eve", supervises=True)
    assert who(told) == [("eve", "join")]
    assert told.is_refused("monitor", "eve", supervises=True).code == "already_participating"


def test_who_takes_part_leaves_and_is_removed() -> None:
    told = consulted()
    assert told.is_refused("leave", "tom").code == "not_participating"
    assert told.is_refused("remove_participant", "tom").code == "not_your_conversation"
    told.asks("leave", "zoe")
    assert (who(told), last(told).end) == ([], "left")
    told.asks("consult")
    told.asks("remove_participant")
    assert data(told, "consult.withdrawn")[0]["reason"] == "removed"
    told.asks("consult")
    told.asks("accept", "zoe")
    told.asks("remove_participant", "eve", supervises=True)
    assert data(told, "participant.left")[-1] == {
        "participant_id": last(told).id,
        "agent_id": "zoe",
        "mode": "consult",
        "reason": "removed",
    }
    assert told.is_refused("remove_participant").code == "not_participating"


def test_only_the_agent_or_a_supervisor_consults_and_nobody_twice() -> None:
    told = talking()
    assert told.is_refused("consult", "tom").code == "not_your_conversation"
    assert told.is_refused("consult", participant_id="mia").code == "agent_not_available"
    told.asks("consult", "eve", supervises=True)
    assert told.is_refused("consult").code == "already_participating"


def test_no_more_than_five_colleagues_take_part() -> None:
    told = talking()
    told.asks("monitor", "watcher", supervises=True)
    for number in range(MAX_PARTICIPANTS):
        told.asks("consult", participant_id=f"colleague{number}")
    assert told.is_refused("consult", participant_id="one-more").code == "too_many_participants"
    refusal = told.is_refused("join", "watcher", participant_id="watcher", supervises=True)
    assert refusal.code == "too_many_participants"
    told.asks("remove_participant", participant_id="colleague0")
    told.asks("consult", participant_id="one-more")


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("end", Status.WRAP_UP),
        ("close_session", Status.WAITING),
        ("release", Status.OPEN),
        ("transfer_to_queue", Status.OPEN),
        ("transfer", Status.ACTIVE),
    ],
)
def test_colleagues_leave_with_the_agents_session_and_who_watches_stays(action: str, status: Status) -> None:
    told = consulted()
    told.asks("consult", participant_id="tom")
    told.asks("monitor", "eve", supervises=True)
    told.asks(action, **({"to_agent_id": "kim"} if action == "transfer" else {}))
    assert told.status is status
    assert who(told) == ([] if status is Status.OPEN else [("eve", "monitor")])
    assert [each["reason"] for each in data(told, "consult.withdrawn")] == [told.conversation.status_reason]
    left = {each["agent_id"]: each["reason"] for each in data(told, "participant.left")}
    assert left["zoe"] == told.conversation.status_reason


def test_who_watches_leaves_when_it_closes_and_its_row_is_told() -> None:
    told = talking()
    told.asks("monitor", "eve", supervises=True)
    told.asks("end")
    told.asks("complete")
    assert told.conversation.participants == ()
    assert (last(told).agent_id, last(told).end, last(told).left_at) == (
        "eve",
        "completed_by_agent",
        told.now,
    )


def test_who_gets_the_conversation_takes_part_in_it_no_more() -> None:
    told = consulted()
    told.asks("monitor", "kim", supervises=True)
    told.asks("transfer", to_agent_id="kim")
    assert who(told) == []
    assert told.conversation.agent_id == "kim"


@pytest.mark.parametrize("answer", ["accept", "decline", "silence"])
def test_whom_a_supervisor_takes_it_from_stays_until_it_is_answered(answer: str) -> None:
    told = talking()
    told.asks("transfer", "eve", supervises=True, to_agent_id="kim")
    assert told.conversation.phase is Phase.AWAITING_ACCEPTANCE
    assert who(told) == [("mia", "consult")]
    assert data(told, "participant.joined")[0]["agent_id"] == "mia"
    assert told.is_refused("reply", "mia", message_id="r1").code == "invalid_state"
    if answer == "silence":
        told.passes(END)
    else:
        told.asks(answer, "kim")
    assert who(told) == []
    assert data(told, "participant.left")[0]["reason"] == told.conversation.status_reason


def test_who_is_gone_is_asked_no_more_and_leaves_when_they_do_not_come_back() -> None:
    told = consulted()
    told.agent_goes("zoe", final=False)
    assert who(told) == [("zoe", "consult")]
    told.asks("consult", participant_id="tom")
    told.agent_goes("tom", final=False)
    assert data(told, "consult.withdrawn")[0]["reason"] == "agent_disconnected"
    told.now += timedelta(seconds=1)
    told.agent_goes("zoe", since=told.now - timedelta(minutes=5))  # of an absence before they joined
    assert who(told) == [("zoe", "consult")]
    told.agent_goes("zoe")
    assert (who(told), last(told).end) == ([], "agent_disconnected")
    assert told.conversation.agent_id == "mia"


@pytest.mark.parametrize("action", ["consult", "join", "monitor", "remove_participant"])
def test_where_nobody_may_take_part_the_refusal_says_what_is_legal(action: str) -> None:
    told = Story(SETTINGS)
    told.writes()
    refusal = told.is_refused(action, "eve", supervises=True)
    assert (refusal.code, refusal.status) == ("invalid_state", Status.OPEN)
    assert told.is_refused("leave", "eve").code == "invalid_state"


def test_a_refusal_says_what_one_may_do_about_who_takes_part() -> None:
    told = consulted()
    assert told.is_refused("consult").allowed_commands == ("consult", "join", "remove_participant")
    assert told.is_refused("join", "zoe", participant_id="zoe").allowed_commands == ("leave",)
    told.asks("monitor", "eve", supervises=True)
    refusal = told.is_refused("accept", "eve", supervises=True)
    assert refusal.allowed_commands[-4:] == ("consult", "join", "leave", "remove_participant")


def test_to_take_part_keeps_a_conversation_from_closing_as_idle() -> None:
    told = talking()
    told.passes(timedelta(days=29))
    told.asks("monitor", "eve", supervises=True)
    told.passes(timedelta(days=29))
    assert told.status is Status.ACTIVE
