"""A page's credentials, opened for one call."""

from sqlmodel import Session

from base.secrets import Vault
from messenger.graph.client import PageCredentials
from store.pages import accounts, pages
from store.tables import Account, Page


def page_credentials(session: Session, vault: Vault, page_id: str) -> PageCredentials:
    """What the Graph API needs to act as a page."""
    page = session.get_one(Page, page_id)
    return credentials_of(page, session.get_one(Account, page.account_id), vault)


def credentials_of(page: Page, account: Account, vault: Vault) -> PageCredentials:
    """As `page_credentials`, with the rows at hand."""
    return PageCredentials(
        page_id=page.page_id,
        access_token=pages.access_token(vault, page),
        app_id=account.app_id,
        app_secret=accounts.app_secret(vault, account),
    )
