"""Saving a page, and waking its workflow."""

from sqlmodel import Session

from api.http.fields import AccessToken, Digits, Flag, Id, Input, Language, Name
from api.pages.views import PageView
from api.security.audit import record
from api.security.auth import Principal
from api.services.workflow_client import TemporalUnavailableError, WorkflowClient
from base import clock
from base.secrets import Vault
from domain.events.kinds import FactKind
from domain.pages.page_problems import PageProblem
from store.db.database import Database
from store.pages import accounts, page_states, pages
from store.tables import Account, Page
from store.workstreams import workstreams


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


def save_page(session: Session, vault: Vault, caller: Principal, account: Account, body: PageInput) -> None:
    """Save a page of an account; the account's first page makes its verify token.

    It may be a page that another account, deleted since, has not finished unsubscribing.
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
    record(session, caller, FactKind.PAGE_SAVED, page_id=body.page_id, account_id=account.id)


async def wake_page(database: Database, workflow_client: WorkflowClient, page_id: str) -> PageView:
    """Have the page's workflow look at it. Without Temporal the page stays saved and says so."""

    def note_problem(session: Session) -> PageView:
        pages.get(session, page_id)
        problem = PageProblem("temporal_unavailable")
        page_states.add_problem(session, page_id, problem, clock.now())
        return PageView.of(pages.get_rows(session, page_id))

    try:
        await workflow_client.check_page(page_id)
    except TemporalUnavailableError:
        return await database.write(note_problem)
    return await database.read(lambda s: PageView.of(pages.get_rows(s, page_id)))
