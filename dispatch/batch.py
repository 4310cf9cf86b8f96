"""One transaction of the dispatcher: act on marks, and claim what fits."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from domain.conversations.changes import FactValue
from domain.events.kinds import FactKind
from domain.routing.capacity import MAX_SESSIONS, Origin, heeds_capacity
from domain.routing.chooser import Choice, choose, order_items
from domain.routing.eligibility import is_eligible, park_reason
from domain.routing.members import Member, WorkItem
from domain.routing.operating_hours import ALWAYS_OPEN
from store.routing.agent_states import RoutingWrites
from store.routing.claims import Claim, ClaimOrder, claim, claimed_offer
from store.routing.dispatch_marks import Mark, MarkKind
from store.routing.dispatch_settings import DispatchSettings
from store.routing.matching import (
    QueuedItem,
    first_of_each_demand,
    items_meant_for,
    park,
    returned_items,
    unpark,
    waiting_items,
)
from store.routing.ready_members import member_now, member_of, members_of

MAX_CLAIMS = 20
"""In one transaction: others want to write, too."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What is to be told, and which marks are done with; the others are acted on in the next batch."""

    claims: tuple[Claim, ...]
    done: tuple[int, ...]


class Batch:
    """The dispatcher's view of the queues within one transaction."""

    def __init__(
        self,
        session: Session,
        settings: DispatchSettings,
        now: datetime,
        new_id: Callable[[], str],
        *,
        max_claims: int = MAX_CLAIMS,
    ) -> None:
        self._session = session
        self._settings = settings
        self._now = now
        self._new_id = new_id
        self._max_claims = max_claims
        self._members: dict[str, dict[str, Member]] = {}
        self._single_members: dict[tuple[str, str], Member | None] = {}
        self._open: dict[str, bool] = {}
        self._claims: list[Claim] = []
        self.writes = RoutingWrites()

    def act_on(self, marks: Iterable[Mark]) -> BatchResult:
        """Act on the marks in their order, until as much is claimed as one transaction may claim."""
        done = []
        for mark in marks:
            if self._is_full:
                break
            self._act_on(mark)
            if mark.kind is MarkKind.CLAIM or not self._is_full:
                done.append(mark.id)
        return BatchResult(tuple(self._claims), tuple(done))

    @property
    def _is_full(self) -> bool:
        return len(self._claims) >= self._max_claims

    def _act_on(self, mark: Mark) -> None:
        match mark.kind:
            case MarkKind.ITEM:
                self._offer_all(waiting_items(self._session, [mark.key], self._settings))
            case MarkKind.AGENT:
                self._agent_changed(mark.key)
            case MarkKind.QUEUE:
                self._queue_changed(mark.key)
            case MarkKind.CLAIM:
                if claimed := claimed_offer(self._session, mark.key):
                    self._claims.append(claimed)
            case MarkKind.ALL:
                for queue_id in self._settings.queues:
                    self._queue_changed(queue_id)

    def _agent_changed(self, agent_id: str) -> None:
        """More room, or another presence: of the agent, or for what others declined."""
        self._serve(agent_id)
        queue_ids = self._settings.queues_of.get(agent_id, ())
        if queue_ids and not self._is_full:
            self._offer_all(returned_items(self._session, queue_ids, self._settings))

    def _queue_changed(self, queue_id: str) -> None:
        unpark(self._session, queue_id)
        for agent_id in list(self._members_of(queue_id)):
            self._serve(agent_id)
        self._offer_all(returned_items(self._session, [queue_id], self._settings))

    def _offer_all(self, items: Iterable[QueuedItem]) -> None:
        for queued in items:
            if self._is_full:
                return
            if self._is_open(queued.item.demand.queue_id):
                self._offer(queued)

    def _offer(self, queued: QueuedItem) -> None:
        """Offer an item to the best member, once that one has what comes before it."""
        while not self._is_full:
            choice = self._choose(queued.item)
            if choice is None:
                self._park_if_everybody_declined(queued.item)
                return
            first = self._next_for(choice.agent_id) if choice.origin is Origin.PUSH else None
            if first is None or first.item.conversation_id == queued.item.conversation_id:
                self._claim(queued, choice)
                return
            if not self._claim(first, Choice(choice.agent_id, Origin.PUSH)):
                return

    def _serve(self, agent_id: str) -> None:
        """Fill the room that an agent has, best item first."""
        while not self._is_full:
            queued = self._next_for(agent_id)
            if queued is None or not self._claim(queued, self._as_what(queued.item, agent_id)):
                return

    def _next_for(self, agent_id: str) -> QueuedItem | None:
        """The first of all items that the agent may be offered now."""
        served = self._settings.queues_of.get(agent_id, ())
        queue_ids = [
            queue_id for queue_id in served if self._is_open(queue_id) and self._has_room(queue_id, agent_id)
        ]
        if not queue_ids:
            return None
        listed = [
            *first_of_each_demand(self._session, queue_ids, self._settings, self._now),
            *returned_items(self._session, queue_ids, self._settings),
            *items_meant_for(self._session, agent_id, self._settings),
        ]
        found = {queued.item.conversation_id: queued for queued in listed}
        for item in order_items(agent_id, (queued.item for queued in found.values())):
            if self._may_have(item, agent_id):
                return found[item.conversation_id]
        return None

    def _is_open(self, queue_id: str) -> bool:
        """Whether it is within the queue's hours; else what is in it waits."""
        if queue_id not in self._open:
            hours = self._settings.queues[queue_id].hours
            self._open[queue_id] = hours == ALWAYS_OPEN or hours.is_open(self._now)
        return self._open[queue_id]

    def _has_room(self, queue_id: str, agent_id: str) -> bool:
        """Whether anything of the queue could be offered to the agent, as far as sessions go."""
        member = self._member(queue_id, agent_id)
        return member is not None and member.sessions < MAX_SESSIONS

    def _may_have(self, item: WorkItem, agent_id: str) -> bool:
        queue_id = item.demand.queue_id
        member = self._member(queue_id, agent_id)
        if member is None or not self._is_open(queue_id):
            return False
        first = self._meant_for(item)
        if first is not None:
            return first.agent_id == agent_id
        # Who the others are matters to whom has declined it alone.
        others = self._members_of(queue_id).values() if item.declined_by(agent_id) else ()
        assignment = self._settings.queues[queue_id].assignment
        return not item.is_reserved(self._now) and is_eligible(item, member, others, assignment)

    def _as_what(self, item: WorkItem, agent_id: str) -> Choice:
        first = self._meant_for(item)
        return first if first is not None and first.agent_id == agent_id else Choice(agent_id, Origin.PUSH)

    def _meant_for(self, item: WorkItem) -> Choice | None:
        """Who comes before all others for the item and may be offered it now; most items name nobody."""
        choice = self._choose(item) if item.wishes else None
        return choice if choice is not None and choice.origin is not Origin.PUSH else None

    def _choose(self, item: WorkItem) -> Choice | None:
        queue = self._settings.queues[item.demand.queue_id]
        return choose(item, self._members_of(queue.id).values(), queue.assignment, self._now)

    def _member(self, queue_id: str, agent_id: str) -> Member | None:
        """One member of a queue, read alone unless all of them are known: there may be hundreds."""
        if queue_id in self._members:
            return self._members[queue_id].get(agent_id)
        key = queue_id, agent_id
        if key not in self._single_members:
            found = member_of(self._session, queue_id, agent_id, self._settings, self._now)
            self._single_members[key] = found
        return self._single_members[key]

    def _members_of(self, queue_id: str) -> dict[str, Member]:
        if queue_id not in self._members:
            members = members_of(self._session, queue_id, self._settings, self._now)
            self._members[queue_id] = {member.agent_id: member for member in members}
        return self._members[queue_id]

    def _claim(self, queued: QueuedItem, choice: Choice) -> bool:
        item = queued.item
        order = ClaimOrder(
            item.conversation_id,
            queued.stay,
            item.demand.queue_id,
            item.demand,
            choice.agent_id,
            self._new_id(),
            choice.origin,
            item.allowed if choice.origin is not Origin.AFFINITY else None,
            heeds_capacity(choice.origin),
        )
        claimed = claim(self._session, order, self.writes, self._now)
        self._read_again(choice.agent_id, item.demand.queue_id)
        if not isinstance(claimed, Claim):
            return False
        self._claims.append(claimed)
        return True

    def _read_again(self, agent_id: str, claimed_in: str) -> None:
        for key in [each for each in self._single_members if each[1] == agent_id]:
            del self._single_members[key]
        for queue_id, members in self._members.items():
            if agent_id not in members:
                continue
            member = member_now(self._session, members[agent_id], self._settings, self._now)
            if queue_id == claimed_in:
                member = replace(member, last_assigned_at=self._now)
            members[agent_id] = member

    def _park_if_everybody_declined(self, item: WorkItem) -> None:
        if not item.declines:
            return
        queue = self._settings.queues[item.demand.queue_id]
        reason = park_reason(item, self._members_of(queue.id).values(), queue.assignment)
        if reason is not None:
            park(self._session, item.conversation_id)
            data: dict[str, FactValue] = {"queue_id": queue.id, "reason": reason}
            self.writes.note_of_conversation(
                self._session, FactKind.CONVERSATION_PARKED, self._now, item.conversation_id, data
            )
