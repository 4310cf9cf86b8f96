"""Checks a page's access token at Meta before it is saved."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from sqlmodel import Session

from api.http.dependencies import from_app
from api.http.rate_limit import RateLimit
from base.secrets import Vault
from domain.pages.access_token import Token
from domain.pages.page_problems import PageProblem
from messenger.graph.client import GraphClient
from messenger.graph.errors import GraphError
from messenger.graph.page_credentials import PageCredentials, open_app_credentials
from messenger.graph.page_problems import judge_token, problem_of_no_answer, problem_of_refusal
from messenger.graph.results import GraphUnavailable
from store.db.database import Database
from store.pages import accounts

_TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class CheckedToken:
    """What Meta says of a token. `page_name`: of the page that it belongs to, where Meta tells."""

    token: Token | None
    page_name: str | None
    problems: list[PageProblem]


class TokenChecks:
    """Asks Meta about tokens that are not saved yet, and keeps nothing of them."""

    def __init__(self, database: Database, graph: GraphClient, vault: Vault) -> None:
        self._database = database
        self._graph = graph
        self._vault = vault
        self._limit = RateLimit("too_many_requests", per_second=1, burst=20)

    async def check(self, account_id: str, page_id: str, access_token: str) -> CheckedToken:
        """Check a token for a page of this account's app.

        Refused as `not_found`, or as `too_many_requests`, as each time is a call to Meta.
        """
        self._limit.acquire(account_id)
        credentials = await self._database.read(
            lambda session: self._credentials(session, account_id, page_id, access_token)
        )
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                return await self._checked(credentials)
        except GraphUnavailable as error:
            return CheckedToken(None, None, [problem_of_no_answer(error)])
        except TimeoutError:
            return CheckedToken(None, None, [PageProblem("meta_unreachable")])

    async def _checked(self, credentials: PageCredentials) -> CheckedToken:
        token, problems = await judge_token(self._graph, credentials)
        if token is None or not token.is_valid:
            return CheckedToken(token, None, problems)
        try:
            profile = await self._graph.page_profile(credentials)
        except GraphError as error:
            return CheckedToken(token, None, problems or [problem_of_refusal(error)])
        if profile.page_id != credentials.page_id:
            problems = [*problems, PageProblem("token_of_another_page")]
        return CheckedToken(token, profile.name, problems)

    def _credentials(
        self, session: Session, account_id: str, page_id: str, access_token: str
    ) -> PageCredentials:
        app = open_app_credentials(self._vault, accounts.get(session, account_id))
        return PageCredentials(page_id, access_token, app.app_id, app.app_secret)


TokenChecksDep = Annotated[TokenChecks, from_app("token_checks")]
