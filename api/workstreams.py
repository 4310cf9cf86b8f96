"""Workstreams: how the work of some pages is shared out."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from api.auth import Caller
from api.fields import (
    AutoCloseMinutes,
    Digits,
    Id,
    Input,
    Name,
    OptionalIdempotencyKey,
    PathId,
    ReopenMinutes,
)
from api.once import once
from api.paging import Cursor, CursorOf, Limit, Page
from api.problem_docs import problems
from api.recording import record
from api.routing import api_router
from api.services import Shared
from base import clock
from base.ids import new_id
from store import workstreams
from store.idempotency import create_once
from store.tables import Workstream

_BY_ID = CursorOf("workstreams", tuple[Id])
_SECONDS = 60

router = api_router("workstreams")


class WorkstreamInput(Input):
    """A workstream. Times are in minutes; unless set, a waiting conversation closes after 28 days."""

    name: Name
    auto_close_waiting_after_minutes: AutoCloseMinutes = workstreams.DEFAULT_AUTO_CLOSE_SECONDS // _SECONDS
    reopen_closed_within_minutes: ReopenMinutes = 0


class WorkstreamChange(Input):
    """What is to change; what is left out stays."""

    name: Name | None = None
    auto_close_waiting_after_minutes: AutoCloseMinutes | None = None
    reopen_closed_within_minutes: ReopenMinutes | None = None


class WorkstreamPages(Input):
    """The pages that the workstream is to have, all of them."""

    page_ids: Annotated[list[Digits], Field(max_length=1000)]


class WorkstreamView(BaseModel):
    """A workstream with its pages."""

    id: str
    name: str
    auto_close_waiting_after_minutes: int
    reopen_closed_within_minutes: int
    page_ids: list[str]
    created_at: datetime

    @classmethod
    def of(cls, workstream: Workstream, page_ids: list[str]) -> Self:
        """The workstream in the API's units."""
        return cls(
            id=workstream.id,
            name=workstream.name,
            auto_close_waiting_after_minutes=workstream.auto_close_waiting_after // _SECONDS,
            reopen_closed_within_minutes=workstream.reopen_closed_within // _SECONDS,
            page_ids=page_ids,
            created_at=workstream.created_at,
        )


@router.get("/v1/workstreams")
async def list_workstreams(
    services: Shared, cursor: Cursor = None, limit: Limit = 50
) -> Page[WorkstreamView]:
    """All workstreams."""
    after = _BY_ID.read(cursor)

    def load(session: Session) -> Page[WorkstreamView]:
        found = workstreams.listed(session, after=after[0] if after else None, limit=limit + 1)
        page_ids = workstreams.pages_of(session, [each.id for each in found])
        return _BY_ID.page(
            found,
            limit,
            lambda each: WorkstreamView.of(each, page_ids[each.id]),
            lambda each: (each.id,),
        )

    return await services.database.read(load)


@router.post(
    "/v1/workstreams",
    status_code=201,
    responses=problems("name_taken", "idempotency_key_reused"),
)
async def create_workstream(
    services: Shared, caller: Caller, body: WorkstreamInput, idempotency_key: OptionalIdempotencyKey = None
) -> WorkstreamView:
    """Add a workstream."""
    wanted = once(caller, idempotency_key, "create_workstream", body)

    def create(session: Session, workstream_id: str) -> None:
        workstreams.add(
            session,
            id=workstream_id,
            name=body.name,
            auto_close_waiting_after=body.auto_close_waiting_after_minutes * _SECONDS,
            reopen_closed_within=body.reopen_closed_within_minutes * _SECONDS,
            at=clock.now(),
        )
        record(session, caller, "workstream.created", workstream_id=workstream_id)

    def work(session: Session) -> WorkstreamView:
        fresh = new_id()
        return _view(
            session, create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        )

    return await services.database.write(work)


@router.get("/v1/workstreams/{workstream_id}", responses=problems("not_found"))
async def get_workstream(services: Shared, workstream_id: PathId) -> WorkstreamView:
    """One workstream."""
    return await services.database.read(lambda s: _view(s, workstream_id))


@router.patch("/v1/workstreams/{workstream_id}", responses=problems("not_found", "name_taken"))
async def change_workstream(
    services: Shared, caller: Caller, workstream_id: PathId, body: WorkstreamChange
) -> WorkstreamView:
    """Change the name or the times. A conversation that waits already keeps its deadline."""

    def work(session: Session) -> WorkstreamView:
        workstream = workstreams.get(session, workstream_id)
        if body.name is not None and body.name != workstream.name:
            workstreams.refuse_taken_name(session, body.name)
            workstream.name = body.name
        if body.auto_close_waiting_after_minutes is not None:
            workstream.auto_close_waiting_after = body.auto_close_waiting_after_minutes * _SECONDS
        if body.reopen_closed_within_minutes is not None:
            workstream.reopen_closed_within = body.reopen_closed_within_minutes * _SECONDS
        session.flush()
        changed = ",".join(body.model_dump(exclude_none=True))
        record(session, caller, "workstream.changed", workstream_id=workstream_id, changed=changed)
        return _view(session, workstream_id)

    return await services.database.write(work)


@router.put(
    "/v1/workstreams/{workstream_id}/pages",
    responses=problems("not_found", "unknown_pages", "page_needs_a_workstream"),
)
async def set_workstream_pages(
    services: Shared, caller: Caller, workstream_id: PathId, body: WorkstreamPages
) -> WorkstreamView:
    """Give the workstream exactly these pages. Those it had and keeps not go to the default workstream."""

    def work(session: Session) -> WorkstreamView:
        workstreams.set_pages(session, workstream_id, body.page_ids, clock.now())
        session.flush()
        record(session, caller, "workstream.pages_set", workstream_id=workstream_id)
        return _view(session, workstream_id)

    return await services.database.write(work)


@router.delete(
    "/v1/workstreams/{workstream_id}", status_code=204, responses=problems("not_found", "workstream_in_use")
)
async def delete_workstream(services: Shared, caller: Caller, workstream_id: PathId) -> Response:
    """Delete a workstream that has no pages."""

    def work(session: Session) -> None:
        workstreams.delete(session, workstream_id)
        record(session, caller, "workstream.deleted", workstream_id=workstream_id)

    await services.database.write(work)
    return Response(status_code=204)


def _view(session: Session, workstream_id: str) -> WorkstreamView:
    workstream = workstreams.get(session, workstream_id)
    return WorkstreamView.of(workstream, workstreams.pages_of(session, [workstream_id])[workstream_id])
