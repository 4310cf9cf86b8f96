"""The settings of a workstream for work distribution, as its row has them."""

from typing import Any

from sqlalchemy import Row

from base.json_codec import from_json_value, to_json_value
from domain.routing.absence import WhenAgentGone
from domain.routing.capacity import BlockCapacity, CapacityNeed, WrapUpCapacity
from domain.routing.demand import SkillMatching
from domain.routing.offers import NotificationSettings
from domain.routing.presence import PresenceKind
from domain.routing.work_distribution import AfterReservation, DistributionMode, WorkDistribution
from store.tables import Workstream


def work_distribution_of(row: Workstream | Row[Any]) -> WorkDistribution:
    """The settings that a row of the table holds."""
    wrap_up = WrapUpCapacity(BlockCapacity(row.wrap_up_capacity))
    if row.wrap_up_capacity_seconds is not None:
        wrap_up = WrapUpCapacity(wrap_up.block, row.wrap_up_capacity_seconds)
    return WorkDistribution(
        mode=DistributionMode(row.distribution_mode),
        allow_picking=row.allow_picking,
        picking_heeds_capacity=row.picking_heeds_capacity,
        transfer_heeds_capacity=row.transfer_heeds_capacity,
        fallback_queue_id=row.fallback_queue_id,
        need=CapacityNeed(row.capacity_units, tuple(row.capacity_profile_ids)),
        wrap_up=wrap_up,
        allowed_presences=frozenset(map(PresenceKind, row.allowed_presences)),
        skill_matching=SkillMatching(row.skill_matching),
        affinity=row.affinity,
        reservation_seconds=row.reservation_seconds,
        after_reservation=AfterReservation(row.after_reservation),
        when_agent_gone=WhenAgentGone(row.when_agent_gone),
        notification=from_json_value(NotificationSettings, row.notification),
    )


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
