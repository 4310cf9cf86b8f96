"""Workstreams: how the work of some pages is shared out."""

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import (
    AutoCloseMinutes,
    Digits,
    Flag,
    Id,
    Input,
    Name,
    OptionalIdempotencyKey,
    PathId,
    ReopenMinutes,
    WarningMinutes,
)
from api.http.paging import Cursor, CursorById, CursorPage, Limit
from api.http.problem_docs import problems
from api.security.audit import record
from api.security.auth import Caller
from api.security.guarded_route import api_router
from api.security.idempotency import once
from api.workstreams.work_distribution import WorkDistributionInput, WorkDistributionView
from base import clock
from base.ids import new_id
from domain.events.kinds import FactKind
from store.access.idempotency import create_once
from store.routing import workstream_routing
from store.tables import Workstream
from store.workstreams import workstreams
from store.workstreams.work_distribution import work_distribution_of

_BY_ID = CursorById("workstreams")
_SECONDS_PER_MINUTE = 60
_MINUTES = "_minutes"
_DEFAULTS = workstreams.NewWorkstream("")

router = api_router("workstreams")


class WorkstreamInput(Input):
    """A workstream. Times are in minutes; unless set, a waiting conversation closes after 28 days.

    `window_warning_minutes`: how long before each closing of Meta's window the agent who owes an answer is
    warned. `send_held_unseen`: held messages are sent when the customer writes again, without another look.
    `allow_automated_messages`: off, nothing that Pagedesk says by itself goes to customers; rules that
    would send them something rest too.
    """

    name: Name
    auto_close_waiting_after_minutes: AutoCloseMinutes = (
        _DEFAULTS.auto_close_waiting_after_seconds // _SECONDS_PER_MINUTE
    )
    reopen_closed_within_minutes: ReopenMinutes = (
        _DEFAULTS.reopen_closed_within_seconds // _SECONDS_PER_MINUTE
    )
    window_warning_minutes: WarningMinutes = _DEFAULTS.window_warning_seconds // _SECONDS_PER_MINUTE
    send_held_unseen: Flag = _DEFAULTS.send_held_unseen
    allow_automated_messages: Flag = _DEFAULTS.allow_automated_messages
    session_template_id: Id | None = None
    disposition_required: Flag = False
    work_distribution: WorkDistributionInput | None = None


class WorkstreamChange(Input):
    """What is to change; what is left out stays. `session_template_id` null: none from now on."""

    name: Name | None = None
    auto_close_waiting_after_minutes: AutoCloseMinutes | None = None
    reopen_closed_within_minutes: ReopenMinutes | None = None
    window_warning_minutes: WarningMinutes | None = None
    send_held_unseen: Flag | None = None
    allow_automated_messages: Flag | None = None
    session_template_id: Id | None = None
    disposition_required: Flag | None = None
    work_distribution: WorkDistributionInput | None = None


class WorkstreamPages(Input):
    """The pages that the workstream is to have, all of them."""

    page_ids: Annotated[list[Digits], Field(max_length=1000)]


class WorkstreamView(BaseModel):
    """A workstream with its pages."""

    id: str
    name: str
    auto_close_waiting_after_minutes: int
    reopen_closed_within_minutes: int
    window_warning_minutes: int
    send_held_unseen: bool
    allow_automated_messages: bool
    session_template_id: str | None
    disposition_required: bool
    work_distribution: WorkDistributionView
    page_ids: list[str]
    created_at: datetime

    @classmethod
    def of(cls, workstream: Workstream, page_ids: list[str]) -> Self:
        """The workstream in the API's units."""
        return cls(
            id=workstream.id,
            name=workstream.name,
            auto_close_waiting_after_minutes=workstream.auto_close_waiting_after_seconds
            // _SECONDS_PER_MINUTE,
            reopen_closed_within_minutes=workstream.reopen_closed_within_seconds // _SECONDS_PER_MINUTE,
            window_warning_minutes=workstream.window_warning_seconds // _SECONDS_PER_MINUTE,
            send_held_unseen=workstream.send_held_unseen,
            allow_automated_messages=workstream.allow_automated_messages,
            session_template_id=workstream.session_template_id,
            disposition_required=workstream.disposition_required,
            work_distribution=WorkDistributionView.of(work_distribution_of(workstream)),
            page_ids=page_ids,
            created_at=workstream.created_at,
        )


