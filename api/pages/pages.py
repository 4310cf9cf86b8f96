"""Pages: their settings, their provisioning, what is wrong with them."""

import contextlib
from datetime import datetime
from typing import Self

from fastapi import Response
from pydantic import BaseModel
from sqlmodel import Session

from api.http.fields import AccessToken, Digits, Flag, Id, Input, Language, Name, PathPageId
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.runtime.dependencies import AppDependencies, ServicesDep
from api.runtime.workflow_client import EngineUnavailableError
from api.security.audit import record
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from base import clock
from base.secrets import Vault
from domain.pages.problems import Problem as PageProblemFound
from store.pages import accounts, page_states, pages
from store.sending import gate
from store.tables import Account, Page
from store.workstreams import workstreams

router = api_router("accounts and pages")


class PageInput(Input):
    """A Facebook Page. Without a workstream the default one takes it."""

    page_id: Digits
    name: Name
    access_token: AccessToken
    workstream_id: Id | None = None
    language: Language = "en"
    human_agent_tag: Flag = False
    attachments_for_customers: Flag = False
    attachments_for_agents: Flag = False


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


class PageProblem(BaseModel):
    """Something that is wrong with a page, and how to mend it. `docs/delivery.md` lists all of them.

    `severity`: `holds_sends`, `not_running`, or `warning`. `meta_code` is Meta's, where it said one, as is
    the `reason` of an enforcement. `since`: since when, or when it was last seen. `due_at`: when it must be
    mended.
    """

    code: str
    severity: str = "not_running"
    detail: str
    remedy: str
    meta_code: int | None = None
    meta_subcode: int | None = None
    reason: str | None = None
    since: datetime | None = None
    due_at: datetime | None = None


class SendGate(BaseModel):
    """Whether messages may leave: `open`, `held` until the page is mended, or `paused` until an instant.

    `reason` is the code of the problem; the messages that wait for it show `message_reason`.
    Until `slowed_until` few leave: `usage_percent` of what Meta allows was used, or Meta throttled the page.
    """

    state: str
    reason: str | None
    message_reason: str | None
    until: datetime | None
    slowed_until: datetime | None
    usage_percent: int | None


class PageView(BaseModel):
    """A page. `provisioning_state` is `Running` when it works; else `problems` says what to do.

    `warnings` are what somebody should look at though it works. `token_expires_at` is what Meta says, null
    for never; by `token_refresh_due_at` the page is to be authorised anew. `gap_since`: since then messages
    may have been missed, and are being read.
    """

    page_id: str
    account_id: str
    workstream_id: str
    name: str
    language: str
    human_agent_tag: bool
    attachments_for_customers: bool
    attachments_for_agents: bool
    provisioning_state: str
    problems: list[PageProblem]
    warnings: list[PageProblem]
    send_gate: SendGate
    checked_at: datetime | None
    last_event_at: datetime | None
    token_expires_at: datetime | None
    token_refresh_due_at: datetime | None
    gap_since: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, page: Page) -> Self:
        """The page without its secrets."""
        shown = page.model_dump(exclude={"access_token"})
        shown["send_gate"] = SendGate(
            state=page.send_gate,
            reason=page.send_gate_reason,
            message_reason=gate.message_reason(page),
            until=page.send_gate_until,
            slowed_until=page.slowed_until,
            usage_percent=page.usage_percent,
        )
        return cls.model_validate(shown)


@router.get("/v1/pages/{page_id}", responses=problems("not_found"))
async def get_page(services: ServicesDep, page_id: PathPageId) -> PageView:
    """One page."""
    return await services.database.read(lambda s: PageView.of(pages.get(s, page_id)))


