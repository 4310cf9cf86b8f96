"""Accounts: Facebook apps. The callback address appears with an account's first page."""

import asyncio
from datetime import datetime
from typing import Annotated, Self

from fastapi import Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import AccessToken, AppSecret, Digits, Input, Name, OptionalIdempotencyKey, PathId
from api.http.paging import Cursor, CursorById, CursorOf, CursorPage, Limit
from api.http.problem_docs import problems
from api.pages.save_page import PageInput, save_page, wake_page
from api.pages.views import PageView, TokenCheckView, WebhookFieldView
from api.security.audit import record
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.security.idempotency import once
from api.services.token_checks import TokenChecksDep
from api.services.workflow_client import WorkflowClientDep
from base import clock
from base.ids import new_id
from base.settings import Settings
from domain.access.roles import Role
from domain.events.kinds import FactKind
from messenger.webhooks.subscribed_fields import WEBHOOK_FIELDS
from store.access.idempotency import create_once
from store.pages import accounts, page_rows, pages
from store.tables import Account

MAX_PAGES_AT_ONCE = 50
_BY_ID = CursorById("accounts")
_BY_PAGE_ID = CursorOf("pages", tuple[Digits])

router = api_router("accounts and pages")


class AccountInput(Input):
    """A Facebook app, optionally with pages: all are saved or nothing is."""

    name: Name
    app_id: Digits
    app_secret: AppSecret
    pages: Annotated[list[PageInput], Field(default_factory=list, max_length=MAX_PAGES_AT_ONCE)]


class AccountChange(Input):
    """What is to change; what is left out stays."""

    name: Name | None = None
    app_secret: AppSecret | None = None


class TokenCheck(Input):
    """An access token, and the page that it is for."""

    page_id: Digits
    access_token: AccessToken


class AccountView(BaseModel):
    """A Facebook app. `callback_url` and `verify_token` are what Meta's webhook settings ask for.

    `webhook_fields` are those to subscribe there. `callback_verified_at`: when Meta last verified it.

    Both are null until the first page is saved. Only admins see the verify token; the app secret nobody.
    `previous_secret_until`: while a secret is rotated, until when deliveries signed by the former are taken.
    """

    id: str
    name: str
    app_id: str
    callback_url: str | None
    verify_token: str | None
    callback_verified_at: datetime | None
    webhook_fields: list[WebhookFieldView]
    page_ids: list[str]
    previous_secret_until: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, settings: Settings, caller: Principal, account: Account, page_ids: list[str]) -> Self:
        """The account as `caller` may see it."""
        ready = account.verify_token is not None
        admin = caller.role is Role.ADMIN
        return cls(
            id=account.id,
            name=account.name,
            app_id=account.app_id,
            callback_url=f"{settings.public_base_url}/webhooks/messenger/{account.id}" if ready else None,
            verify_token=accounts.verify_token(settings.vault, account) if admin else None,
            callback_verified_at=account.callback_verified_at,
            webhook_fields=[WebhookFieldView.of(each) for each in WEBHOOK_FIELDS],
            page_ids=page_ids,
            previous_secret_until=_if_future(account.previous_app_secret_until),
            created_at=account.created_at,
        )


