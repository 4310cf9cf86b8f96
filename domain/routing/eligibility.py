"""Who may be asked to take an item: skills, presence, room, and the memory of who declined it.

Source: docs/reference/work-distribution.md, "Declined offers".

Whether somebody who declined is asked again depends on the other members. So whenever a member's presence or
skills change, or a member comes or goes, the queue's declined items have to be looked at again.
"""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from domain.routing.assignment import Assignment, rule_for
from domain.routing.capacity import MAX_SESSIONS, fits
from domain.routing.demand import has_skills
from domain.routing.members import Member, Wish, WishKind, WorkItem
from domain.routing.presence import PresenceKind, receives_offers

MAX_AGENTS_WHO_DECLINED = 100
"""After so many nobody else is asked by the system."""


def is_qualified(item: WorkItem, member: Member, assignment: Assignment) -> bool:
    """Whether a member could have it, were they present and had room."""
    return has_skills(item.demand, member.ratings) and rule_for(assignment, item, member) is not None


def could_serve(item: WorkItem, member: Member, assignment: Assignment) -> bool:
    """Whether a member is qualified and present, room or not."""
    return receives_offers(member.presence, item.allowed) and is_qualified(item, member, assignment)


def has_room(item: WorkItem, member: Member) -> bool:
    """Whether a member can have one more session, and the capacity that the item takes."""
    return member.sessions < MAX_SESSIONS and fits(member.limits, member.used, item.demand.need)


def may_be_asked(item: WorkItem, member: Member, members: Collection[Member], assignment: Assignment) -> bool:
    """Whether what a member declined before lets them be asked (again).

    Again only if every other member who could serve it has declined it too, and below the limit.
    """
    declined = item.declined_by(member.agent_id)
    if declined == 0:
        return True
    return declined < assignment.decline_limit and not any(
        could_serve(item, other, assignment)
        for other in members
        if other.agent_id != member.agent_id and not item.declined_by(other.agent_id)
    )


def is_eligible(item: WorkItem, member: Member, members: Collection[Member], assignment: Assignment) -> bool:
    """Whether a member may be offered the item now. `members`: all of the queue."""
    return (
        could_serve(item, member, assignment)
        and has_room(item, member)
        and may_be_asked(item, member, members, assignment)
    )


class WhyNotAsked(StrEnum):
    """Why a member is not offered an item now: the first that holds.

    RESERVED: it is kept for others. PRESENCE: not there, or not in a presence that its workstream offers
    to. SKILLS: they lack one that it asks for. NO_RULE: no rule of the queue's own method fits them. NO_ROOM:
    their capacity is used up. DECLINE_LIMIT: they declined or missed it as often as the queue allows;
    DECLINED: others, who did not, come first.
    """

    RESERVED = "reserved"
    PRESENCE = "presence"
    SKILLS = "skills"
    NO_RULE = "no_rule"
    DECLINE_LIMIT = "decline_limit"
    NO_ROOM = "no_room"
    DECLINED = "declined"


def why_not_asked(
    item: WorkItem, member: Member, members: Collection[Member], assignment: Assignment, now: datetime
) -> WhyNotAsked | None:
    """Why a member may not be offered an item now; None for who may be: `choose` takes one of those."""
    if any(wish.agent_id == member.agent_id and fulfils_wish(item, wish, member) for wish in item.wishes):
        return None
    limit_reached = item.declined_by(member.agent_id) >= assignment.decline_limit
    reasons = {
        WhyNotAsked.RESERVED: item.is_reserved(now),
        WhyNotAsked.PRESENCE: not receives_offers(member.presence, item.allowed),
        WhyNotAsked.SKILLS: not has_skills(item.demand, member.ratings),
        WhyNotAsked.NO_RULE: rule_for(assignment, item, member) is None,
        WhyNotAsked.DECLINE_LIMIT: limit_reached,
        WhyNotAsked.NO_ROOM: not has_room(item, member),
        WhyNotAsked.DECLINED: not may_be_asked(item, member, members, assignment),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def fulfils_wish(item: WorkItem, wish: Wish, member: Member) -> bool:
    """Whether an item that is meant for an agent may be offered to them: once, beyond their capacity too.

    A former agent has to be connected, whatever their presence; a preferred one in an allowed presence.
    """
    if item.declined_by(member.agent_id) or member.sessions >= MAX_SESSIONS:
        return False
    if wish.kind is WishKind.AFFINITY:
        return member.presence is not PresenceKind.OFFLINE
    return receives_offers(member.presence, item.allowed)


class ParkReason(StrEnum):
    """Why an item is no longer offered to anybody until its queue changes."""

    TOO_MANY_DECLINED = "too_many_declined"
    ALL_AT_LIMIT = "all_at_limit"


def park_reason(item: WorkItem, members: Collection[Member], assignment: Assignment) -> ParkReason | None:
    """Whether an item has to be parked: it stays in the queue, to be picked or assigned by people.

    Members who are away count: as long as one of them was not asked too often, it waits for them.
    """
    if sum(count > 0 for count in item.declines.values()) >= MAX_AGENTS_WHO_DECLINED:
        return ParkReason.TOO_MANY_DECLINED
    counts = [
        item.declined_by(member.agent_id) for member in members if is_qualified(item, member, assignment)
    ]
    at_limit = bool(counts) and min(counts) >= assignment.decline_limit
    return ParkReason.ALL_AT_LIMIT if at_limit else None
