"""Pages: their settings, their provisioning, what is wrong with them."""

import contextlib

from fastapi import Response
from sqlmodel import Session

from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import AccessToken, Flag, Id, Input, Language, Name, PathPageId
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.pages.save_page import wake_page
from api.pages.views import PageView
from api.security.audit import record
from api.security.auth import Caller
from api.security.guarded_route import api_router
from api.services.workflow_client import TemporalUnavailableError, WorkflowClientDep
from base import clock
from domain.events.kinds import FactKind
from store.pages import pages
from store.workstreams import workstreams

router = api_router("accounts and pages")


class PageChange(Input):
    """What is to change; what is left out stays. A new access token goes to `reauthorize`."""

    name: Name | None = None
    workstream_id: Id | None = None
    language: Language | None = None
    human_agent_tag: Flag | None = None
    attachments_for_customers: Flag | None = None
    attachments_for_agents: Flag | None = None


class Reauthorization(Input):
    """A new access token for the page."""

    access_token: AccessToken


@router.get("/v1/pages/{page_id}", responses=problems("not_found"))
async def get_page(database: DatabaseDep, page_id: PathPageId) -> PageView:
    """One page."""
    return await database.read(lambda s: PageView.of(pages.get_rows(s, page_id)))


@router.patch("/v1/pages/{page_id}", responses=problems("not_found", "unknown_workstream"))
async def change_page(
    database: DatabaseDep,
    workflow_client: WorkflowClientDep,
    caller: Caller,
    *,
    page_id: PathPageId,
    body: PageChange,
) -> PageView:
    """Change settings. The human agent tag holds from the next session on, everything else at once."""

    def work(session: Session) -> PageView:
        pages.get(session, page_id)
        if body.workstream_id is not None:
            workstreams.for_page(session, body.workstream_id, clock.now())
        changes = body.model_dump(exclude_none=True)
        pages.change(session, page_id, changes)
        rows = pages.get_rows(session, page_id)
        record(session, caller, FactKind.PAGE_CHANGED, page_id=page_id, changed=",".join(changes))
        return PageView.of(rows)

    view = await database.write(work)
    return await wake_page(database, workflow_client, page_id) if body.human_agent_tag is not None else view


@router.delete(
    "/v1/pages/{page_id}", status_code=204, responses=problems("not_found", "page_in_use_by_conversations")
)
async def remove_page(
    database: DatabaseDep, workflow_client: WorkflowClientDep, caller: Caller, page_id: PathPageId
) -> Response:
    """Stop serving a page. Its history stays readable.

    Its subscription at Meta ends and its access token is forgotten within a minute or so; where Meta gives no
    answer the token is forgotten after an hour all the same.
    """

    def work(session: Session) -> None:
        pages.remove(session, page_id, clock.now())
        record(session, caller, FactKind.PAGE_REMOVED, page_id=page_id)

    await database.write(work)
    with contextlib.suppress(TemporalUnavailableError):
        await workflow_client.check_page(page_id)  # its workflow unsubscribes the page, and ends
    return Response(status_code=204)


@router.post("/v1/pages/{page_id}/check", responses=problems("not_found", "temporal_unavailable"))
async def check_page(
    database: DatabaseDep, workflow_client: WorkflowClientDep, page_id: PathPageId
) -> PageView:
    """Have the page checked now; read it again to see the outcome."""
    view = await database.read(lambda s: PageView.of(pages.get_rows(s, page_id)))
    try:
        await workflow_client.check_page(page_id)
    except TemporalUnavailableError as error:
        raise Problem("temporal_unavailable") from error
    return view


@router.post("/v1/pages/{page_id}/reauthorize", responses=problems("not_found"))
async def reauthorize_page(
    settings: SettingsDep,
    database: DatabaseDep,
    workflow_client: WorkflowClientDep,
    caller: Caller,
    *,
    page_id: PathPageId,
    body: Reauthorization,
) -> PageView:
    """Give the page a new access token; it is provisioned again. What it holds is sent then, judged again."""

    def work(session: Session) -> None:
        token = body.access_token.get_secret_value()
        pages.reauthorize(session, settings.vault, page_id, token, clock.now())
        record(session, caller, FactKind.PAGE_REAUTHORIZED, page_id=page_id)

    await database.write(work)
    return await wake_page(database, workflow_client, page_id)
