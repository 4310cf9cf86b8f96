"""A page's credentials, opened for one call."""

from sqlmodel import Session

from base.secrets import Vault
from messenger.graph.page_credentials import PageCredentials, open_page_credentials
from store.tables import Account, Page


def page_credentials(session: Session, vault: Vault, page_id: str) -> PageCredentials:
    """What the Graph API needs to act as a page. Raises SecretUnreadableError."""
    page = session.get_one(Page, page_id)
    return open_page_credentials(vault, page, session.get_one(Account, page.account_id))
