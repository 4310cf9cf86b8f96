"""Webhook events that went to no thread: kept raw, or quarantined because they could not be handled."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel

from api.paging import Cursor, CursorOf, Limit, Number, Page
from api.problem_docs import problems
from api.routing import api_router
from api.services import Shared
from store import unrouted
from store.tables import UnroutedEvent

_BY_NUMBER = CursorOf("unrouted", tuple[Number])

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
    services: Shared, disposition: Disposition | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[UnroutedEventView]:
    """Events that went to no thread, newest first."""
    before = _BY_NUMBER.read(cursor)
    found = await services.database.read(
        lambda s: unrouted.listed(
            s, disposition=disposition, before=before[0] if before else None, limit=limit + 1
        )
    )
    return _BY_NUMBER.page(found, limit, UnroutedEventView.of, lambda event: (event.inbox_id,))
