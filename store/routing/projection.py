"""Writing where a conversation stands in work distribution, from its workflow's projection."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from domain.routing.demand import Demand
from domain.routing.placement import Placement, StayRecord, WaitingPlace
from domain.routing.work_distribution import DistributionMode
from store.db.sql import delete_rows, insert_or_ignore, table_of, upsert
from store.routing.agent_states import RoutingWrites
from store.routing.dispatch_marks import MarkKind, append_marks
from store.routing.hours import hours_of_queue
from store.routing.slot_states import WorkItemState
from store.routing.slots import row_of_held, set_slot
from store.tables import Demand as DemandRow
from store.tables import QueueStay, WorkItem, WorkItemReturn, WorkItemWish, Workstream

_MODE = (
    select(col(Workstream.distribution_mode))
    .where(col(Workstream.id) == bindparam("workstream_id"))
    .with_for_update(read=True, key_share=True)
)
_RETURN, _WISH = table_of(WorkItemReturn), table_of(WorkItemWish)


class DeletedQueueError(Exception):
    """The queue that a conversation is to wait in is not there, or something else of its demand."""

    def __init__(self, queue_id: str) -> None:
        super().__init__(queue_id)
        self.queue_id = queue_id


def project_routing(
    session: Session,
    placements: Iterable[Placement],
    now: datetime,
    *,
    repairs: bool = False,
    inserted: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Write the placements; done again, it changes nothing. Returns rows of events, to be appended last.

    Raises DeletedQueueError; then the transaction has failed. A queue may be deleted until its first item is
    written.

    `repairs`: the rows may be of a workflow task that the engine has discarded (ADR 0018): stays that the
    run does not know are deleted. `inserted`: conversations whose rows are of this transaction, so that they
    hold no slot and nobody has declined them.
    """
    writes = RoutingWrites()
    for placement in placements:
        if repairs:
            _forget_later_stays(session, placement)
        if placement.waiting is not None:
            is_new = placement.conversation_id in inserted
            _wait(session, placement, writes, now, is_new=is_new)
        else:
            _leave(session, placement, writes, now)
        for stay in placement.stays:
            _write_stay(session, placement.conversation_id, stay)
    append_marks(session, writes.marks)
    return writes.events


def _wait(
    session: Session, placement: Placement, writes: RoutingWrites, now: datetime, *, is_new: bool
) -> None:
    waiting = placement.waiting
    if waiting is None:
        return
    if not is_new and _stays_where_it_is(session, placement, waiting, writes, now):
        return
    waiting = replace(waiting, listed=_is_listed(session, waiting))
    try:
        _write_demand(session, waiting.demand)
        _write_item(session, placement, waiting, now)
    except IntegrityError as error:
        raise DeletedQueueError(waiting.demand.queue_id) from error
    if not is_new:
        _forget_returns(session, placement.conversation_id)
    _write_returns(session, placement.conversation_id, waiting)
    if not waiting.listed:
        writes.marks.append((MarkKind.ITEM, placement.conversation_id))


def _is_listed(session: Session, waiting: WaitingPlace) -> bool:
    """Whether its workstream lists its work now: the mode may have changed since it was routed.

    Changing the mode waits for this transaction, and is refused then; or this one waits, and reads the new.
    """
    mode = session.connection().scalar(_MODE, {"workstream_id": waiting.demand.workstream_id})
    return waiting.listed if mode is None else mode == DistributionMode.PICK


def _stays_where_it_is(
    session: Session, placement: Placement, waiting: WaitingPlace, writes: RoutingWrites, now: datetime
) -> bool:
    """Whether its row has this stay; if not, the slot of the one that it has is released."""
    item = session.get(WorkItem, placement.conversation_id, with_for_update=True, populate_existing=True)
    if item is not None and _is_same_stay(item, placement):
        if item.reserved_until is not None and waiting.reserved_until is None:
            item.reserved_until = None
            session.add(item)
        if not waiting.listed:
            writes.marks.append((MarkKind.ITEM, item.conversation_id))
        return True
    set_slot(session, placement.conversation_id, None, writes, now)
    return False


