"""A master key that is lost for good: the installation goes on with a new one.

What was sealed with the lost key is forgotten: the pages' access tokens and the apps' secrets. Until they are
saved anew, deliveries of the account are answered with 503, so that Meta repeats them, and messages to its
pages are held. Nothing else is changed: no message, no conversation, no sign-in.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from base.secrets import Vault
from domain.events.kinds import FactKind
from domain.pages.page_problems import SECRETS_UNREADABLE, PageProblem
from store.db.sql import FOR_NO_KEY_UPDATE
from store.events.events import append_page_event
from store.installation.installation import replace_master_key
from store.pages import accounts, page_states, pages
from store.pages.page_states import Checked
from store.privacy import erasures
from store.tables import Account, Page
from store.tables.pages import GONE, REMOVING


@dataclass(frozen=True, slots=True)
class Lost:
    """What needs somebody: (id, name) of accounts and of pages, and erasures that remain incomplete."""

    accounts: list[tuple[str, str]]
    pages: list[tuple[str, str]]
    incomplete_erasures: list[str]


def go_on_with_new_key(session: Session, vault: Vault, at: datetime) -> Lost:
    """Make the vault's key the installation's own, and mark what needs its secrets anew."""
    replace_master_key(session, vault.key_id)
    live = select(Account).where(col(Account.deleted_at).is_(None)).order_by(col(Account.id))
    lost_accounts = list(session.exec(live.with_for_update()))
    for account in lost_accounts:
        accounts.forget_lost_secrets(vault, account)
    kept = []
    locked = select(Page).order_by(col(Page.page_id)).with_for_update(**FOR_NO_KEY_UPDATE)
    for page in session.exec(locked).all():
        if page.provisioning_state == REMOVING:
            _forget_removed_page(session, page, at)
        elif page.provisioning_state not in GONE:
            page.access_token = ""
            session.flush()
            page_states.record(session, page.page_id, Checked([PageProblem(SECRETS_UNREADABLE)]), at)
            kept.append((page.page_id, page.name))
    return Lost(
        [(account.id, account.name) for account in lost_accounts],
        kept,
        erasures.seal_anew(session, vault, at),
    )


def _forget_removed_page(session: Session, page: Page, at: datetime) -> None:
    """A deleted page whose subscription nobody can end at Meta any more."""
    page_id, account = page.page_id, session.get_one(Account, page.account_id)
    pages.erase(session, page)
    session.flush()
    accounts.finish_deletion(session, account)
    session.flush()
    append_page_event(session, FactKind.PAGE_ERASED, page_id, at, {"at_meta": SECRETS_UNREADABLE})
