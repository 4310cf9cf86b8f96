"""Pages of accounts.

A page that is deleted is first `Removing`: the API no longer shows it and nothing is sent for it, while its
workflow ends its subscription at Meta. Then its token is gone and so is the page; one with a history stays as
`Removed`, so that its customers and conversations stay readable. Saving it again, for any account, brings it
back.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from base.secret_scopes import access_token_place
from base.secrets import Vault
from store.attachments.uploads import forget_page
from store.conversations.listing import live_counts
from store.db.refusals import RefusalReason, StoreRefusalError, not_found
from store.pages import findings, page_rows
from store.pages.page_rows import PageRows
from store.pages.page_states import end_alarms
from store.pages.traffic import forget_silences
from store.sending import send_gate
from store.tables import Account, Customer, Page
from store.tables.pages import GONE, PROVISIONING, REMOVED, REMOVING, RUNNING, not_removed
from store.workstreams import automated_messages
from store.workstreams.settings_versions import raise_settings_versions

GATE_OF_A_REMOVED_PAGE = "removed"

_OF_META = {"policy_warning", "gap_incomplete", findings.LAST_ENFORCEMENT}
"""What a new token does not change. A block is no part of it: should it still be on, the next refused message
closes the gate again; but should Meta's word that it is over be lost, nothing else would ever end it."""


@dataclass(frozen=True, slots=True)
class NewPage:
    """What is given to save a page."""

    page_id: str
    name: str
    access_token: str
    language: str
    human_agent_tag: bool
    attachments_for_customers: bool
    attachments_for_agents: bool


def get(session: Session, page_id: str) -> Page:
    """The page; refused as `not_found`."""
    page = session.get(Page, page_id)
    if page is None or page.provisioning_state in GONE:
        raise not_found("page", page_id)
    return page


def get_rows(session: Session, page_id: str) -> PageRows:
    """The page with its health and the state of its sending; refused as `not_found`."""
    return _served(page_rows.find(session, page_id), page_id)


def lock_rows(session: Session, page_id: str) -> PageRows:
    """As `get_rows`, with the rows locked."""
    return _served(page_rows.lock(session, page_id), page_id)


def save(
    session: Session, vault: Vault, account: Account, new: NewPage, *, workstream_id: str, at: datetime
) -> None:
    """Save a page of an account; refused where another account, or this one, holds it."""
    rows = page_rows.lock(session, new.page_id)
    if rows is not None and rows.page.provisioning_state not in GONE:
        mine = rows.page.account_id == account.id
        code = RefusalReason.PAGE_EXISTS if mine else RefusalReason.PAGE_IN_USE
        raise StoreRefusalError(code, page_id=new.page_id)
    values: dict[str, Any] = {
        "account_id": account.id,
        "workstream_id": workstream_id,
        "name": new.name,
        "access_token": vault.seal(new.access_token, access_token_place(new.page_id)),
        "language": new.language,
        "human_agent_tag": new.human_agent_tag,
        "attachments_for_customers": new.attachments_for_customers,
        "attachments_for_agents": new.attachments_for_agents,
        "token_saved_at": at,
    }
    if rows is None:
        page_rows.add(session, Page(page_id=new.page_id, created_at=at, **values))
        return
    rows.page.sqlmodel_update(values)
    rows.page.removed_at = None
    health = rows.health
    health.subscribed_at = health.gap_since = health.gap_read_until = None
    _begin_provisioning(rows)
    raise_settings_versions(session, [new.page_id])
    session.flush()


def change(session: Session, page_id: str, changes: dict[str, Any]) -> Page:
    """Change what is set for a page; refused as `not_found`."""
    page = get(session, page_id)
    page.sqlmodel_update(changes)
    raise_settings_versions(session, [page_id])
    return page


def reauthorize(session: Session, vault: Vault, page_id: str, new_token: str, at: datetime) -> None:
    """Replace the access token; the page is provisioned anew, and what is wrong then is told anew.

    Refused as `not_found`.
    """
    rows = lock_rows(session, page_id)
    end_alarms(session, rows.health, at)
    rows.page.access_token = vault.seal(new_token, access_token_place(page_id))
    rows.page.token_saved_at = at
    _begin_provisioning(rows)


def ids_by_account(session: Session, account_ids: list[str]) -> dict[str, list[str]]:
    """The page ids of several accounts."""
    pages: dict[str, list[str]] = {each: [] for each in account_ids}
    rows = session.exec(
        select(Page.account_id, Page.page_id)
        .where(col(Page.account_id).in_(account_ids), not_removed())
        .order_by(col(Page.page_id))
    )
    for account_id, page_id in rows:
        pages[account_id].append(page_id)
    return pages


def unsettled_ids(session: Session) -> list[str]:
    """The ids of all pages that neither run nor are removed: their workflows may never have been started."""
    settled = col(Page.provisioning_state).in_((RUNNING, REMOVED))
    return list(session.exec(select(Page.page_id).where(~settled)))


def remove(session: Session, page_id: str, at: datetime) -> None:
    """Serve a page no longer; refused while conversations are live. `erase` does the rest."""
    rows = lock_rows(session, page_id)
    if counts := live_counts(session, page_id):
        raise StoreRefusalError(RefusalReason.PAGE_IN_USE_BY_CONVERSATIONS, conversations=counts)
    automated_messages.forget_page(session, page_id)
    rows.page.provisioning_state = REMOVING
    rows.page.removed_at = at
    send_gate.shut(rows.send_state, GATE_OF_A_REMOVED_PAGE)
    rows.health.problems, rows.health.warnings, rows.health.findings = [], [], {}


def erase(session: Session, page: Page) -> None:
    """Forget a deleted page's token and what Meta has of it, and the page too if it has no history.

    The caller has locked it.
    """
    forget_silences(session, page.page_id)
    forget_page(session, page.page_id)
    if session.exec(select(Customer.id).where(Customer.page_id == page.page_id).limit(1)).first() is None:
        page_rows.delete(session, page)
        return
    page.access_token = ""
    page.provisioning_state = REMOVED


def _served(rows: PageRows | None, page_id: str) -> PageRows:
    if rows is None or rows.page.provisioning_state in GONE:
        raise not_found("page", page_id)
    return rows


def _begin_provisioning(rows: PageRows) -> None:
    rows.page.provisioning_state = PROVISIONING
    health = rows.health
    health.problems, health.warnings = [], []
    findings.forget(health, *(health.findings.keys() - _OF_META))
    health.checked_at = health.token_expires_at = health.token_refresh_due_at = None
