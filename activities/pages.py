"""Provisioning a page: is its token good, does Meta deliver its events to us, and if not, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session
from temporalio import activity

from activities.credentials import page_credentials
from base import clock
from base.log import get_logger
from base.settings import Settings
from messenger.error_table import ErrorKind
from messenger.errors import GraphError
from messenger.fields import ALL_FIELDS, REQUIRED_FIELDS
from messenger.graph import GraphClient, GraphUnavailable, PageCredentials, TokenInfo
from store import gate
from store.database import Database
from store.events import append_page_event
from store.pages import REMOVED
from store.sealed import verify_token_place
from store.tables import Account, Page
from workflows.messages import PageReport

RUNNING = "Running"
PROBLEM = "Problem"

_NEEDED_SCOPES = ("pages_messaging", "pages_manage_metadata")

_log = get_logger("activities")


@dataclass(frozen=True, slots=True, repr=False)
class _Target:
    """What a check needs of the store."""

    credentials: PageCredentials
    callback_url: str
    verify_token: str


class PageActivities:
    """The page workflow's side effects."""

    def __init__(self, database: Database, graph: GraphClient, settings: Settings) -> None:
        self._database = database
        self._graph = graph
        self._settings = settings

    @activity.defn(name="check_page")
    async def check_page(self, page_id: str) -> PageReport:
        """Check and mend one page and write down how it stands."""
        target = await self._database.read(lambda session: self._target(session, page_id))
        if target is None:
            return PageReport(running=False, deleted=True)
        problems = await self._problems(target)
        releases = await self._database.write(lambda session: _write_down(session, page_id, problems))
        return PageReport(
            running=not problems,
            check_every=60 * self._settings.page_check_minutes,
            releases=releases,
        )

    async def _problems(self, target: _Target) -> list[dict[str, Any]]:
        """What is wrong, worst first; an empty list means Running."""
        try:
            token = await self._graph.debug_token(target.credentials.app, target.credentials.access_token)
            problems = [*_token_problems(token, target.credentials)]
            if problems:
                return problems
            profile = await self._graph.page_profile(target.credentials)
            if profile.page_id != target.credentials.page_id:
                return [
                    _problem("token_of_another_page", "The access token belongs to another page.", _NEW_TOKEN)
                ]
            await self._subscribe(target)
        except GraphError as error:
            return [
                _problem(
                    error.reason,
                    error.explanation,
                    error.remedy,
                    meta_code=error.code,
                    meta_subcode=error.subcode,
                )
            ]
        except GraphUnavailable as error:
            return [_problem("meta_unreachable", f"The Graph API does not answer ({error}).", _WAIT)]
        return []

    async def _subscribe(self, target: _Target) -> None:
        """Have Meta deliver what we need, at both levels; only what is missing is changed."""
        app = target.credentials.app
        subscriptions = [each for each in await self._graph.app_subscriptions(app) if each.object == "page"]
        if not any(
            each.active and each.callback_url == target.callback_url and each.fields >= REQUIRED_FIELDS
            for each in subscriptions
        ):
            await self._graph.subscribe_app(app, target.callback_url, target.verify_token, ALL_FIELDS)
        pages = await self._graph.page_subscriptions(target.credentials)
        if not any(each.app_id == app.app_id and each.fields >= REQUIRED_FIELDS for each in pages):
            await self._graph.subscribe_page(target.credentials, ALL_FIELDS)

    def _target(self, session: Session, page_id: str) -> _Target | None:
        page = session.get(Page, page_id)
        if page is None or page.provisioning_state == REMOVED:
            return None
        account = session.get_one(Account, page.account_id)
        if account.verify_token is None:
            raise LookupError(f"Account {account.id} has a page but no verify token.")
        return _Target(
            credentials=page_credentials(session, self._settings.vault, page_id),
            callback_url=f"{self._settings.public_base_url}/webhooks/messenger/{account.id}",
            verify_token=self._settings.vault.open(account.verify_token, verify_token_place(account.id)),
        )


_HOLDING = frozenset(
    {
        "token_invalid",
        "token_of_another_app",
        "token_of_another_page",
        "permission_missing",
        ErrorKind.POLICY.value,
    }
)
"""Problems with which no message can leave: they hold the page's gate."""

_NEW_TOKEN = "Create a new access token for this page in the Facebook app and save it here (reauthorize)."  # noqa: S105 - a remedy
_WAIT = "Pagedesk goes on trying. Check the network if it lasts."


def _token_problems(token: TokenInfo, credentials: PageCredentials) -> Iterable[dict[str, Any]]:
    if not token.is_valid:
        detail = token.error.explanation if token.error else "The access token is not valid."
        yield _problem("token_invalid", detail, _NEW_TOKEN)
        return
    if token.app_id is not None and token.app_id != credentials.app_id:
        yield _problem(
            "token_of_another_app", "The access token was made by another Facebook app.", _NEW_TOKEN
        )
    missing = [scope for scope in _NEEDED_SCOPES if scope not in token.scopes]
    if missing:
        yield _problem(
            "permission_missing",
            f"The access token lacks {', '.join(missing)}.",
            "Grant the permission in the Facebook app, create a new access token and save it here.",
        )


def _problem(code: str, detail: str, remedy: str, **numbers: int | None) -> dict[str, Any]:
    """A problem as the page shows it; `numbers` are Meta's, where they are known."""
    known = {name: value for name, value in numbers.items() if value is not None}
    return {"code": code, "detail": detail, "remedy": remedy} | known


def _write_down(session: Session, page_id: str, problems: list[dict[str, Any]]) -> bool:
    """Note how the page stands, and hold or open its gate. Returns whether messages wait that may go now."""
    page = session.get(Page, page_id)
    if page is None or page.provisioning_state == REMOVED:
        return False
    now = clock.now()
    state = PROBLEM if problems else RUNNING
    changed = page.provisioning_state != state or page.problems != problems
    page.provisioning_state = state
    page.problems = problems
    page.checked_at = now
    if changed:
        _log.info("page_checked", page_id=page_id, state=state, problems=[each["code"] for each in problems])
        codes = {"state": state, "problems": [each["code"] for each in problems]}
        append_page_event(session, "page.checked", page_id, now, codes)
    if not problems:
        gate.open_gate(session, page_id, now)
        return bool(gate.customers_held_back(session, page_id))
    if (code := str(problems[0]["code"])) in _HOLDING:
        gate.hold(session, page_id, code, now)
    return False
