"""Webhook events that an administrator should look at: those that no thread got, and contradictions."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel

from api.http.paging import Cursor, CursorOf, CursorPage, Limit, Number
from api.http.problem_docs import problems
from api.runtime.dependencies import ServicesDep
from api.schemas.views import EventView
from api.security.guarded_route import api_router
from store.events import timeline
from store.events.events import CONFLICTING_REPEAT
from store.inbox import unrouted
from store.tables import UnroutedEvent

_BY_NUMBER = CursorOf("unrouted", tuple[Number])
_BY_EVENT = CursorOf("conflicts", tuple[Number])

router = api_router("webhook events")


class Disposition(StrEnum):
    """What became of an event: `kept` on purpose, with its reason, or `quarantined` for an error."""

    KEPT = "kept"
    QUARANTINED = "quarantined"


class UnroutedEventView(BaseModel):
    """An event of Meta's that no conversation got. Its content stays in the inbox."""

    inbox_id: int
    disposition: str
    reason: str
    kind: str
    account_id: str
    page_id: str
    at: datetime

    @classmethod
    def of(cls, event: UnroutedEvent) -> Self:
        """The event as the relay noted it."""
        return cls.model_validate(event, from_attributes=True)


@router.get("/v1/webhook-events/unrouted", responses=problems("invalid_cursor"))
async def list_unrouted_events(
    services: ServicesDep, disposition: Disposition | None = None, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[UnroutedEventView]:
    """Events that went to no thread, newest first."""
    before = _BY_NUMBER.read(cursor)
    found = await services.database.read(
        lambda s: unrouted.listed(
            s, disposition=disposition, before=before[0] if before else None, limit=limit + 1
        )
    )
    return _BY_NUMBER.page(found, limit, UnroutedEventView.of, lambda event: (event.inbox_id,))


@router.get("/v1/webhook-events/conflicts", responses=problems("invalid_cursor"))
async def list_conflicting_events(
    services: ServicesDep, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[EventView]:
    """Events that came again with another content, newest first.

    What came first was taken and stays. `data.inbox_id` names it. Contradictions are no part of Meta's
    protocol: if they go on, change the app secret, for somebody else may know it.
    """
    before = _BY_EVENT.read(cursor)
    found = await services.database.read(
        lambda s: timeline.events_of_kind(
            s, CONFLICTING_REPEAT, before=before[0] if before else None, limit=limit + 1
        )
    )
    return _BY_EVENT.page(found, limit, EventView.of, lambda event: (event.id or 0,))
