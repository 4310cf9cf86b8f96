"""Accounts: Facebook apps."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from base.ids import new_secret
from base.secret_scopes import app_secret_place, verify_token_place
from base.secrets import Vault
from store.db.refusals import RefusalReason, StoreRefusalError, not_found
from store.tables import Account, Page
from store.tables.pages import REMOVING, not_removed

ROTATION = timedelta(days=7)
"""How long the previous app secret is taken, unless the rotation is ended before."""

_VERIFY_TOKEN_PREFIX = "pdv"  # noqa: S105 - how such tokens begin, not one of them


def get(session: Session, account_id: str) -> Account:
    """The account; refused as `not_found`."""
    account = session.get(Account, account_id)
    if account is None or account.deleted_at is not None:
        raise not_found("account", account_id)
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
    taken_by = session.exec(select(Account.id).where(Account.app_id == app_id)).first()
    if taken_by is not None:
        raise StoreRefusalError(RefusalReason.APP_ID_TAKEN, account_id=taken_by)
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


def note_callback_verified(session: Session, account_id: str, at: datetime) -> None:
    """Remember that Meta has verified the callback: it showed the right verify token."""
    get(session, account_id).callback_verified_at = at


def rotate_app_secret(vault: Vault, account: Account, new_secret: str, at: datetime) -> None:
    """Take a new app secret; deliveries signed by the one before are taken too, until the rotation ends.

    Calls to Meta are made with the new one from now on. Of three secrets the oldest is forgotten.
    """
    if account.app_secret:
        if vault.open(account.app_secret, app_secret_place(account.id)) == new_secret:
            return
        account.previous_app_secret = account.app_secret
        account.previous_app_secret_until = at + ROTATION
    account.app_secret = vault.seal(new_secret, app_secret_place(account.id))


def forget_lost_secrets(vault: Vault, account: Account) -> None:
    """Forget what a lost master key has sealed; a new verify token is made, the app secret is to be saved."""
    account.app_secret = ""
    end_rotation(account)
    if account.verify_token is not None:
        account.verify_token = None
        give_verify_token(vault, account)


def end_rotation(account: Account) -> None:
    """Take no deliveries any more that the previous app secret signed."""
    account.previous_app_secret = account.previous_app_secret_until = None


def signing_secrets(vault: Vault, account: Account, now: datetime) -> tuple[bytes, ...]:
    """The app secrets that sign deliveries now."""
    place = app_secret_place(account.id)
    sealed = [account.app_secret]
    until = account.previous_app_secret_until
    if account.previous_app_secret is not None and until is not None and now < until:
        sealed.append(account.previous_app_secret)
    return tuple(vault.open(each, place).encode() for each in sealed)


def listed(session: Session, *, after: str | None, limit: int) -> list[Account]:
    """Accounts by id."""
    statement = select(Account).where(col(Account.deleted_at).is_(None))
    if after is not None:
        statement = statement.where(col(Account.id) > after)
    return list(session.exec(statement.order_by(col(Account.id)).limit(limit)))


def delete(session: Session, account_id: str, at: datetime) -> None:
    """Delete an account without pages and give its app id free; `finish_deletion` does the rest."""
    account = get(session, account_id)
    served = select(Page.page_id).where(Page.account_id == account_id, not_removed())
    if page_ids := list(session.exec(served)):
        raise StoreRefusalError(RefusalReason.ACCOUNT_IN_USE, page_ids=sorted(page_ids))
    account.deleted_at = at
    account.app_id = f"deleted:{account.id}"
    session.flush()
    finish_deletion(session, account)


def finish_deletion(session: Session, account: Account) -> None:
    """Forget a deleted account's secrets, once its last page needs them no more to take leave of Meta.

    One whose pages have a history stays, without secrets.
    """
    states = list(session.exec(select(Page.provisioning_state).where(Page.account_id == account.id)))
    if account.deleted_at is None or REMOVING in states:
        return
    if not states:
        session.delete(account)
        return
    account.app_secret, account.verify_token = "", None
    account.previous_app_secret = account.previous_app_secret_until = None
