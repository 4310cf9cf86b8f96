"""What calls to the Graph API are made with, opened from what the store keeps sealed."""

from dataclasses import dataclass, field
from typing import Protocol

from base.secret_scopes import access_token_place, app_secret_place
from base.secrets import Vault
from messenger.graph.call import Access


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """What acts as an app. Its access token is `app_id|app_secret`."""

    app_id: str
    app_secret: str = field(repr=False)

    @property
    def access(self) -> Access:
        """The app's own access."""
        return Access(f"{self.app_id}|{self.app_secret}", self.app_secret, self.app_id)


@dataclass(frozen=True, slots=True)
class PageCredentials:
    """What acts as a Page."""

    page_id: str
    access_token: str = field(repr=False)
    app_id: str
    app_secret: str = field(repr=False)

    @property
    def app(self) -> AppCredentials:
        """The app that the Page's token belongs to."""
        return AppCredentials(self.app_id, self.app_secret)

    @property
    def access(self) -> Access:
        """The Page's own access."""
        return Access(self.access_token, self.app_secret, self.app_id, self.page_id)


class SealedPage(Protocol):
    """A row of a Page: `access_token` is sealed."""

    page_id: str
    access_token: str


class SealedAccount(Protocol):
    """A row of an account, which is one app: `app_secret` is sealed."""

    id: str
    app_id: str
    app_secret: str


def open_page_credentials(vault: Vault, page: SealedPage, account: SealedAccount) -> PageCredentials:
    """What acts as the Page. Raises SecretUnreadableError."""
    return PageCredentials(
        page_id=page.page_id,
        access_token=vault.open(page.access_token, access_token_place(page.page_id)),
        app_id=account.app_id,
        app_secret=open_app_credentials(vault, account).app_secret,
    )


def open_app_credentials(vault: Vault, account: SealedAccount) -> AppCredentials:
    """What acts as the app. Raises SecretUnreadableError."""
    return AppCredentials(account.app_id, vault.open(account.app_secret, app_secret_place(account.id)))
