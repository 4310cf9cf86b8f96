"""Credentials are opened for the Page and the app that they were sealed for, and shown in no repr."""

from dataclasses import dataclass

import pytest

from base.secret_scopes import access_token_place, app_secret_place
from base.secrets import SecretUnreadableError, Vault
from messenger.graph.page_credentials import open_page_credentials

VAULT = Vault(bytes(32))


@dataclass
class PageRow:
    page_id: str
    access_token: str


@dataclass
class AccountRow:
    id: str
    app_id: str
    app_secret: str


PAGE = PageRow("1001", VAULT.seal("EAAtoken", access_token_place("1001")))
ACCOUNT = AccountRow("account-one", "42", VAULT.seal("0123abcd", app_secret_place("account-one")))


def test_a_page_acts_with_its_token_and_its_apps_secret() -> None:
    found = open_page_credentials(VAULT, PAGE, ACCOUNT)
    assert (found.page_id, found.access_token) == ("1001", "EAAtoken")
    assert (found.app.app_id, found.app.app_secret) == ("42", "0123abcd")
    assert "EAAtoken" not in repr(found)
    assert "0123abcd" not in repr((found, found.app))


@pytest.mark.parametrize(
    ("page", "account"),
    [
        (PageRow("1002", PAGE.access_token), ACCOUNT),
        (PAGE, AccountRow("account-two", "42", ACCOUNT.app_secret)),
    ],
)
def test_a_secret_of_another_row_is_not_opened(page: PageRow, account: AccountRow) -> None:
    with pytest.raises(SecretUnreadableError):
        open_page_credentials(VAULT, page, account)
