"""Which agent is offered an item, and which item comes first for an agent.

Source: docs/reference/work-distribution.md, "Assignment methods" and "Affinity and preferred agents".

Both are total orders: the same rows give the same choice in every process.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.routing.assignment import Assignment, AssignmentMethod, OrderKey, order_key, rule_for
from domain.routing.capacity import Origin
from domain.routing.demand import skill_order
from domain.routing.eligibility import fulfils_wish, is_eligible
from domain.routing.members import Member, WishKind, WorkItem

_ORIGIN = {WishKind.AFFINITY: Origin.AFFINITY, WishKind.PREFERRED: Origin.PREFERRED}


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is to be offered the item, and as what."""

    agent_id: str
    origin: Origin


def choose(
    item: WorkItem, members: Collection[Member], assignment: Assignment, now: datetime
) -> Choice | None:
    """The member of the item's queue to whom it is to be offered; None while it has to wait.

    First those it is meant for. Then, unless it is reserved for them, those who may be asked: who declined
    it less often, who has the closer skills, who is first by the queue's method.
    """
    by_id = {member.agent_id: member for member in members}
    for wish in item.wishes:
        member = by_id.get(wish.agent_id)
        if member is not None and fulfils_wish(item, wish, member):
            return Choice(member.agent_id, _ORIGIN[wish.kind])
    if item.is_reserved(now):
        return None
    eligible = [member for member in members if is_eligible(item, member, members, assignment)]
    best = min(eligible, key=lambda member: member_key(item, member, assignment), default=None)
    return None if best is None else Choice(best.agent_id, Origin.PUSH)


def member_key(item: WorkItem, member: Member, assignment: Assignment) -> tuple[int, int, int, int, OrderKey]:
    """The place of a member among those who may be asked, smallest first.

    Raises LookupError for somebody whom no rule of the queue fits.
    """
    found = rule_for(assignment, item, member)
    if found is None:
        raise LookupError("No rule of the queue fits this member.")
    place, rule = found
    custom = assignment.method is AssignmentMethod.CUSTOM
    skills = (0, 0) if custom else skill_order(item.demand, member.ratings)
    return (item.declined_by(member.agent_id), *skills, place, order_key(rule, item, member))


def order_items(agent_id: str, heads: Iterable[WorkItem]) -> list[WorkItem]:
    """Items in the order in which an agent gets them: the first of each demand is enough to find the best.

    What they had before comes first, then what prefers them; then by the queue's priority, the item's, age.
    """
    return sorted(heads, key=lambda item: _item_key(agent_id, item))


_WISH_RANK = {WishKind.AFFINITY: 0, WishKind.PREFERRED: 1}


def _item_key(agent_id: str, item: WorkItem) -> tuple[int, int, int, datetime, str]:
    ranks = [_WISH_RANK[wish.kind] for wish in item.wishes if wish.agent_id == agent_id]
    declined = item.declined_by(agent_id)
    wished = min(ranks, default=len(_WISH_RANK)) if not declined else len(_WISH_RANK)
    return wished, item.queue_priority, -item.priority, item.age_at, item.conversation_id
