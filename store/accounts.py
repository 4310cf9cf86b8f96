"""Accounts: Facebook apps."""

from datetime import datetime

from sqlmodel import Session, col, select

from base.ids import new_secret
from base.secrets import Vault
from store.refusals import StoreRefusalError
from store.sealed import app_secret_place, verify_token_place
from store.tables import Account, Page

_VERIFY_TOKEN_PREFIX = "pdv"  # noqa: S105 - how such tokens begin, not one of them


def get(session: Session, account_id: str) -> Account:
    """The account; refused as `not_found`."""
    account = session.get(Account, account_id)
    if account is None:
        raise StoreRefusalError("not_found")
    return account


def add(
    session: Session,
    vault: Vault,
    *,
    id: str,  # noqa: A002 - the column's name
    name: str,
    app_id: str,
    app_secret: str,
    at: datetime,
) -> Account:
    """A new account, without callback address until it has a page."""
    if session.exec(select(Account.id).where(Account.app_id == app_id)).first() is not None:
        raise StoreRefusalError("app_id_taken")
    sealed = vault.seal(app_secret, app_secret_place(id))
    account = Account(id=id, name=name, app_id=app_id, app_secret=sealed, created_at=at)
    session.add(account)
    session.flush()
    return account


def give_verify_token(vault: Vault, account: Account) -> None:
    """Make the account's verify token, once; its callback address is shown from then on."""
    if account.verify_token is None:
        account.verify_token = vault.seal(new_secret(_VERIFY_TOKEN_PREFIX), verify_token_place(account.id))


def verify_token(vault: Vault, account: Account) -> str | None:
    """The token of Meta's verify handshake, in the clear."""
    if account.verify_token is None:
        return None
    return vault.open(account.verify_token, verify_token_place(account.id))


def set_app_secret(vault: Vault, account: Account, app_secret: str) -> None:
    """Replace the app secret."""
    account.app_secret = vault.seal(app_secret, app_secret_place(account.id))


def listed(session: Session, *, after: str | None, limit: int) -> list[Account]:
    """Accounts by id."""
    statement = select(Account).order_by(col(Account.id)).limit(limit)
    if after is not None:
        statement = statement.where(col(Account.id) > after)
    return list(session.exec(statement))


def delete(session: Session, account_id: str) -> None:
    """Delete an account that has no pages; pages that were removed but have a history count."""
    account = get(session, account_id)
    page_ids = list(session.exec(select(Page.page_id).where(Page.account_id == account_id)))
    if page_ids:
        raise StoreRefusalError("account_in_use", page_ids=sorted(page_ids))
    session.delete(account)