def _is_same_stay(item: WorkItem, placement: Placement) -> bool:
    entered = item.state != WorkItemState.ENTERING
    return entered and (item.stay, item.queue_id) == (placement.stay, placement.queue_id)


def _leave(session: Session, placement: Placement, writes: RoutingWrites, now: datetime) -> None:
    conversation_id = placement.conversation_id
    for model in (WorkItemReturn, WorkItemWish, WorkItem):
        delete_rows(session, model, col(model.conversation_id) == conversation_id)
    slot = placement.slot
    wanted = row_of_held(slot, placement.stay, placement.queue_id, placement.origin) if slot else None
    set_slot(session, conversation_id, wanted, writes, now)


def _write_demand(session: Session, demand: Demand) -> None:
    row = {
        "id": demand.key,
        "queue_id": demand.queue_id,
        "workstream_id": demand.workstream_id,
        "skills": {need.skill_id: need.rating for need in demand.skills},
        "skill_matching": demand.skill_matching.value,
        "units": demand.need.units,
        "capacity_profiles": list(demand.need.profiles),
    }
    insert_or_ignore(session, DemandRow, [row])


def _state_of(waiting: WaitingPlace) -> str:
    return (WorkItemState.LISTED if waiting.listed else WorkItemState.WAITING).value


def _write_item(session: Session, placement: Placement, waiting: WaitingPlace, now: datetime) -> None:
    row = {
        "conversation_id": placement.conversation_id,
        "stay": placement.stay,
        "queue_id": placement.queue_id,
        "demand_id": waiting.demand.key,
        "state": _state_of(waiting),
        "priority": waiting.priority,
        "age_at": waiting.age_at,
        "returns": sum(waiting.returns.values()),
        "wishes": len(waiting.wishes),
        "reserved_until": waiting.reserved_until,
        "written_at": now,
    }
    upsert(session, WorkItem, row)


def _forget_returns(session: Session, conversation_id: str) -> None:
    for model in (WorkItemReturn, WorkItemWish):
        delete_rows(session, model, col(model.conversation_id) == conversation_id)


def _write_returns(session: Session, conversation_id: str, waiting: WaitingPlace) -> None:
    returns = [
        {"conversation_id": conversation_id, "agent_id": agent_id, "count": count}
        for agent_id, count in waiting.returns.items()
    ]
    wishes = [
        {
            "conversation_id": conversation_id,
            "agent_id": wish.agent_id,
            "rank": rank,
            "kind": wish.kind.value,
        }
        for rank, wish in enumerate(waiting.wishes)
    ]
    if returns:
        session.connection().execute(_RETURN.insert(), returns)
    if wishes:
        session.connection().execute(_WISH.insert(), wishes)


def _write_stay(session: Session, conversation_id: str, stay: StayRecord) -> None:
    row = {
        "conversation_id": conversation_id,
        "stay": stay.number,
        "queue_id": stay.queue_id,
        "workstream_id": stay.workstream_id,
        "priority": stay.priority,
        "reason": stay.reason,
        "entered_at": stay.entered_at,
        "ended_at": stay.ended_at,
        "accepted_at": stay.accepted_at,
        "agent_id": stay.agent_id,
        "end": stay.end.value if stay.end else None,
        "diagnosis": dict(stay.diagnosis) if stay.diagnosis else None,
        "wait_in_hours_seconds": _wait_in_hours(session, stay),
    }
    upsert(session, QueueStay, row)


def _wait_in_hours(session: Session, stay: StayRecord) -> float | None:
    """How long an accepted stay waited within the hours that its queue has now: they may change later.

    None for a queue that is always open, where it is the whole wait.
    """
    if stay.accepted_at is None:
        return None
    hours = hours_of_queue(session, stay.queue_id)
    return None if hours is None else hours.open_seconds(stay.entered_at, stay.accepted_at)


def _forget_later_stays(session: Session, placement: Placement) -> None:
    of_conversation = col(QueueStay.conversation_id) == placement.conversation_id
    delete_rows(session, QueueStay, of_conversation, col(QueueStay.stay) > placement.stay)
