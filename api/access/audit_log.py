"""`GET /v1/audit`: who came in, who was not let in, and who changed people and keys."""

from enum import StrEnum
from typing import Annotated

from fastapi import Query
from sqlmodel import Session

from api.http.dependencies import DatabaseDep
from api.http.paging import Cursor, CursorOf, CursorPage, Limit, Number
from api.http.problem_docs import problems
from api.schemas.views import EventView
from api.security.guarded_route import api_router
from api.security.refused_requests import Refused
from domain.events.kinds import FactKind
from store.events import timeline
from store.tables import Event

_BY_NUMBER = CursorOf("audit", tuple[Number])

router = api_router("audit")


class Admitted(StrEnum):
    """What was allowed and concerns who may come in."""

    SIGNED_IN = FactKind.SIGN_IN_CREATED
    SIGNED_OUT = FactKind.SIGN_IN_REVOKED
    AGENT_CREATED = FactKind.AGENT_CREATED
    AGENT_CHANGED = FactKind.AGENT_CHANGED
    PASSWORD_CHANGED = FactKind.AGENT_PASSWORD_CHANGED
    ADMIN_RESTORED = FactKind.AGENT_RESTORED
    KEY_CREATED = FactKind.KEY_CREATED
    KEY_REVOKED = FactKind.KEY_REVOKED


AUDITED = (*Refused, *Admitted)


@router.get("/v1/audit", responses=problems("invalid_cursor"))
async def list_audit(
    database: DatabaseDep,
    *,
    kind: Annotated[list[Refused | Admitted] | None, Query(description="One kind or several.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CursorPage[EventView]:
    """What happened at the door, newest first.

    `data.source` is the address that it came from. A refusal that is repeated is one entry a minute, with its
    `data.count`. Changes of other settings are events of their own, in the event stream.
    """
    before = _BY_NUMBER.read(cursor)
    kinds = [each.value for each in kind or AUDITED]

    def load(session: Session) -> list[Event]:
        return timeline.events_of_kinds(session, kinds, before=before[0] if before else None, limit=limit + 1)

    found = await database.read(load)
    return _BY_NUMBER.page(found, limit, EventView.of, lambda event: (event.id or 0,))