@router.get("/v1/accounts")
async def list_accounts(
    settings: SettingsDep, database: DatabaseDep, caller: Caller, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[AccountView]:
    """All accounts."""
    after = _BY_ID.read(cursor)

    def load(session: Session) -> CursorPage[AccountView]:
        found = accounts.listed(session, after=after, limit=limit + 1)
        page_ids = pages.ids_by_account(session, [account.id for account in found])
        return _BY_ID.page(
            found, limit, lambda account: AccountView.of(settings, caller, account, page_ids[account.id])
        )

    return await database.read(load)


@router.post(
    "/v1/accounts",
    status_code=201,
    responses=problems("app_id_taken", "page_in_use", "idempotency_key_reused", "unknown_workstream"),
)
async def create_account(
    settings: SettingsDep,
    database: DatabaseDep,
    workflow_client: WorkflowClientDep,
    caller: Caller,
    *,
    body: AccountInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> AccountView:
    """Add a Facebook app, with its pages if you like."""
    wanted = once(settings.vault, caller, idempotency_key, "create_account", body)
    vault = settings.vault

    def create(session: Session, account_id: str) -> None:
        account = accounts.add(
            session,
            vault,
            id=account_id,
            name=body.name,
            app_id=body.app_id,
            app_secret=body.app_secret.get_secret_value(),
            at=clock.now(),
        )
        record(session, caller, FactKind.ACCOUNT_CREATED, account_id=account_id)
        for page in body.pages:
            save_page(session, vault, caller, account, page)

    def work(session: Session) -> AccountView:
        fresh = new_id()
        account_id = create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        return _view(session, settings, caller, account_id)

    view = await database.write(work)
    await asyncio.gather(*(wake_page(database, workflow_client, page.page_id) for page in body.pages))
    return view


@router.get("/v1/accounts/{account_id}", responses=problems("not_found"))
async def get_account(
    settings: SettingsDep, database: DatabaseDep, caller: Caller, account_id: PathId
) -> AccountView:
    """One account."""
    return await database.read(lambda s: _view(s, settings, caller, account_id))


@router.patch("/v1/accounts/{account_id}", responses=problems("not_found"))
async def change_account(
    settings: SettingsDep,
    database: DatabaseDep,
    workflow_client: WorkflowClientDep,
    caller: Caller,
    *,
    account_id: PathId,
    body: AccountChange,
) -> AccountView:
    """Change the name or the app secret.

    With a new secret a rotation begins: it is used for every call from now on, and deliveries signed by the
    one before are taken too, until `end-rotation`, or for 7 days. The account's pages are checked at once.
    """

    def work(session: Session) -> AccountView:
        account = accounts.get(session, account_id)
        account.name = body.name or account.name
        if body.app_secret is not None:
            secret = body.app_secret.get_secret_value()
            accounts.rotate_app_secret(settings.vault, account, secret, clock.now())
        session.flush()
        changed = ",".join(body.model_dump(exclude_none=True))
        record(session, caller, FactKind.ACCOUNT_CHANGED, account_id=account_id, changed=changed)
        return _view(session, settings, caller, account_id)

    view = await database.write(work)
    if body.app_secret is not None:
        await asyncio.gather(*(wake_page(database, workflow_client, page_id) for page_id in view.page_ids))
    return view


@router.post("/v1/accounts/{account_id}/end-rotation", responses=problems("not_found"))
async def end_secret_rotation(
    settings: SettingsDep, database: DatabaseDep, caller: Caller, account_id: PathId
) -> AccountView:
    """Take no deliveries any more that the previous app secret signed; other processes know within 5 s."""

    def work(session: Session) -> AccountView:
        accounts.end_rotation(accounts.get(session, account_id))
        session.flush()
        record(session, caller, FactKind.ACCOUNT_ROTATION_ENDED, account_id=account_id)
        return _view(session, settings, caller, account_id)

    return await database.write(work)


@router.delete(
    "/v1/accounts/{account_id}", status_code=204, responses=problems("not_found", "account_in_use")
)
async def delete_account(database: DatabaseDep, caller: Caller, account_id: PathId) -> Response:
    """Delete an account that has no pages any more. Its secrets are forgotten."""

    def work(session: Session) -> None:
        accounts.delete(session, account_id, clock.now())
        record(session, caller, FactKind.ACCOUNT_DELETED, account_id=account_id)

    await database.write(work)
    return Response(status_code=204)


@router.get("/v1/accounts/{account_id}/pages", responses=problems("not_found"))
async def list_account_pages(
    database: DatabaseDep, account_id: PathId, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[PageView]:
    """An account's pages."""
    after = _BY_PAGE_ID.read(cursor)

    def load(session: Session) -> CursorPage[PageView]:
        accounts.get(session, account_id)
        found = page_rows.of_account(session, account_id, after=after[0] if after else None, limit=limit + 1)
        return _BY_PAGE_ID.page(found, limit, PageView.of, lambda rows: (rows.page.page_id,))

    return await database.read(load)


@router.post("/v1/accounts/{account_id}/check-token", responses=problems("not_found"))
async def check_token(checks: TokenChecksDep, account_id: PathId, body: TokenCheck) -> TokenCheckView:
    """Have Meta say whether an access token will do for a page of this app, before it is saved."""
    checked = await checks.check(account_id, body.page_id, body.access_token.get_secret_value())
    return TokenCheckView.of(checked, clock.now())


@router.post(
    "/v1/accounts/{account_id}/pages",
    status_code=201,
    responses=problems(
        "not_found",
        "page_in_use",
        "page_exists",
        "idempotency_key_reused",
        "unknown_workstream",
    ),
)
async def add_page(
    settings: SettingsDep,
    database: DatabaseDep,
    workflow_client: WorkflowClientDep,
    caller: Caller,
    *,
    account_id: PathId,
    body: PageInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> PageView:
    """Save a page; its provisioning begins at once."""
    wanted = once(settings.vault, caller, idempotency_key, f"add_page/{account_id}", body)
    vault = settings.vault

    def work(session: Session) -> None:
        account = accounts.get(session, account_id)
        create_once(
            session,
            wanted,
            body.page_id,
            lambda: save_page(session, vault, caller, account, body),
            clock.now(),
        )

    await database.write(work)
    return await wake_page(database, workflow_client, body.page_id)


def _view(session: Session, settings: Settings, caller: Principal, account_id: str) -> AccountView:
    account = accounts.get(session, account_id)
    page_ids = pages.ids_by_account(session, [account_id])[account_id]
    return AccountView.of(settings, caller, account, page_ids)


def _if_future(until: datetime | None) -> datetime | None:
    return until if until is not None and clock.now() < until else None