@router.patch("/v1/pages/{page_id}", responses=problems("not_found", "unknown_workstream"))
async def change_page(
    services: ServicesDep, caller: Caller, page_id: PathPageId, body: PageChange
) -> PageView:
    """Change settings. The human agent tag holds from the next session on, everything else at once."""

    def work(session: Session) -> PageView:
        page = pages.get(session, page_id)
        if body.workstream_id is not None:
            workstreams.for_page(session, body.workstream_id, clock.now())
        changes = body.model_dump(exclude_none=True)
        page.sqlmodel_update(changes)
        session.flush()
        record(session, caller, "page.changed", page_id=page_id, changed=",".join(changes))
        return PageView.of(page)

    view = await services.database.write(work)
    services.fanout.tell([page_id])
    return await wake_page(services, page_id) if body.human_agent_tag is not None else view


@router.delete(
    "/v1/pages/{page_id}", status_code=204, responses=problems("not_found", "page_in_use_by_conversations")
)
async def remove_page(services: ServicesDep, caller: Caller, page_id: PathPageId) -> Response:
    """Stop serving a page. Its history stays readable.

    Its subscription at Meta ends and its access token is forgotten within a minute or so; where Meta gives no
    answer the token is forgotten after an hour all the same.
    """

    def work(session: Session) -> None:
        pages.remove(session, page_id, clock.now())
        record(session, caller, "page.removed", page_id=page_id)

    await services.database.write(work)
    with contextlib.suppress(EngineUnavailableError):
        await services.engine.check_page(page_id)  # its workflow takes leave of the page, and ends
    return Response(status_code=204)


@router.post("/v1/pages/{page_id}/check", responses=problems("not_found", "engine_unavailable"))
async def check_page(services: ServicesDep, page_id: PathPageId) -> PageView:
    """Have the page checked now; read it again to see the outcome."""
    view = await services.database.read(lambda s: PageView.of(pages.get(s, page_id)))
    try:
        await services.engine.check_page(page_id)
    except EngineUnavailableError as error:
        raise Problem("engine_unavailable") from error
    return view


@router.post("/v1/pages/{page_id}/reauthorize", responses=problems("not_found"))
async def reauthorize_page(
    services: ServicesDep, caller: Caller, page_id: PathPageId, body: Reauthorization
) -> PageView:
    """Give the page a new access token; it is provisioned anew. What it holds is sent then, judged anew."""

    def work(session: Session) -> None:
        token, now = body.access_token.get_secret_value(), clock.now()
        page = pages.get(session, page_id)
        page_states.end_alarms(session, page_id, now)
        pages.reauthorize(services.settings.vault, page, token, now)
        record(session, caller, "page.reauthorized", page_id=page_id)

    await services.database.write(work)
    return await wake_page(services, page_id)


def save_page(session: Session, vault: Vault, caller: Principal, account: Account, body: PageInput) -> None:
    """Save a page of an account; the account's first page makes its verify token.

    It may be the page that another account, deleted since, still took leave of.
    """
    now = clock.now()
    saved_before = session.get(Page, body.page_id)
    former_account_id = saved_before.account_id if saved_before else account.id
    workstream = workstreams.for_page(session, body.workstream_id, now)
    new = pages.NewPage(
        page_id=body.page_id,
        name=body.name,
        access_token=body.access_token.get_secret_value(),
        language=body.language,
        human_agent_tag=body.human_agent_tag,
        attachments_for_customers=body.attachments_for_customers,
        attachments_for_agents=body.attachments_for_agents,
    )
    pages.save(session, vault, account, new, workstream_id=workstream.id, at=now)
    if former_account_id != account.id:
        accounts.finish_deletion(session, session.get_one(Account, former_account_id))
    accounts.give_verify_token(vault, account)
    record(session, caller, "page.saved", page_id=body.page_id, account_id=account.id)


async def wake_page(services: AppDependencies, page_id: str) -> PageView:
    """Have the page's workflow look at it. Without the engine the page stays saved and says so."""

    def note_problem(session: Session) -> PageView:
        pages.get(session, page_id)
        problem = PageProblemFound("engine_unavailable")
        return PageView.of(page_states.add_problem(session, page_id, problem, clock.now()))

    try:
        await services.engine.check_page(page_id)
    except EngineUnavailableError:
        return await services.database.write(note_problem)
    return await services.database.read(lambda s: PageView.of(pages.get(s, page_id)))
