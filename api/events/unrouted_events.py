"""Webhook events that an administrator should look at: those that went to no thread, and contradictions."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel
from sqlmodel import Session

from api.http.dependencies import DatabaseDep
from api.http.fields import PathNumber
from api.http.paging import Cursor, CursorOf, CursorPage, Limit, Number
from api.http.problem_docs import problems
from api.schemas.views import EventView
from api.security.audit import record
from api.security.auth import Caller
from api.security.guarded_route import api_router
from domain.events.kinds import FactKind
from store.db.refusals import not_found
from store.events import timeline
from store.events.events import CONFLICTING_REPEAT
from store.inbox import unrouted
from store.tables import UnroutedEvent

_BY_NUMBER = CursorOf("unrouted", tuple[Number])
_BY_EVENT = CursorOf("conflicts", tuple[Number])

router = api_router("webhook events")


class Disposition(StrEnum):
    """What became of an event.

    `kept` on purpose, with its reason; `quarantined` for an error; or `replaying`: it is about to be routed
    again, as an administrator asked.
    """

    KEPT = "kept"
    QUARANTINED = "quarantined"
    REPLAYING = unrouted.REPLAYING


class UnroutedEventView(BaseModel):
    """An event of Meta's that went to no conversation. Its content stays in the inbox."""

    inbox_id: int
    disposition: str
    reason: str
    kind: str
    account_id: str
    page_id: str
    at: datetime

    @classmethod
    def of(cls, event: UnroutedEvent) -> Self:
        """The event as the relay recorded it."""
        return cls.model_validate(event, from_attributes=True)


@router.get("/v1/webhook-events/unrouted", responses=problems("invalid_cursor"))
async def list_unrouted_events(
    database: DatabaseDep, disposition: Disposition | None = None, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[UnroutedEventView]:
    """Events that went to no thread, newest first."""
    before = _BY_NUMBER.read(cursor)
    found = await database.read(
        lambda s: unrouted.listed(
            s, disposition=disposition, before=before[0] if before else None, limit=limit + 1
        )
    )
    return _BY_NUMBER.page(found, limit, UnroutedEventView.of, lambda event: (event.inbox_id,))


@router.get("/v1/webhook-events/conflicts", responses=problems("invalid_cursor"))
async def list_conflicting_events(
    database: DatabaseDep, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[EventView]:
    """Events that came again with another content, newest first.

    What came first was taken and stays. `data.inbox_id` names it. Contradictions are no part of Meta's
    protocol: if they go on, change the app secret, for somebody else may know it.
    """
    before = _BY_EVENT.read(cursor)
    found = await database.read(
        lambda s: timeline.events_of_kind(
            s, CONFLICTING_REPEAT, before=before[0] if before else None, limit=limit + 1
        )
    )
    return _BY_EVENT.page(found, limit, EventView.of, lambda event: (event.id or 0,))


@router.post("/v1/webhook-events/{inbox_id}/replay", status_code=202, responses=problems("not_found"))
async def replay_event(database: DatabaseDep, caller: Caller, inbox_id: PathNumber) -> UnroutedEventView:
    """Route an event again that went to no thread: after its page was added, or after an update of Pagedesk.

    It is `replaying` until the relay has it, within a second or two, and is then as if it had just come. What
    cannot be routed even now is in the list again, with the reason. Asking again changes nothing.
    """

    def work(session: Session) -> UnroutedEventView:
        event = session.get(UnroutedEvent, inbox_id)
        if event is None:
            raise not_found("unrouted webhook event", str(inbox_id))
        if event.disposition != Disposition.REPLAYING:
            unrouted.request_replay(session, inbox_id)
            session.refresh(event)
            record(session, caller, FactKind.WEBHOOK_REPLAY_REQUESTED, inbox_id=str(inbox_id))
        return UnroutedEventView.of(event)

    return await database.write(work)
