"""The settings of a workstream for work distribution, as its row has them."""

from typing import Any

from sqlalchemy import Row

from base.json_codec import from_json_value, to_json_value
from domain.routing.absence import WhenAgentGone
from domain.routing.capacity import BlockCapacity, CapacityNeed, WrapUpCapacity
from domain.routing.demand import SkillMatching
from domain.routing.offers import NotificationSettings
from domain.routing.presence import PresenceKind
from domain.routing.work_distribution import (
    AfterReservation,
    ConversationDistribution,
    DistributionMode,
    WorkDistribution,
)
from store.tables import Workstream


def conversation_distribution_of(row: Workstream | Row[Any]) -> ConversationDistribution:
    """Those of the settings that conversations are judged by."""
    return ConversationDistribution(**_for_conversations(row))


def work_distribution_of(row: Workstream | Row[Any]) -> WorkDistribution:
    """The settings that a row of the table holds."""
    return WorkDistribution(
        **_for_conversations(row),
        picking_heeds_capacity=row.picking_heeds_capacity,
        transfer_heeds_capacity=row.transfer_heeds_capacity,
        fallback_queue_id=row.fallback_queue_id,
        allowed_presences=frozenset(map(PresenceKind, row.allowed_presences)),
        affinity=row.affinity,
        reservation_seconds=row.reservation_seconds,
        after_reservation=AfterReservation(row.after_reservation),
    )


def _for_conversations(row: Workstream | Row[Any]) -> dict[str, Any]:
    wrap_up = WrapUpCapacity(BlockCapacity(row.wrap_up_capacity))
    if row.wrap_up_capacity_seconds is not None:
        wrap_up = WrapUpCapacity(wrap_up.block, row.wrap_up_capacity_seconds)
    return {
        "mode": DistributionMode(row.distribution_mode),
        "allow_picking": row.allow_picking,
        "need": CapacityNeed(row.capacity_units, tuple(row.capacity_profile_ids)),
        "wrap_up": wrap_up,
        "skill_matching": SkillMatching(row.skill_matching),
        "when_agent_gone": WhenAgentGone(row.when_agent_gone),
        "notification": from_json_value(NotificationSettings, row.notification),
    }


def columns_of(settings: WorkDistribution) -> dict[str, Any]:
    """The settings as columns."""
    return {
        "distribution_mode": settings.mode.value,
        "allow_picking": settings.allow_picking,
        "picking_heeds_capacity": settings.picking_heeds_capacity,
        "transfer_heeds_capacity": settings.transfer_heeds_capacity,
        "fallback_queue_id": settings.fallback_queue_id,
        "capacity_units": settings.need.units,
        "capacity_profile_ids": list(settings.need.profiles),
        "wrap_up_capacity": settings.wrap_up.block.value,
        "wrap_up_capacity_seconds": settings.wrap_up.seconds,
        "allowed_presences": sorted(settings.allowed_presences),
        "skill_matching": settings.skill_matching.value,
        "affinity": settings.affinity,
        "reservation_seconds": settings.reservation_seconds,
        "after_reservation": settings.after_reservation.value,
        "when_agent_gone": settings.when_agent_gone.value,
        "notification": to_json_value(settings.notification),
    }