@router.get("/v1/workstreams")
async def list_workstreams(
    database: DatabaseDep, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[WorkstreamView]:
    """All workstreams."""
    after = _BY_ID.read(cursor)

    def load(session: Session) -> CursorPage[WorkstreamView]:
        found = workstreams.listed(session, after=after, limit=limit + 1)
        page_ids = workstreams.pages_of(session, [each.id for each in found])
        return _BY_ID.page(found, limit, lambda each: WorkstreamView.of(each, page_ids[each.id]))

    return await database.read(load)


@router.post(
    "/v1/workstreams",
    status_code=201,
    responses=problems("name_taken", "unknown_session_template", "idempotency_key_reused"),
)
async def create_workstream(
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    body: WorkstreamInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> WorkstreamView:
    """Add a workstream."""
    wanted = once(settings.vault, caller, idempotency_key, "create_workstream", body)

    def create(session: Session, workstream_id: str) -> None:
        values = body.model_dump(exclude={"work_distribution"})
        new = workstreams.NewWorkstream(**_minutes_to_seconds(values))
        workstreams.add(session, workstream_id, new, clock.now())
        _share_out(session, workstream_id, body.work_distribution)
        record(session, caller, FactKind.WORKSTREAM_CREATED, workstream_id=workstream_id)

    def work(session: Session) -> WorkstreamView:
        fresh = new_id()
        return _view(
            session, create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        )

    return await database.write(work)


@router.get("/v1/workstreams/{workstream_id}", responses=problems("not_found"))
async def get_workstream(database: DatabaseDep, workstream_id: PathId) -> WorkstreamView:
    """One workstream."""
    return await database.read(lambda s: _view(s, workstream_id))


@router.patch(
    "/v1/workstreams/{workstream_id}",
    responses=problems("not_found", "name_taken", "unknown_session_template"),
)
async def change_workstream(
    database: DatabaseDep,
    caller: Caller,
    workstream_id: PathId,
    body: WorkstreamChange,
) -> WorkstreamView:
    """Change settings. They hold at once, for running conversations too."""
    changes = body.model_dump(exclude_none=True, exclude={"work_distribution"})
    if "session_template_id" in body.model_fields_set:
        changes["session_template_id"] = body.session_template_id

    def work(session: Session) -> WorkstreamView:
        workstreams.change(session, workstream_id, _minutes_to_seconds(changes))
        _share_out(session, workstream_id, body.work_distribution)
        record(
            session,
            caller,
            FactKind.WORKSTREAM_CHANGED,
            workstream_id=workstream_id,
            changed=",".join([*changes, *(["work_distribution"] if body.work_distribution else [])]),
        )
        return _view(session, workstream_id)

    return await database.write(work)


@router.post(
    "/v1/workstreams/{workstream_id}/copy",
    status_code=201,
    responses=problems("not_found", "idempotency_key_reused"),
)
async def copy_workstream(
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    *,
    workstream_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> WorkstreamView:
    """Make "Copy of …": with rules, time-out rules and disposition codes, and without pages."""
    wanted = once(settings.vault, caller, idempotency_key, f"copy_workstream {workstream_id}", Input())

    def create(session: Session, copy_id: str) -> None:
        workstream_routing.copy(session, workstream_id, copy_id, clock.now())
        record(session, caller, FactKind.WORKSTREAM_COPIED, workstream_id=copy_id, copy_of=workstream_id)

    def work(session: Session) -> WorkstreamView:
        fresh = new_id()
        return _view(
            session, create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        )

    return await database.write(work)


@router.put(
    "/v1/workstreams/{workstream_id}/pages",
    responses=problems("not_found", "unknown_pages", "page_requires_workstream"),
)
async def set_workstream_pages(
    database: DatabaseDep,
    caller: Caller,
    workstream_id: PathId,
    body: WorkstreamPages,
) -> WorkstreamView:
    """Give the workstream exactly these pages. Those it had and keeps not go to the default workstream."""

    def work(session: Session) -> WorkstreamView:
        workstreams.set_pages(session, workstream_id, body.page_ids, clock.now())
        record(session, caller, FactKind.WORKSTREAM_PAGES_SET, workstream_id=workstream_id)
        return _view(session, workstream_id)

    return await database.write(work)


@router.delete(
    "/v1/workstreams/{workstream_id}", status_code=204, responses=problems("not_found", "workstream_in_use")
)
async def delete_workstream(database: DatabaseDep, caller: Caller, workstream_id: PathId) -> Response:
    """Delete a workstream that has no pages and no live conversations, with its rules."""

    def work(session: Session) -> None:
        workstream_routing.delete(session, workstream_id)
        record(session, caller, FactKind.WORKSTREAM_DELETED, workstream_id=workstream_id)

    await database.write(work)
    return Response(status_code=204)


def _share_out(session: Session, workstream_id: str, given: WorkDistributionInput | None) -> None:
    """Set what is given of how the workstream shares out its work."""
    if given is not None:
        before = work_distribution_of(workstreams.get(session, workstream_id))
        workstream_routing.set_work_distribution(session, workstream_id, given.applied_to(before))


def _view(session: Session, workstream_id: str) -> WorkstreamView:
    workstream = workstreams.get(session, workstream_id)
    return WorkstreamView.of(workstream, workstreams.pages_of(session, [workstream_id])[workstream_id])


def _minutes_to_seconds(values: dict[str, Any]) -> dict[str, Any]:
    """Minutes as seconds, under the names of the columns."""
    return dict(_in_seconds(name, value) for name, value in values.items())


def _in_seconds(name: str, value: Any) -> tuple[str, Any]:
    if not name.endswith(_MINUTES):
        return name, value
    return f"{name.removesuffix(_MINUTES)}_seconds", value * _SECONDS_PER_MINUTE
