"""Disposition codes: what agents say that conversations were about when they end them."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Query, Response
from pydantic import BaseModel
from sqlmodel import Session

from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import Flag, Id, Input, Name, OptionalIdempotencyKey, PathId
from api.http.paging import Cursor, CursorById, CursorPage, Limit
from api.http.problem_docs import problems
from api.security.audit import record
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.security.idempotency import once
from base import clock
from base.ids import new_id
from domain.events.kinds import FactKind
from store.access.idempotency import create_once
from store.routing import disposition_codes
from store.tables import DispositionCode

_BY_ID = CursorById("disposition_codes")

router = api_router("disposition codes")


class DispositionCodeInput(Input):
    """A code. Without a workstream it is of all workstreams."""

    name: Name
    workstream_id: Id | None = None
    active: Flag = True


class DispositionCodeChange(Input):
    """What is to change; what is left out stays."""

    name: Name | None = None
    active: Flag | None = None


class DispositionCodeView(BaseModel):
    """A code. Conversations cannot get one that is not active."""

    id: str
    name: str
    workstream_id: str | None
    active: bool
    created_at: datetime

    @classmethod
    def of(cls, code: DispositionCode) -> Self:
        """The code as it is set."""
        return cls.model_validate(code, from_attributes=True)


@router.get("/v1/disposition-codes")
async def list_disposition_codes(
    database: DatabaseDep,
    workstream_id: Annotated[Id | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CursorPage[DispositionCodeView]:
    """All codes; with `workstream_id` those that its conversations may get."""
    after = _BY_ID.read(cursor)

    def load(session: Session) -> CursorPage[DispositionCodeView]:
        found = disposition_codes.listed(session, workstream_id=workstream_id, after=after, limit=limit + 1)
        return _BY_ID.page(found, limit, DispositionCodeView.of)

    return await database.read(load)


@router.post(
    "/v1/disposition-codes",
    status_code=201,
    responses=problems("name_taken", "unknown_workstream", "limit_reached", "idempotency_key_reused"),
)
async def create_disposition_code(
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    *,
    body: DispositionCodeInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> DispositionCodeView:
    """Add a code."""
    wanted = once(settings.vault, caller, idempotency_key, "create_disposition_code", body)

    def create(session: Session, code_id: str) -> None:
        disposition_codes.add(session, code_id, **body.model_dump(), at=clock.now())
        _record(session, caller, FactKind.DISPOSITION_CODE_CREATED, code_id)

    def work(session: Session) -> DispositionCodeView:
        fresh = new_id()
        code_id = create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        return DispositionCodeView.of(disposition_codes.get(session, code_id))

    return await database.write(work)


@router.get("/v1/disposition-codes/{code_id}", responses=problems("not_found"))
async def get_disposition_code(database: DatabaseDep, code_id: PathId) -> DispositionCodeView:
    """One code."""
    return await database.read(lambda s: DispositionCodeView.of(disposition_codes.get(s, code_id)))


@router.patch("/v1/disposition-codes/{code_id}", responses=problems("not_found", "name_taken"))
async def change_disposition_code(
    database: DatabaseDep, caller: Caller, code_id: PathId, body: DispositionCodeChange
) -> DispositionCodeView:
    """Change a code. Conversations that have it show the new name."""

    def work(session: Session) -> DispositionCodeView:
        changes = body.model_dump(exclude_none=True)
        view = DispositionCodeView.of(disposition_codes.change(session, code_id, changes))
        _record(session, caller, FactKind.DISPOSITION_CODE_CHANGED, code_id)
        return view

    return await database.write(work)


@router.delete(
    "/v1/disposition-codes/{code_id}",
    status_code=204,
    responses=problems("not_found", "disposition_code_in_use"),
)
async def delete_disposition_code(database: DatabaseDep, caller: Caller, code_id: PathId) -> Response:
    """Delete a code that no conversation has. One that is had can be switched off."""

    def work(session: Session) -> None:
        disposition_codes.delete(session, code_id)
        _record(session, caller, FactKind.DISPOSITION_CODE_DELETED, code_id)

    await database.write(work)
    return Response(status_code=204)


def _record(session: Session, caller: Principal, kind: FactKind, code_id: str) -> None:
    record(session, caller, kind, disposition_code_id=code_id)
