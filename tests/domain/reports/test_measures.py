"""What is counted and added up: a table of single cases, and what holds for all of them."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reports.measures import Cell, Measures, add_up, measure, measures_from
from domain.reports.metrics import metrics_of
from domain.reports.records import (
    ConversationRecord,
    MessageRecord,
    PresenceRecord,
    QueueStayRecord,
    QueueTerms,
    Records,
    SessionEnd,
    SessionRecord,
    SlotRecord,
    session_end,
)
from domain.routing.operating_hours import OperatingHours, WeeklyInterval
from domain.routing.presence import PresenceKind

DAY = date(2026, 11, 20)
BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
END = BEGIN + timedelta(days=1)
NOON = BEGIN + timedelta(hours=12)
OFFICE = OperatingHours("UTC", tuple(WeeklyInterval(day, time(9), time(17)) for day in range(7)))


def after(seconds: float, since: datetime = NOON) -> datetime:
    return since + timedelta(seconds=seconds)


def only(records: Records, timezone: str = "UTC") -> tuple[Cell, dict[str, int]]:
    ((cell, measures),) = measure(records, timezone).items()
    return cell, measures.as_dict()


def records(**given: object) -> Records:
    return replace(Records(BEGIN, END), **given)  # type: ignore[arg-type]  # a part of Records by its name


CONVERSATION = ConversationRecord("q", "w", NOON)
TERMS = {"q": QueueTerms(OFFICE, timedelta(seconds=30), timedelta(seconds=10))}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({}, {"incoming": 1}, id="waits_still"),
        pytest.param(
            {"first_session_at": after(5), "accepted_at": after(40), "agent_id": "mia"},
            {"incoming": 1, "engaged": 1, "first_wait_ms": 40_000},
            id="accepted_after_an_offer",
        ),
        pytest.param(
            {"closed_at": after(10)},
            {"incoming": 1, "closed": 1, "conversation_ms": 10_000, "abandoned_early": 1},
            id="left_at_the_short_threshold",
        ),
        pytest.param(
            {"closed_at": after(10.001)},
            {"incoming": 1, "closed": 1, "conversation_ms": 10_001, "abandoned": 1},
            id="left_after_the_short_threshold",
        ),
        pytest.param(
            {"first_session_at": after(3), "closed_at": after(20)},
            {"incoming": 1, "closed": 1, "conversation_ms": 20_000, "abandoned": 1},
            id="left_while_it_was_offered",
        ),
        pytest.param(
            {"first_session_at": NOON, "accepted_at": NOON, "agent_id": "mia", "first_reply_at": NOON},
            {"started_by_agents": 1},
            id="an_agent_began_it",
        ),
        pytest.param(
            {"first_reply_at": after(60)},
            {"incoming": 1, "first_responses": 1, "first_response_ms": 60_000, "first_responses_in_time": 1},
            id="answered_in_60_seconds",
        ),
        pytest.param(
            {"first_reply_at": after(60.001)},
            {"incoming": 1, "first_responses": 1, "first_response_ms": 60_001},
            id="answered_after_60_seconds",
        ),
        pytest.param(
            {
                "opened_at": BEGIN + timedelta(hours=3),
                "first_reply_at": BEGIN + timedelta(hours=9, seconds=7),
            },
            {"incoming": 1, "first_responses": 1, "first_response_ms": 7_000, "first_responses_in_time": 1},
            id="only_operating_hours_count_for_the_first_response",
        ),
    ],
)
def test_conversations(more: dict[str, object], expected: dict[str, int]) -> None:
    each = replace(CONVERSATION, **more)  # type: ignore[arg-type]  # a part of it by its name
    cell, found = only(records(conversations=[each], queues=TERMS))
    assert found == expected
    assert cell == Cell(DAY, "q", "w", each.agent_id)


@pytest.mark.parametrize(
    ("stay", "expected"),
    [
        pytest.param(
            QueueStayRecord("q", "w", NOON, after(30), "mia"),
            {
                "waits": 1,
                "wait_ms": 30_000,
                "wait_in_hours_ms": 30_000,
                "service_level_waits": 1,
                "service_level_met": 1,
            },
            id="at_the_service_level",
        ),
        pytest.param(
            QueueStayRecord("q", "w", BEGIN + timedelta(hours=8), BEGIN + timedelta(hours=9, seconds=31)),
            {"waits": 1, "wait_ms": 3_631_000, "wait_in_hours_ms": 31_000, "service_level_waits": 1},
            id="over_the_service_level_in_hours",
        ),
        pytest.param(
            QueueStayRecord("q", "w", NOON, after(100), wait_in_hours=timedelta(seconds=4)),
            {
                "waits": 1,
                "wait_ms": 100_000,
                "wait_in_hours_ms": 4_000,
                "service_level_waits": 1,
                "service_level_met": 1,
            },
            id="the_wait_that_was_kept_is_taken_as_it_is",
        ),
        pytest.param(
            QueueStayRecord("other", "w", NOON, after(100)),
            {"waits": 1, "wait_ms": 100_000, "wait_in_hours_ms": 100_000},
            id="a_queue_without_a_service_level",
        ),
    ],
)
def test_stays(stay: QueueStayRecord, expected: dict[str, int]) -> None:
    assert only(records(stays=[stay], queues=TERMS))[1] == expected


def test_a_stay_that_nobody_accepted_has_no_wait() -> None:
    assert measure(records(stays=[QueueStayRecord("q", "w", NOON)]), "UTC") == {}


OFFER = SessionRecord("q", "w", "mia", NOON, is_offer=True)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({}, {"offers": 1}, id="not_answered_yet"),
        pytest.param(
            {"ended_at": after(4), "end": SessionEnd.DECLINED},
            {"offers": 1, "offers_declined": 1},
            id="declined",
        ),
        pytest.param(
            {"ended_at": after(120), "end": SessionEnd.TIMED_OUT},
            {"offers": 1, "offers_timed_out": 1},
            id="timed_out",
        ),
        pytest.param({"ended_at": after(4), "end": SessionEnd.OTHER}, {"offers": 1}, id="withdrawn"),
        pytest.param(
            {"accepted_at": after(4), "ended_at": after(64), "end": SessionEnd.OTHER},
            {"offers": 1, "offers_accepted": 1, "sessions": 1, "sessions_ended": 1, "handle_ms": 60_000},
            id="accepted_and_ended",
        ),
        pytest.param(
            {"accepted_at": after(4)}, {"offers": 1, "offers_accepted": 1, "sessions": 1}, id="goes_on"
        ),
        pytest.param(
            {"is_offer": False, "accepted_at": NOON, "ended_at": after(5), "end": SessionEnd.TRANSFERRED},
            {"sessions": 1, "transfers": 1, "sessions_ended": 1, "handle_ms": 5_000},
            id="picked_and_transferred",
        ),
    ],
)
def test_sessions(more: dict[str, object], expected: dict[str, int]) -> None:
    each = replace(OFFER, **more)  # type: ignore[arg-type]  # a part of it by its name
    assert only(records(sessions=[each])) == (Cell(DAY, "q", "w", "mia"), expected)


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        (None, None),
        ("declined_by_agent", SessionEnd.DECLINED),
        ("not_accepted_in_time", SessionEnd.TIMED_OUT),
        ("transferred_to_queue", SessionEnd.TRANSFERRED),
        ("transferred_to_agent", SessionEnd.TRANSFERRED),
        ("session_closed_by_agent", SessionEnd.OTHER),
    ],
)
def test_ends_of_sessions(reason: str | None, end: SessionEnd | None) -> None:
    assert session_end(reason) is end


def said(at: datetime, agent_id: str | None = None, conversation_id: str = "c") -> MessageRecord:
    return MessageRecord(conversation_id, "q", "w", at, agent_id, is_inbound=agent_id is None)


def test_a_reply_answers_the_first_message_since_the_reply_before() -> None:
    talk = [
        said(NOON),
        said(after(10)),
        said(after(40), "mia"),
        said(after(50), "mia"),
        said(after(100)),
        said(after(161), "mia"),
    ]
    cells = measure(records(messages=talk), "UTC")
    assert cells[Cell(DAY, "q", "w")].as_dict() == {"messages_in": 3}
    assert cells[Cell(DAY, "q", "w", "mia")].as_dict() == {
        "messages_out": 3,
        "responses": 2,
        "response_ms": 40_000 + 61_000,
        "responses_in_time": 1,
    }


def test_a_reply_answers_what_was_written_before_the_period_but_not_what_is_older_than_a_week() -> None:
    reply = said(NOON, "mia")
    before = said(BEGIN - timedelta(hours=1))
    week = said(NOON - timedelta(days=7))
    older = said(NOON - timedelta(days=7, seconds=1))
    for asked, expected in (
        ([before], {"messages_out": 1, "responses": 1, "response_ms": 13 * 3_600_000}),
        ([week], {"messages_out": 1, "responses": 1, "response_ms": 7 * 86_400_000}),
        ([older], {"messages_out": 1}),
        ([older, before], {"messages_out": 1, "responses": 1, "response_ms": 13 * 3_600_000}),
        ([said(after(-5), conversation_id="another")], {"messages_out": 1}),
    ):
        found = measure(records(messages=[*asked, reply]), "UTC")
        assert found[Cell(DAY, "q", "w", "mia")].as_dict() == expected


def test_capacity_counts_while_an_agent_is_on_duty_and_slots_while_they_are_held() -> None:
    hour = timedelta(hours=1)
    presence = [
        PresenceRecord("mia", NOON, NOON + hour, PresenceKind.AVAILABLE, 5),
        PresenceRecord("mia", NOON + hour, NOON + 2 * hour, PresenceKind.DO_NOT_DISTURB, 5),
        PresenceRecord("mia", NOON + 2 * hour, NOON + 3 * hour, PresenceKind.AWAY, 5),
    ]
    slots = [SlotRecord("mia", NOON, NOON + hour, 2), SlotRecord("mia", NOON, NOON + hour, 1)]
    cell, found = only(records(presence=presence, slots=slots))
    assert cell == Cell(DAY, agent_id="mia")
    assert found == {
        "on_duty_ms": 7_200_000,
        "capacity_unit_ms": 5 * 7_200_000,
        "used_unit_ms": 3 * 3_600_000,
    }
    assert metrics_of(measures_from(found)).occupancy == 0.3


def test_presence_is_shared_out_among_local_days() -> None:
    """On 2026-10-25 a day in Berlin has 25 hours."""
    begin, end = datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 28, tzinfo=UTC)
    present = PresenceRecord("mia", begin, end, PresenceKind.AVAILABLE, 1)
    found = measure(Records(begin, end, presence=[present]), "Europe/Berlin")
    hours = {cell.day: measures.on_duty_ms / 3_600_000 for cell, measures in found.items()}
    assert hours == {
        date(2026, 10, 24): 22,
        date(2026, 10, 25): 25,
        date(2026, 10, 26): 24,
        date(2026, 10, 27): 24,
        date(2026, 10, 28): 1,
    }


def test_the_day_of_a_record_is_local() -> None:
    late = replace(CONVERSATION, opened_at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
    for timezone, day in (("UTC", 20), ("Europe/Berlin", 21), ("America/New_York", 20)):
        assert only(records(conversations=[late]), timezone)[0].day == date(2026, 11, day)


def test_rates_and_averages_of_nothing_are_none() -> None:
    nothing = metrics_of(Measures())
    assert (nothing.incoming, nothing.abandon_rate, nothing.occupancy) == (0, None, None)
    assert (nothing.average_handle_seconds, nothing.service_level) == (None, None)


def test_metrics() -> None:
    sums = Measures(
        incoming=8,
        engaged=4,
        first_wait_ms=10_000,
        abandoned=2,
        offers=6,
        offers_declined=1,
        offers_timed_out=2,
        sessions=4,
        sessions_ended=3,
        handle_ms=100_000,
        transfers=1,
    )
    found = metrics_of(sums)
    assert found.average_first_wait_seconds == 2.5
    assert found.abandon_rate == 0.25
    assert (found.rejection_rate, found.time_out_rate) == (0.1667, 0.3333)
    assert found.transfer_rate == 0.25
    assert found.average_handle_seconds == 33.333


seconds = st.integers(0, 3 * 86_400)
instants = seconds.map(lambda passed: BEGIN + timedelta(seconds=passed))
presences = st.builds(
    lambda agent_id, begin, lasts, kind, limit: PresenceRecord(
        agent_id, begin, begin + timedelta(seconds=lasts), kind, limit
    ),
    st.sampled_from(["mia", "tom"]),
    instants,
    seconds,
    st.sampled_from(PresenceKind),
    st.integers(0, 5),
)
messages = st.lists(
    st.builds(said, instants, st.sampled_from([None, "mia"]), st.sampled_from(["c", "d"])), max_size=20
).map(lambda found: sorted(found, key=lambda each: each.at))


@given(st.lists(presences, max_size=6), messages, st.integers(1, 3 * 86_400 - 1))
def test_two_parts_of_a_period_add_up_to_the_whole(
    presence: list[PresenceRecord], talk: list[MessageRecord], cut: int
) -> None:
    end, middle = BEGIN + timedelta(days=3), BEGIN + timedelta(seconds=cut)
    whole = Records(BEGIN, end, messages=talk, presence=presence)
    parts = [replace(whole, end=middle), replace(whole, begin=middle)]
    added = add_up(item for part in parts for item in measure(part, "Europe/Berlin").items())
    assert added == measure(whole, "Europe/Berlin")


@given(st.lists(presences, max_size=6), messages)
def test_measures_survive_being_kept(presence: list[PresenceRecord], talk: list[MessageRecord]) -> None:
    whole = Records(BEGIN, END + timedelta(days=2), messages=talk, presence=presence)
    for measures in measure(whole, "UTC").values():
        assert measures_from(measures.as_dict()) == measures


@given(st.lists(st.builds(ConversationRecord, st.just("q"), st.just("w"), instants, st.none() | instants)))
def test_every_conversation_is_incoming_or_started_and_at_most_one_of_engaged_and_abandoned(
    conversations: list[ConversationRecord],
) -> None:
    cells = measure(Records(BEGIN, END, conversations=conversations), "UTC")
    total = Measures()
    for measures in cells.values():
        total.add(measures)
    assert total.incoming + total.started_by_agents == len(conversations)
    assert total.engaged + total.abandoned + total.abandoned_early <= total.incoming
