"""When a queue has too much to do, or is closed, and what happens then.

Source: docs/reference/work-distribution.md, "Overflow".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.routing.field_errors import FieldError, duplicates, out_of_range, under

MIN_WAITING, MAX_WAITING = 1, 100
MIN_WAIT_SECONDS, MAX_WAIT_SECONDS = 60, 2 * 24 * 3600


class OverflowCondition(StrEnum):
    """What a queue may be in before something enters it.

    HOLIDAY comes before OUT_OF_HOURS, and both before the others, which are tried in their order. Their
    thresholds: `waiting` for WAITING_ITEMS, `seconds` for LONGEST_WAIT and ESTIMATED_WAIT.
    """

    HOLIDAY = "holiday"
    OUT_OF_HOURS = "out_of_hours"
    WAITING_ITEMS = "waiting_items"
    LONGEST_WAIT = "longest_wait"
    ESTIMATED_WAIT = "estimated_wait"


class OverflowAction(StrEnum):
    """What is done. END closes the conversation with the automated message of the cause."""

    ASSIGN_ANYWAY = "assign_anyway"
    TRANSFER = "transfer"
    END = "end"


@dataclass(frozen=True, slots=True)
class BeforeQueueing:
    """One pair of condition and action, checked once, before an item enters by a route rule."""

    condition: OverflowCondition
    action: OverflowAction
    waiting: int | None = None
    seconds: int | None = None
    queue_id: str | None = None


@dataclass(frozen=True, slots=True)
class WhileQueued:
    """An item that has waited in the queue for `seconds` is transferred, or its conversation ends."""

    seconds: int
    action: OverflowAction
    queue_id: str | None = None


@dataclass(frozen=True, slots=True)
class OverflowPolicy:
    """What a queue does about overflow. Out of hours, unless it says otherwise, items enter anyway."""

    before: tuple[BeforeQueueing, ...] = ()
    while_queued: WhileQueued | None = None

    @property
    def counts_to(self) -> int | None:
        """How many waiting items have to be counted; None where no number matters.

        Whether there are n is known after looking at the first n.
        """
        numbers = [each.waiting for each in self.before if each.waiting is not None]
        return max(numbers, default=None)


NO_OVERFLOW = OverflowPolicy()


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """How a queue stands when something is to enter it.

    `waiting`: its waiting items, counted at least to `OverflowPolicy.counts_to`. `oldest_entered_at`: the
    entry of the one that waits longest. `estimated_wait`: in seconds, None where nothing is known.
    """

    waiting: int = 0
    oldest_entered_at: datetime | None = None
    estimated_wait: float | None = None
    in_hours: bool = True
    holiday: bool = False


NO_LOAD = QueueLoad()


@dataclass(frozen=True, slots=True)
class Overflow:
    """A queue overflows: why, and what its setting does about it."""

    condition: OverflowCondition
    action: OverflowAction
    queue_id: str | None = None


def overflow_before(policy: OverflowPolicy, load: QueueLoad, now: datetime) -> Overflow | None:
    """The overflow of a queue that an item is about to enter; None where it may just enter.

    A limit of n items is exceeded by the item that would be one of more than n.
    """
    for pair in _in_order(policy.before):
        if _is_met(pair, load, now):
            return Overflow(pair.condition, pair.action, pair.queue_id)
    if not load.in_hours:
        cause = OverflowCondition.HOLIDAY if load.holiday else OverflowCondition.OUT_OF_HOURS
        return Overflow(cause, OverflowAction.ASSIGN_ANYWAY)
    return None


_FIRST = {OverflowCondition.HOLIDAY: 0, OverflowCondition.OUT_OF_HOURS: 1}


def _in_order(pairs: Iterable[BeforeQueueing]) -> list[BeforeQueueing]:
    return sorted(pairs, key=lambda pair: _FIRST.get(pair.condition, 2))


def _is_met(pair: BeforeQueueing, load: QueueLoad, now: datetime) -> bool:
    match pair.condition:
        case OverflowCondition.HOLIDAY:
            return load.holiday and not load.in_hours
        case OverflowCondition.OUT_OF_HOURS:
            return not load.in_hours
        case OverflowCondition.WAITING_ITEMS:
            return pair.waiting is not None and load.waiting >= pair.waiting
        case OverflowCondition.LONGEST_WAIT:
            if load.oldest_entered_at is None or pair.seconds is None:
                return False
            return now - load.oldest_entered_at >= timedelta(seconds=pair.seconds)
        case OverflowCondition.ESTIMATED_WAIT:
            known = load.estimated_wait is not None and pair.seconds is not None
            return known and (load.estimated_wait or 0) > (pair.seconds or 0)


def overflow_at(policy: OverflowPolicy, entered_at: datetime) -> datetime | None:
    """When an item that entered the queue then has waited too long; None where it may wait for ever.

    Hours do not stop the clock: it is the time that the customer waits.
    """
    step = policy.while_queued
    return None if step is None else entered_at + timedelta(seconds=step.seconds)


def validate_overflow(policy: OverflowPolicy, own_queue_id: str | None = None) -> list[FieldError]:
    """What is wrong with a queue's overflow that is to be saved. `own_queue_id`: None for a new queue."""
    errors = duplicates("before", (each.condition for each in policy.before))
    for place, pair in enumerate(policy.before):
        errors += under(f"before.{place}", _validate_pair(pair, own_queue_id))
    if (step := policy.while_queued) is not None:
        wrong = out_of_range("seconds", step.seconds, MIN_WAIT_SECONDS, MAX_WAIT_SECONDS)
        if step.action is OverflowAction.ASSIGN_ANYWAY:
            message = "What waits is in the queue already: transfer it, or end the conversation."
            wrong.append(FieldError("action", "not_while_queued", message))
        wrong += _validate_target(step.action, step.queue_id, own_queue_id)
        errors += under("while_queued", wrong)
    return errors


_TIMED = frozenset({OverflowCondition.LONGEST_WAIT, OverflowCondition.ESTIMATED_WAIT})


def _validate_pair(pair: BeforeQueueing, own_queue_id: str | None) -> list[FieldError]:
    return [
        *_validate_threshold(
            "waiting",
            pair.waiting,
            (MIN_WAITING, MAX_WAITING),
            used=pair.condition is OverflowCondition.WAITING_ITEMS,
        ),
        *_validate_threshold(
            "seconds", pair.seconds, (MIN_WAIT_SECONDS, MAX_WAIT_SECONDS), used=pair.condition in _TIMED
        ),
        *_validate_target(pair.action, pair.queue_id, own_queue_id),
    ]


def _validate_threshold(
    path: str, value: int | None, limits: tuple[int, int], *, used: bool
) -> list[FieldError]:
    if not used:
        message = "This condition has no such threshold."
        return [] if value is None else [FieldError(path, "not_used", message)]
    if value is None:
        return [FieldError(path, "required", "This condition needs a threshold.")]
    return out_of_range(path, value, *limits)


def _validate_target(
    action: OverflowAction, queue_id: str | None, own_queue_id: str | None
) -> list[FieldError]:
    if action is not OverflowAction.TRANSFER:
        return (
            [] if queue_id is None else [FieldError("queue_id", "not_used", "Only a transfer has a queue.")]
        )
    if queue_id is None:
        return [FieldError("queue_id", "required", "A transfer needs a queue.")]
    if queue_id == own_queue_id:
        return [FieldError("queue_id", "own_queue", "A queue cannot overflow into itself.")]
    return []
