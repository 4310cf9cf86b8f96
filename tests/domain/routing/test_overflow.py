"""Overflow: what is checked before queueing, and in which order; waiting too long; what cannot be saved."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.routing.overflow import (
    NO_OVERFLOW,
    BeforeQueueing,
    Overflow,
    OverflowAction,
    OverflowCondition,
    OverflowPolicy,
    QueueLoad,
    WhileQueued,
    overflow_at,
    overflow_before,
    validate_overflow,
)

C, A = OverflowCondition, OverflowAction
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FIVE = BeforeQueueing(C.WAITING_ITEMS, A.TRANSFER, waiting=5, queue_id="q2")
TEN_MINUTES = BeforeQueueing(C.LONGEST_WAIT, A.END, seconds=600)
CLOSED = QueueLoad(in_hours=False)
HOLIDAY = QueueLoad(in_hours=False, holiday=True)


def before(*pairs: BeforeQueueing) -> OverflowPolicy:
    return OverflowPolicy(before=pairs)


@pytest.mark.parametrize(("waiting", "overflows"), [(0, False), (4, False), (5, True), (6, True)])
def test_a_limit_of_five_items_overflows_with_the_sixth(waiting: int, overflows: bool) -> None:
    found = overflow_before(before(FIVE), QueueLoad(waiting), NOON)
    assert found == (Overflow(C.WAITING_ITEMS, A.TRANSFER, "q2") if overflows else None)


@pytest.mark.parametrize(("seconds", "overflows"), [(599.999, False), (600, True)])
def test_the_longest_wait_overflows_at_its_instant(seconds: float, overflows: bool) -> None:
    load = QueueLoad(1, NOON - timedelta(seconds=seconds))
    assert (overflow_before(before(TEN_MINUTES), load, NOON) is not None) is overflows


@pytest.mark.parametrize(("estimated", "overflows"), [(None, False), (60, False), (60.5, True)])
def test_an_estimated_wait_overflows_beyond_its_threshold(estimated: float | None, overflows: bool) -> None:
    pair = BeforeQueueing(C.ESTIMATED_WAIT, A.END, seconds=60)
    load = QueueLoad(estimated_wait=estimated)
    assert (overflow_before(before(pair), load, NOON) is not None) is overflows


def test_out_of_hours_items_enter_anyway_unless_the_queue_says_otherwise() -> None:
    assert overflow_before(NO_OVERFLOW, CLOSED, NOON) == Overflow(C.OUT_OF_HOURS, A.ASSIGN_ANYWAY)
    assert overflow_before(NO_OVERFLOW, HOLIDAY, NOON) == Overflow(C.HOLIDAY, A.ASSIGN_ANYWAY)
    ends = before(BeforeQueueing(C.OUT_OF_HOURS, A.END))
    assert overflow_before(ends, CLOSED, NOON) == Overflow(C.OUT_OF_HOURS, A.END)
    assert overflow_before(ends, QueueLoad(), NOON) is None


def test_holiday_comes_before_out_of_hours_and_both_before_the_others_in_their_order() -> None:
    out, holiday = BeforeQueueing(C.OUT_OF_HOURS, A.END), BeforeQueueing(C.HOLIDAY, A.TRANSFER, queue_id="q3")
    policy = before(FIVE, TEN_MINUTES, out, holiday)
    crowded = {"waiting": 9, "oldest_entered_at": NOON - timedelta(hours=1)}
    assert overflow_before(policy, QueueLoad(**crowded, in_hours=False, holiday=True), NOON) == Overflow(  # type: ignore[arg-type]
        C.HOLIDAY, A.TRANSFER, "q3"
    )
    assert overflow_before(policy, QueueLoad(**crowded, in_hours=False), NOON) == Overflow(  # type: ignore[arg-type]
        C.OUT_OF_HOURS, A.END
    )
    assert overflow_before(policy, QueueLoad(**crowded), NOON) == Overflow(C.WAITING_ITEMS, A.TRANSFER, "q2")  # type: ignore[arg-type]
    swapped = before(TEN_MINUTES, FIVE)
    assert overflow_before(swapped, QueueLoad(**crowded), NOON) == Overflow(C.LONGEST_WAIT, A.END)  # type: ignore[arg-type]


def test_a_queue_that_opens_on_a_holiday_has_no_holiday() -> None:
    policy = before(BeforeQueueing(C.HOLIDAY, A.END))
    assert overflow_before(policy, QueueLoad(in_hours=True, holiday=True), NOON) is None


def test_items_are_counted_as_far_as_a_number_matters() -> None:
    assert NO_OVERFLOW.counts_to is None
    assert before(TEN_MINUTES).counts_to is None
    assert before(FIVE, BeforeQueueing(C.WAITING_ITEMS, A.END, waiting=3)).counts_to == 5


def test_what_waits_overflows_after_its_time_in_the_queue() -> None:
    policy = OverflowPolicy(while_queued=WhileQueued(2 * 86_400, A.END))
    assert overflow_at(policy, NOON) == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert overflow_at(NO_OVERFLOW, NOON) is None


@pytest.mark.parametrize(
    ("policy", "wrong"),
    [
        (before(FIVE, TEN_MINUTES), []),
        (OverflowPolicy(while_queued=WhileQueued(60, A.END)), []),
        (OverflowPolicy(while_queued=WhileQueued(172_800, A.TRANSFER, "q2")), []),
        (
            before(FIVE, FIVE),
            [("before.1", "duplicate")],
        ),
        (before(BeforeQueueing(C.WAITING_ITEMS, A.END)), [("before.0.waiting", "required")]),
        (before(BeforeQueueing(C.WAITING_ITEMS, A.END, waiting=101)), [("before.0.waiting", "out_of_range")]),
        (
            before(BeforeQueueing(C.OUT_OF_HOURS, A.END, waiting=1, seconds=60)),
            [("before.0.waiting", "not_used"), ("before.0.seconds", "not_used")],
        ),
        (before(BeforeQueueing(C.LONGEST_WAIT, A.END, seconds=59)), [("before.0.seconds", "out_of_range")]),
        (before(BeforeQueueing(C.OUT_OF_HOURS, A.TRANSFER)), [("before.0.queue_id", "required")]),
        (
            before(BeforeQueueing(C.OUT_OF_HOURS, A.TRANSFER, queue_id="q1")),
            [("before.0.queue_id", "own_queue")],
        ),
        (
            before(BeforeQueueing(C.OUT_OF_HOURS, A.END, queue_id="q2")),
            [("before.0.queue_id", "not_used")],
        ),
        (
            OverflowPolicy(while_queued=WhileQueued(172_801, A.ASSIGN_ANYWAY)),
            [("while_queued.seconds", "out_of_range"), ("while_queued.action", "not_while_queued")],
        ),
        (
            OverflowPolicy(while_queued=WhileQueued(60, A.TRANSFER, "q1")),
            [("while_queued.queue_id", "own_queue")],
        ),
    ],
)
def test_wrong_overflow_is_named_field_by_field(policy: OverflowPolicy, wrong: list[tuple[str, str]]) -> None:
    assert [(each.path, each.code) for each in validate_overflow(policy, "q1")] == wrong
