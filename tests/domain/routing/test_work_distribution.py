"""A workstream's work distribution: the mode's change, picking, and what cannot be saved."""

from dataclasses import replace

import pytest

from base.json_codec import from_json_value, to_json_value
from domain.routing.capacity import BlockCapacity, CapacityNeed, WrapUpCapacity
from domain.routing.offers import NotificationSettings
from domain.routing.presence import PresenceKind
from domain.routing.rules import KnownIds
from domain.routing.work_distribution import (
    PICK_FROM_THE_DEFAULT_QUEUE,
    DistributionMode,
    WorkDistribution,
    validate_change,
    validate_work_distribution,
)

NEW = WorkDistribution()
KNOWN = KnownIds(profiles=frozenset({"p1"}), queues=frozenset({"q1"}))


def wrapping_up(block: BlockCapacity, seconds: int) -> WorkDistribution:
    return replace(NEW, wrap_up=WrapUpCapacity(block, seconds))


def test_new_workstreams_push_and_conversations_without_settings_are_picked() -> None:
    assert NEW.mode is DistributionMode.PUSH
    assert not NEW.agents_may_pick
    assert replace(NEW, allow_picking=True).agents_may_pick
    assert PICK_FROM_THE_DEFAULT_QUEUE.agents_may_pick
    assert validate_work_distribution(NEW, KnownIds()) == []


def test_the_mode_changes_only_while_no_conversation_is_live() -> None:
    pick = replace(NEW, mode=DistributionMode.PICK)
    assert validate_change(NEW, pick, live=0) == []
    assert [(e.path, e.code) for e in validate_change(NEW, pick, live=1)] == [
        ("mode", "conversations_not_closed")
    ]
    assert validate_change(pick, NEW, live=2)[0].message.startswith("2 conversations are not closed.")
    assert validate_change(NEW, replace(NEW, affinity=False), live=5) == []


def test_settings_survive_the_store() -> None:
    settings = replace(NEW, allowed_presences=frozenset(PresenceKind), need=CapacityNeed(0, ("p1",)))
    assert from_json_value(WorkDistribution, to_json_value(settings)) == settings


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        (NEW, []),
        (replace(NEW, fallback_queue_id="q1", need=CapacityNeed(0, ("p1",)), reservation_seconds=0), []),
        (replace(NEW, fallback_queue_id="q2"), [("fallback_queue_id", "unknown_queue")]),
        (replace(NEW, need=CapacityNeed(0)), [("need", "required")]),
        (replace(NEW, need=CapacityNeed(-1)), [("need.units", "out_of_range")]),
        (replace(NEW, need=CapacityNeed(1001)), [("need.units", "out_of_range")]),
        (replace(NEW, need=CapacityNeed(0, ("p2",))), [("need.profiles.0", "unknown_profile")]),
        (replace(NEW, need=CapacityNeed(0, ("p1", "p1"))), [("need.profiles.1", "duplicate")]),
        (replace(NEW, wrap_up=WrapUpCapacity(BlockCapacity.SECONDS, 30)), []),
        (
            replace(NEW, wrap_up=WrapUpCapacity(BlockCapacity.SECONDS, 29)),
            [("wrap_up.seconds", "out_of_range")],
        ),
        (
            replace(NEW, wrap_up=WrapUpCapacity(BlockCapacity.SECONDS, 3601)),
            [("wrap_up.seconds", "out_of_range")],
        ),
        (replace(NEW, wrap_up=WrapUpCapacity(BlockCapacity.NEVER, 0)), []),
        (replace(NEW, allowed_presences=frozenset()), [("allowed_presences", "required")]),
        (
            replace(NEW, allowed_presences=frozenset(PresenceKind)),
            [("allowed_presences", "never_offered"), ("allowed_presences", "never_offered")],
        ),
        (
            replace(
                NEW,
                allowed_presences=frozenset({PresenceKind.DO_NOT_DISTURB}),
                notification=NotificationSettings(reject_button=True, declined_sets_do_not_disturb=True),
            ),
            [("allowed_presences", "set_by_declining")],
        ),
        (replace(NEW, reservation_seconds=3601), [("reservation_seconds", "out_of_range")]),
        (
            replace(NEW, notification=NotificationSettings(auto_accept=True)),
            [("notification.auto_accept", "needs_auto_assign")],
        ),
    ],
)
def test_wrong_settings_are_named_field_by_field(
    settings: WorkDistribution, wrong: list[tuple[str, str]]
) -> None:
    assert [(each.path, each.code) for each in validate_work_distribution(settings, KNOWN)] == wrong
