"""Checking a page: is its token good, does Meta deliver its events to us, and if not, what is to be done."""

from dataclasses import dataclass

from sqlmodel import Session
from temporalio import activity

from activities.common.heartbeat import heartbeating
from activities.common.page_credentials import page_credentials
from activities.pages.subscriptions import Subscriber
from activities.pages.unsubscribe import farewell
from base import clock
from base.secrets import SecretUnreadableError
from base.settings import Settings
from domain.pages.page_problems import SECRETS_UNREADABLE, PageProblem, Severity, fields_refused
from messenger.graph.client import GraphClient
from messenger.graph.errors import GraphError
from messenger.graph.page_credentials import PageCredentials
from messenger.graph.page_problems import judge_token, problem_of_no_answer, problem_of_refusal
from messenger.graph.results import GraphUnavailable
from store.db.database import Database
from store.pages import accounts, page_rows, page_states
from store.pages.page_states import Checked
from store.tables import Account
from store.tables.pages import REMOVED, REMOVING
from workflows.messages import PageReport


@dataclass(frozen=True, slots=True, repr=False)
class _Target:
    """What a check needs of the store."""

    credentials: PageCredentials
    subscriber: Subscriber
    was_subscribed: bool
    leaving: bool


class PageActivities:
    """The page workflow's checks."""

    def __init__(self, database: Database, graph: GraphClient, settings: Settings) -> None:
        self._database = database
        self._graph = graph
        self._settings = settings

    @activity.defn(name="check_page")
    async def check_page(self, page_id: str) -> PageReport:
        """Check and mend one page and write down how it stands; of a deleted page, take leave."""
        async with heartbeating():
            return await self._checked(page_id)

    async def _checked(self, page_id: str) -> PageReport:
        try:
            target = await self._database.read(lambda session: self._target(session, page_id))
        except SecretUnreadableError:
            return await self._recorded(page_id, Checked([PageProblem(SECRETS_UNREADABLE)]))
        if target is None:
            return PageReport(running=False, deleted=True)
        if target.leaving:
            gone = await farewell(self._database, self._graph, target.credentials)
            return PageReport(running=False, deleted=gone)
        return await self._recorded(page_id, await self._check(target))

    async def _recorded(self, page_id: str, checked: Checked) -> PageReport:
        standing = await self._database.write(
            lambda session: page_states.record(session, page_id, checked, clock.now())
        )
        return PageReport(
            running=standing.running,
            check_every=60 * self._settings.page_check_minutes,
            releases=standing.releases,
            gap=standing.gap,
        )

    async def _check(self, target: _Target) -> Checked:
        """Ask Meta; what it does not answer is a problem too."""
        token = None
        try:
            token, problems = await judge_token(self._graph, target.credentials)
            problems = problems or await self._of_page(target)
        except GraphError as error:
            problems = [problem_of_refusal(error, callback_url=target.subscriber.callback_url)]
        except GraphUnavailable as error:
            problems = [problem_of_no_answer(error)]
        subscribed = all(each.severity is Severity.WARNING for each in problems)
        return Checked(problems, token, subscribed=subscribed)

    async def _of_page(self, target: _Target) -> list[PageProblem]:
        """Whose token it is; and have Meta deliver what we need. What was missed is remembered first."""
        page_id = target.credentials.page_id
        if (await self._graph.page_profile(target.credentials)).page_id != page_id:
            return [PageProblem("token_of_another_page")]
        subscribed = await target.subscriber.subscribed(self._graph)
        if subscribed.dropped and target.was_subscribed:
            await self._database.write(lambda session: page_states.begin_gap(session, page_id, clock.now()))
        mended = await target.subscriber.mend(self._graph, subscribed)
        return [fields_refused(mended.lacking)] if mended.lacking else []

    def _target(self, session: Session, page_id: str) -> _Target | None:
        rows = page_rows.find(session, page_id)
        if rows is None or rows.page.provisioning_state == REMOVED:
            return None
        page = rows.page
        account = session.get_one(Account, page.account_id)
        verify_token = accounts.verify_token(self._settings.vault, account)
        if verify_token is None:
            raise LookupError(f"Account {account.id} has a page but no verify token.")
        credentials = page_credentials(session, self._settings.vault, page_id)
        return _Target(
            credentials=credentials,
            subscriber=Subscriber(
                credentials,
                callback_url=f"{self._settings.public_base_url}/webhooks/messenger/{account.id}",
                verify_token=verify_token,
            ),
            was_subscribed=rows.health.subscribed_at is not None,
            leaving=page.provisioning_state == REMOVING,
        )
