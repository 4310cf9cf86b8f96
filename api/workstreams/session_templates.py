"""Session templates: what a client shows and opens when an agent's session begins."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Response
from pydantic import BaseModel, Field, StringConstraints, model_validator
from sqlmodel import Session

from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import (
    KNOWN_PLACEHOLDERS,
    STORABLE,
    Flag,
    Input,
    Name,
    OptionalIdempotencyKey,
    PathId,
)
from api.http.paging import Cursor, CursorById, CursorPage, Limit
from api.http.problem_docs import problems
from api.schemas.session_views import TabView
from api.security.audit import record
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.security.idempotency import once
from base import clock
from base.ids import new_id
from domain.events.kinds import FactKind
from store.access.idempotency import create_once
from store.tables import SessionTemplate
from store.workstreams import session_templates
from store.workstreams.session_templates import CommunicationPanel, TabKind

MAX_TABS = 20
_BY_ID = CursorById("session_templates")

Address = Annotated[
    str,
    StringConstraints(max_length=2000, pattern=r"^https?://[^\s\x00-\x1f]+$"),
    STORABLE,
    KNOWN_PLACEHOLDERS,
]
Title = Annotated[Name, KNOWN_PLACEHOLDERS]

router = api_router("session templates")


class TabInput(Input):
    """A tab. Only a `link` has a target: an http or https address, which may hold placeholders."""

    title: Title
    kind: TabKind
    target: Address | None = None
    can_close: Flag = True

    @model_validator(mode="after")
    def _links_alone_have_targets(self) -> Self:
        if (self.target is not None) != (self.kind is TabKind.LINK):
            raise ValueError("A link needs a target, and only a link has one.")
        return self


class SessionTemplateInput(Input):
    """A template. Titles and targets may hold the placeholders of automated messages."""

    name: Name
    title: Title = "{CustomerName}"
    communication_panel: CommunicationPanel = CommunicationPanel.DOCKED
    tabs: Annotated[list[TabInput], Field(max_length=MAX_TABS, default_factory=list)]

    @property
    def template(self) -> session_templates.Template:
        """The template as the store has it."""
        tabs = [tab.model_dump(mode="json") for tab in self.tabs]
        return session_templates.Template(self.name, self.title, self.communication_panel, tabs)


class SessionTemplateView(BaseModel):
    """A template, its placeholders as they were written."""

    id: str
    name: str
    title: str
    communication_panel: CommunicationPanel
    tabs: list[TabView]
    created_at: datetime

    @classmethod
    def of(cls, template: SessionTemplate) -> Self:
        """The template as it was set."""
        return cls.model_validate(template.model_dump())


@router.get("/v1/session-templates")
async def list_session_templates(
    database: DatabaseDep, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[SessionTemplateView]:
    """All session templates."""
    after = _BY_ID.read(cursor)

    def load(session: Session) -> CursorPage[SessionTemplateView]:
        found = session_templates.listed(session, after=after, limit=limit + 1)
        return _BY_ID.page(found, limit, SessionTemplateView.of)

    return await database.read(load)


@router.post(
    "/v1/session-templates", status_code=201, responses=problems("name_taken", "idempotency_key_reused")
)
async def create_session_template(
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    body: SessionTemplateInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> SessionTemplateView:
    """Add a template. Workstreams name it as their `session_template_id`."""
    wanted = once(settings.vault, caller, idempotency_key, "create_session_template", body)

    def create(session: Session, template_id: str) -> None:
        session_templates.add(session, template_id, body.template, clock.now())
        _record(session, caller, "created", template_id)

    def work(session: Session) -> SessionTemplateView:
        fresh = new_id()
        template_id = create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        return SessionTemplateView.of(session_templates.get(session, template_id))

    return await database.write(work)


@router.get("/v1/session-templates/{template_id}", responses=problems("not_found"))
async def get_session_template(database: DatabaseDep, template_id: PathId) -> SessionTemplateView:
    """One template."""
    return await database.read(lambda s: SessionTemplateView.of(session_templates.get(s, template_id)))


@router.put("/v1/session-templates/{template_id}", responses=problems("not_found", "name_taken"))
async def change_session_template(
    database: DatabaseDep, caller: Caller, template_id: PathId, body: SessionTemplateInput
) -> SessionTemplateView:
    """Let the template say this from now on, for sessions that are under way too."""

    def work(session: Session) -> SessionTemplateView:
        view = SessionTemplateView.of(session_templates.change(session, template_id, body.template))
        _record(session, caller, "changed", template_id)
        return view

    return await database.write(work)


@router.delete(
    "/v1/session-templates/{template_id}",
    status_code=204,
    responses=problems("not_found", "session_template_in_use"),
)
async def delete_session_template(database: DatabaseDep, caller: Caller, template_id: PathId) -> Response:
    """Delete a template that no workstream uses."""

    def work(session: Session) -> None:
        session_templates.delete(session, template_id)
        _record(session, caller, "deleted", template_id)

    await database.write(work)
    return Response(status_code=204)


def _record(session: Session, caller: Principal, done: str, template_id: str) -> None:
    record(session, caller, FactKind(f"session_template.{done}"), template_id=template_id)
