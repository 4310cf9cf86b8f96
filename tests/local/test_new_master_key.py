"""`pagedesk new-master-key`: what a lost master key costs, and that it costs nothing else."""

import base64
import hmac
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlmodel import Session, SQLModel, select

from api.app import create_app
from base.secret_scopes import erased_person_place
from base.secrets import MasterKeyError, Vault
from base.settings import Settings
from local.new_master_key import replace_lost_master_key
from local.processes.data_lock import data_directory_lock
from local.processes.errors import AlreadyRunningError
from local.start_checks import require_same_installation
from store.db.database import Database
from store.pages.accounts import signing_secrets
from store.privacy import erasures
from store.privacy.delete_customer import erase_customer
from store.tables import Account, Erasure, Event, Message, Page, PageHealth, PageSendState
from store.tables.pages import REMOVED, REMOVING
from support.api import ADMIN_TOKEN, NOW, FakeEngine
from support.store import (
    ACCOUNT,
    APP_SECRET,
    PAGE_A,
    PAGE_B,
    PSID,
    TOKEN,
    add_customer,
    add_message,
    make_settings,
    seed,
)

NEW_KEY = base64.b64encode(b"n" * 32).decode()
NEW_ID = Vault(b"n" * 32).key_id
PATH = f"/webhooks/messenger/{ACCOUNT}"


def read(settings: Settings, model: type[SQLModel]) -> list[Any]:
    store = Database(settings.store_url)
    try:
        return store.read_now(lambda session: list(session.exec(select(model)).all()))
    finally:
        store.close()


def write(settings: Settings, work: Any) -> Any:
    store = Database(settings.store_url)
    try:
        return store.write_now(work)
    finally:
        store.close()


@pytest.fixture
def old(tmp_path: Path) -> Settings:
    """An installation with the key that will be lost: a customer, one message held, one sent."""
    settings = make_settings(tmp_path)

    def work(session: Session) -> None:
        seed(session, settings)
        session.flush()
        add_customer(session, "ada", NOW)
        add_message(session, "held", "ada", NOW, status="held", reason="window_closed")
        add_message(session, "sent", "ada", NOW, status="sent", mid="m_1")

    write(settings, work)
    require_same_installation(settings)
    return settings


def without_key(settings: Settings, **more: Any) -> Settings:
    settings.master_key_file.unlink()
    return Settings(data_dir=settings.data_dir, admin_token=SecretStr(ADMIN_TOKEN), **more)


def test_a_new_key_is_made_and_every_page_and_account_that_needs_its_secrets_is_named(old: Settings) -> None:
    settings, messages = without_key(old), read(old, Message)
    told = replace_lost_master_key(settings, force=False)
    require_same_installation(settings)
    assert str(settings.master_key_file) in told
    assert f"account {ACCOUNT} (Test app): the app secret, PATCH /v1/accounts/{ACCOUNT}" in told
    for page_id in (PAGE_A, PAGE_B):
        assert (
            f"page {page_id} (Page {page_id}): an access token, POST /v1/pages/{page_id}/reauthorize" in told
        )
    assert "erasure" not in told
    for page in read(settings, Page):
        assert (page.access_token, page.provisioning_state) == ("", "Problem")
    for state in read(settings, PageSendState):
        assert (state.send_gate, state.send_gate_reason) == ("held", "secrets_unreadable")
    for health in read(settings, PageHealth):
        assert [problem["code"] for problem in health.problems] == ["secrets_unreadable"]
    assert [event.kind for event in read(settings, Event) if event.kind == "page.alarm"] == ["page.alarm"] * 2
    assert [each.model_dump() for each in read(settings, Message)] == [each.model_dump() for each in messages]


def test_a_key_that_is_given_is_taken(old: Settings) -> None:
    settings = without_key(old, master_key=SecretStr(NEW_KEY))
    assert f"is now {NEW_ID}: PAGEDESK_MASTER_KEY." in replace_lost_master_key(settings, force=False)
    require_same_installation(settings)
    assert not settings.master_key_file.exists()


def test_while_the_key_opens_the_secrets_nothing_is_changed(old: Settings) -> None:
    before = [each.model_dump() for model in (Account, Page) for each in read(old, model)]
    with pytest.raises(MasterKeyError, match=r"is not lost.*--force"):
        replace_lost_master_key(old, force=False)
    assert [each.model_dump() for model in (Account, Page) for each in read(old, model)] == before
    require_same_installation(Settings(data_dir=old.data_dir))


def test_by_force_the_old_key_is_set_aside_and_not_deleted(old: Settings) -> None:
    old_key, old_id = old.master_key_file.read_text(), old.vault.key_id
    replace_lost_master_key(old, force=True)
    assert (old.data_dir / f"master.key.{old_id}").read_text() == old_key
    settings = Settings(data_dir=old.data_dir)
    assert settings.vault.key_id != old_id
    require_same_installation(settings)


