"""Capacity: what fits, what is full, what is beyond it by right, how long a conversation holds its slot."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.routing.capacity import (
    MAX_SESSIONS,
    NOTHING_USED,
    BlockCapacity,
    CapacityLimits,
    CapacityNeed,
    CapacityReset,
    ClaimVerdict,
    HeldSlot,
    Origin,
    ProfileLimit,
    SlotFacts,
    SlotUse,
    UsedCapacity,
    WrapUpCapacity,
    counts_since,
    fits,
    free_capacity,
    heeds_capacity,
    is_full,
    judge_claim,
    slot_of,
    used_capacity,
)

MORNING = datetime(2026, 11, 20, 0, tzinfo=UTC)
NOON = MORNING + timedelta(hours=12)
TWO_UNITS = CapacityLimits(units=2)
CHATS = CapacityNeed(0, ("chats",))
BOTH = CapacityNeed(0, ("chats", "total"))


def profile(profile_id: str, limit: int, *, blocks: bool = False, daily: bool = False) -> ProfileLimit:
    reset = CapacityReset.END_OF_DAY if daily else CapacityReset.IMMEDIATE
    return ProfileLimit(profile_id, limit, reset, blocks)


def used_by(limits: CapacityLimits, *slots: SlotUse) -> UsedCapacity:
    return used_capacity(limits, slots, NOON)


# Units


@pytest.mark.parametrize(
    ("in_use", "asked", "room"),
    [
        (0, 1, True),
        (0, 2, True),
        (0, 3, False),
        (1, 1, True),
        (1, 2, False),
        (2, 1, False),
        (3, 1, False),
        (3, 0, True),
    ],
)
def test_units_fit_up_to_the_limit(in_use: int, asked: int, room: bool) -> None:
    used = used_by(TWO_UNITS, *[SlotUse(CapacityNeed(1), NOON)] * in_use)
    assert fits(TWO_UNITS, used, CapacityNeed(asked)) is room


def test_a_released_slot_gives_its_units_back() -> None:
    used = used_by(TWO_UNITS, SlotUse(CapacityNeed(2), NOON, live=False))
    assert used == NOTHING_USED
    assert free_capacity(TWO_UNITS, used, CapacityNeed(1)) == 2


def test_an_agent_without_units_has_no_room_for_what_takes_units() -> None:
    assert not fits(CapacityLimits(profiles=(profile("chats", 5),)), NOTHING_USED, CapacityNeed(1))


# Profiles


def test_every_profile_of_a_conversation_has_to_have_room() -> None:
    limits = CapacityLimits(profiles=(profile("chats", 2), profile("total", 1)))
    assert fits(limits, NOTHING_USED, BOTH)
    used = used_by(limits, SlotUse(CapacityNeed(0, ("total",)), NOON))
    assert not fits(limits, used, BOTH)
    assert fits(limits, used, CHATS)


def test_an_agent_without_a_profile_has_no_room_in_it() -> None:
    assert not fits(CapacityLimits(units=5), NOTHING_USED, CHATS)


def test_an_exhausted_profile_that_blocks_leaves_no_room_for_anything() -> None:
    calls, chats = CapacityNeed(0, ("calls",)), CHATS
    for blocks, room in ((True, False), (False, True)):
        limits = CapacityLimits(profiles=(profile("calls", 1, blocks=blocks), profile("chats", 5)))
        assert fits(limits, used_by(limits, SlotUse(calls, NOON)), chats) is room


def test_a_daily_profile_counts_what_began_today_released_or_not() -> None:
    limits = CapacityLimits(profiles=(profile("chats", 2, daily=True),))
    yesterday = SlotUse(CHATS, MORNING - timedelta(seconds=1))
    today = SlotUse(CHATS, MORNING, live=False)
    assert used_by(limits, yesterday) == UsedCapacity(0, {}, live=1)
    assert used_by(limits, today) == UsedCapacity(0, {"chats": 1}, live=0)
    assert not fits(limits, used_by(limits, today, today, yesterday), CHATS)


def test_the_days_of_a_profile_are_those_of_its_time_zone() -> None:
    kolkata = ProfileLimit("chats", 2, CapacityReset.END_OF_DAY, timezone="Asia/Kolkata")
    limits = CapacityLimits(profiles=(kolkata, profile("total", 9, daily=True)))
    evening = datetime(2026, 11, 19, 18, 30, tzinfo=UTC)  # midnight in Kolkata
    for began, counted in ((evening, {"chats": 1}), (evening - timedelta(seconds=1), {})):
        assert used_by(limits, SlotUse(CHATS, began, live=False)).profiles == counted
    assert counts_since(limits, NOON) == evening
    assert counts_since(TWO_UNITS, NOON) is None


def test_free_capacity_is_that_of_the_scarcest_profile_and_may_be_negative() -> None:
    limits = CapacityLimits(units=1, profiles=(profile("chats", 4), profile("total", 3)))
    used = used_by(limits, *[SlotUse(CapacityNeed(2, ("chats", "total")), NOON)] * 2)
    assert free_capacity(limits, used, BOTH) == 1
    assert free_capacity(limits, used, CapacityNeed(1, ("chats",))) == -3


@pytest.mark.parametrize(
    ("limits", "used", "full"),
    [
        pytest.param(CapacityLimits(), NOTHING_USED, False, id="no-limits"),
        pytest.param(TWO_UNITS, UsedCapacity(1), False, id="units-left"),
        pytest.param(TWO_UNITS, UsedCapacity(2), True, id="units-exhausted"),
        pytest.param(TWO_UNITS, UsedCapacity(5), True, id="units-beyond"),
        pytest.param(
            CapacityLimits(1, (profile("a", 1),)), UsedCapacity(1), False, id="units-but-not-the-profile"
        ),
        pytest.param(CapacityLimits(1, (profile("a", 1),)), UsedCapacity(1, {"a": 1}), True, id="both"),
        pytest.param(
            CapacityLimits(None, (profile("a", 1), profile("b", 1))),
            UsedCapacity(0, {"a": 1}),
            False,
            id="one-of-two-profiles",
        ),
        pytest.param(
            CapacityLimits(None, (profile("a", 1), profile("b", 1))),
            UsedCapacity(0, {"a": 1, "b": 1}),
            True,
            id="two-of-two-profiles",
        ),
        pytest.param(
            CapacityLimits(None, (profile("a", 1, blocks=True), profile("b", 1))),
            UsedCapacity(0, {"a": 1}),
            True,
            id="the-blocks-of-two",
        ),
        pytest.param(
            CapacityLimits(None, (profile("a", 1, blocks=True), profile("b", 1))),
            UsedCapacity(0, {"b": 1}),
            False,
            id="not-the-blocks-of-two",
        ),
    ],
)
def test_who_is_full(limits: CapacityLimits, used: UsedCapacity, full: bool) -> None:
    assert is_full(limits, used) is full


# Claims


@pytest.mark.parametrize(
    ("origin", "refused"),
    [
        (Origin.PUSH, True),
        (Origin.NEXT, True),
        (Origin.AFFINITY, False),
        (Origin.PREFERRED, False),
        (Origin.PICK, False),
        (Origin.ASSIGN, False),
        (Origin.TRANSFER, False),
        (Origin.REOPEN, False),
        (Origin.START, False),
    ],
)
def test_beyond_capacity_push_and_next_are_refused_and_the_others_are_forced(
    origin: Origin, refused: bool
) -> None:
    full = UsedCapacity(2)
    verdict = judge_claim(
        TWO_UNITS, full, CapacityNeed(1), sessions=2, origin=origin, heeds=heeds_capacity(origin)
    )
    assert verdict is (ClaimVerdict.AT_CAPACITY if refused else ClaimVerdict.FORCED)


def test_picks_and_transfers_heed_capacity_where_the_workstream_says_so() -> None:
    assert heeds_capacity(Origin.PICK, picking_heeds_capacity=True)
    assert not heeds_capacity(Origin.PICK, transfer_heeds_capacity=True)
    assert heeds_capacity(Origin.TRANSFER, transfer_heeds_capacity=True)
    assert not heeds_capacity(Origin.ASSIGN, picking_heeds_capacity=True, transfer_heeds_capacity=True)


@pytest.mark.parametrize("origin", Origin)
def test_ten_sessions_stop_what_is_offered_or_pulled_but_no_decision_of_people(origin: Origin) -> None:
    verdict = judge_claim(
        CapacityLimits(units=100),
        NOTHING_USED,
        CapacityNeed(1),
        sessions=10,
        origin=origin,
        heeds=heeds_capacity(origin),
    )
    offered = origin in {Origin.PUSH, Origin.NEXT, Origin.AFFINITY, Origin.PREFERRED}
    assert verdict is (ClaimVerdict.TOO_MANY_SESSIONS if offered else ClaimVerdict.FITS)
    assert MAX_SESSIONS == 10


@given(st.integers(0, 6), st.lists(st.tuples(st.integers(0, 3), st.sampled_from(Origin)), max_size=12))
def test_unforced_units_never_exceed_the_limit_at_their_claim(
    limit: int, claims: list[tuple[int, Origin]]
) -> None:
    limits, slots = CapacityLimits(units=limit), list[SlotUse]()
    for units, origin in claims:
        used = used_by(limits, *slots)
        verdict = judge_claim(
            limits, used, CapacityNeed(units), sessions=0, origin=origin, heeds=heeds_capacity(origin)
        )
        if verdict in {ClaimVerdict.FITS, ClaimVerdict.FORCED}:
            slots.append(SlotUse(CapacityNeed(units), NOON))
        if verdict is ClaimVerdict.FITS and units:
            assert used_by(limits, *slots).units <= limit
        if verdict is ClaimVerdict.FORCED:
            assert used_by(limits, *slots).units > limit


# The slot of a conversation

ACTIVE = SlotFacts("c1", "o1", "mia", CapacityNeed(3), active=True)
WRAPPING_UP = SlotFacts("c1", "o1", "mia", CapacityNeed(3), wrap_up_since=NOON)
FOR_A_MINUTE = WrapUpCapacity(BlockCapacity.SECONDS, 60)


@pytest.mark.parametrize("wrap_up", [WrapUpCapacity(block) for block in BlockCapacity])
def test_an_active_conversation_holds_its_units_whether_or_not_it_was_accepted(
    wrap_up: WrapUpCapacity,
) -> None:
    assert slot_of(ACTIVE, wrap_up, NOON) == HeldSlot("o1", "c1", "mia", CapacityNeed(3))


def test_an_open_waiting_or_closed_conversation_holds_nothing() -> None:
    assert slot_of(SlotFacts("c1"), WrapUpCapacity(), NOON) is None
    assert slot_of(SlotFacts("c1", "o1", "mia"), WrapUpCapacity(), NOON) is None


def test_wrap_up_holds_the_capacity_always_never_or_for_some_time() -> None:
    late = NOON + timedelta(hours=23)
    held = HeldSlot("o1", "c1", "mia", CapacityNeed(3))
    assert slot_of(WRAPPING_UP, WrapUpCapacity(), late) == held
    assert slot_of(WRAPPING_UP, WrapUpCapacity(BlockCapacity.NEVER), NOON) is None
    assert slot_of(WRAPPING_UP, FOR_A_MINUTE, NOON) == HeldSlot(
        "o1", "c1", "mia", CapacityNeed(3), until=NOON + timedelta(seconds=60)
    )
    assert slot_of(WRAPPING_UP, FOR_A_MINUTE, NOON + timedelta(seconds=59.999)) is not None
    assert slot_of(WRAPPING_UP, FOR_A_MINUTE, NOON + timedelta(seconds=60)) is None