def test_a_setting_with_the_old_key_is_not_replaced_by_force(old: Settings) -> None:
    key = SecretStr(old.master_key_file.read_text())
    settings = without_key(old, master_key=key)
    with pytest.raises(
        MasterKeyError, match=r"Give a new key as PAGEDESK_MASTER_KEY.*openssl rand -base64 32"
    ):
        replace_lost_master_key(settings, force=True)
    require_same_installation(settings)


def test_one_that_died_after_the_key_was_made_is_finished_by_the_next(
    old: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = without_key(old)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("local.new_master_key.go_on_with_new_key", die)
        with pytest.raises(KeyboardInterrupt):
            replace_lost_master_key(settings, force=False)
    made = settings.master_key_file.read_text()
    replace_lost_master_key(settings, force=False)
    assert settings.master_key_file.read_text() == made
    require_same_installation(settings)


def test_a_new_installation_has_nothing_to_replace(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match="The first start makes one"):
        replace_lost_master_key(make_settings(tmp_path), force=False)
    assert not (tmp_path / "master.key").exists()


def test_not_while_pagedesk_runs(old: Settings) -> None:
    settings = without_key(old)
    with data_directory_lock(settings.data_dir), pytest.raises(AlreadyRunningError):
        replace_lost_master_key(settings, force=False)
    assert not settings.master_key_file.exists()


def test_a_deleted_page_that_cannot_be_unsubscribed_any_more_is_removed(old: Settings) -> None:
    def remove(session: Session) -> None:
        session.get_one(Page, PAGE_A).provisioning_state = REMOVING
        session.get_one(Page, PAGE_B).provisioning_state = REMOVING
        account = session.get_one(Account, ACCOUNT)
        account.deleted_at = NOW

    write(old, remove)
    settings = without_key(old)
    told = replace_lost_master_key(settings, force=False)
    assert "account " not in told
    assert {page.page_id: page.provisioning_state for page in read(settings, Page)} == {PAGE_A: REMOVED}
    (account,) = read(settings, Account)
    assert (account.app_secret, account.verify_token) == ("", None)


def test_an_unfinished_erasure_goes_on_and_one_of_a_person_not_yet_known_is_named(old: Settings) -> None:
    def ask(session: Session) -> tuple[str, str]:
        known = erasures.request_for_customer(session, old.vault, "ada", agent_id="a", at=NOW)
        unknown = erasures.request_from_meta(session, old.vault, ACCOUNT, "1", issued_at=NOW, at=NOW)
        return known.id, unknown.id

    known_id, unknown_id = write(old, ask)
    settings = without_key(old)
    told = replace_lost_master_key(settings, force=False)
    assert f"erasure {unknown_id} remains incomplete" in told
    assert f"erasure {known_id}" not in told
    by_id = {each.id: each for each in read(settings, Erasure)}
    assert (by_id[unknown_id].status, by_id[unknown_id].outcome) == ("done", "not_matched")
    (target,) = by_id[known_id].targets
    assert settings.vault.open(target["psid"], erased_person_place(known_id)) == PSID
    assert by_id[known_id].status == "requested"


def test_an_erasure_whose_customer_is_deleted_already_is_named(old: Settings) -> None:
    def ask(session: Session) -> str:
        add_customer(session, "bea", NOW, psid="1")
        session.flush()
        erasure_id = erasures.request_for_customer(session, old.vault, "bea", agent_id="a", at=NOW).id
        erase_customer(session, erasure_id, "bea")
        return erasure_id

    erasure_id = write(old, ask)
    settings = without_key(old)
    assert f"erasure {erasure_id} remains incomplete" in replace_lost_master_key(settings, force=False)
    assert [each.targets for each in read(settings, Erasure)] == [[]]


async def test_meta_repeats_deliveries_until_the_secret_is_saved_and_then_all_is_as_before(
    old: Settings,
) -> None:
    settings = without_key(old)
    replace_lost_master_key(settings, force=False)
    delivery = b'{"object": "page", "entry": []}'
    signed = {"X-Hub-Signature-256": "sha256=" + hmac.digest(APP_SECRET.encode(), delivery, "sha256").hex()}
    app = create_app(settings, workflow_client=FakeEngine())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.test") as client,
    ):
        admin = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        account = (await client.get(f"/v1/accounts/{ACCOUNT}", headers=admin)).json()
        assert account["verify_token"].startswith("pdv")
        assert (await client.post(PATH, content=delivery, headers=signed)).status_code == 503

        saved = await client.patch(f"/v1/accounts/{ACCOUNT}", json={"app_secret": APP_SECRET}, headers=admin)
        assert saved.status_code == 200, saved.text
        assert (await client.post(PATH, content=delivery, headers=signed)).status_code == 200
        page = await client.post(
            f"/v1/pages/{PAGE_A}/reauthorize", json={"access_token": TOKEN}, headers=admin
        )
        assert page.status_code == 200, page.text
        assert page.json()["provisioning_state"] == "Provisioning"
    (row,) = read(settings, Account)
    assert signing_secrets(settings.vault, row, NOW) == (APP_SECRET.encode(),)
