"""A real store in a temporary directory, with an account, its pages and one customer's thread."""

import atexit
import contextlib
import functools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import Session, SQLModel, select

from base import clock
from base.secret_scopes import access_token_place, app_secret_place, verify_token_place
from base.settings import Settings
from store.conversations.messages import new_outbound_row
from store.db.database import Database
from store.db.migrate import migrate
from store.db.sql import insert_or_ignore
from store.pages import page_rows
from store.tables import Account, Conversation, Customer, Message, Page, Thread, Workstream
from support.paths import PAYLOADS

ACCOUNT = "account-a"
APP_ID = "1187452390011223"
APP_SECRET = "test-app-secret"
PAGE_A = "108823774519302"
PAGE_B = "230451889017744"
TOKEN = "EAA-page-token"
PSID = "7421908834567012"
PUBLIC_URL = "https://desk.example.com"

Row = TypeVar("Row", bound=SQLModel)


def payload(name: str) -> dict[str, Any]:
    """One of the committed deliveries."""
    loaded: dict[str, Any] = json.loads((PAYLOADS / name).read_text())
    return loaded


def make_settings(data_dir: Path, **more: Any) -> Settings:
    """Settings of a fresh installation, migrated."""
    # A copy: reading the environment for each of a thousand tests takes seconds.
    settings = (
        Settings(data_dir=data_dir, **more) if more else _settings().model_copy(update={"data_dir": data_dir})
    )
    if settings.database_url is None:
        data_dir.mkdir(parents=True, exist_ok=True)
        for file in _migrated().glob("*.db"):
            shutil.copy(file, data_dir)
    else:
        migrate(settings)
    return settings


@functools.cache
def _settings() -> Settings:
    return Settings()


@functools.cache
def _migrated() -> Path:
    """Where migrated databases are to copy: migrating takes half a second, each time."""
    directory = Path(tempfile.mkdtemp(prefix="pagedesk-migrated-"))
    atexit.register(shutil.rmtree, directory)
    migrate(Settings(data_dir=directory))
    return directory


def seed(session: Session, settings: Settings) -> None:
    """An account with two pages in one workstream, from which agents pick."""
    now = clock.now()
    vault = settings.vault
    session.add(
        Workstream(
            id="messenger",
            name="Messenger",
            auto_close_waiting_after_seconds=3600,
            distribution_mode="pick",
            created_at=now,
        )
    )
    session.add(
        Account(
            id=ACCOUNT,
            name="Test app",
            app_id=APP_ID,
            app_secret=vault.seal(APP_SECRET, app_secret_place(ACCOUNT)),
            verify_token=vault.seal("verify-me", verify_token_place(ACCOUNT)),
            created_at=now,
        )
    )
    session.flush()
    for page_id in (PAGE_A, PAGE_B):
        page_rows.add(
            session,
            Page(
                page_id=page_id,
                account_id=ACCOUNT,
                workstream_id="messenger",
                name=f"Page {page_id}",
                access_token=vault.seal(TOKEN, access_token_place(page_id)),
                created_at=now,
            ),
        )


@contextlib.asynccontextmanager
async def seeded_store(data_dir: Path, more: Callable[[Session], None]) -> AsyncIterator[Database]:
    """A migrated store with the account and its pages, and what else a test needs."""
    settings = make_settings(data_dir)
    store = Database(settings.store_url)

    def work(session: Session) -> None:
        seed(session, settings)
        session.flush()
        more(session)

    await store.write(work)
    yield store
    store.close()


def add_customer(session: Session, customer_id: str, at: datetime, **more: Any) -> None:
    """A customer of page A with their thread."""
    session.add(Customer(id=customer_id, page_id=PAGE_A, created_at=at, **({"psid": PSID} | more)))
    session.flush()
    session.add(Thread(customer_id=customer_id, page_id=PAGE_A))
    session.flush()


def add_conversation(
    session: Session, conversation_id: str, customer_id: str, at: datetime, *, status: str, reason: str
) -> None:
    """A conversation of a customer of page A."""
    session.add(
        Conversation(
            id=conversation_id,
            page_id=PAGE_A,
            customer_id=customer_id,
            status=status,
            status_reason=reason,
            status_changed_at=at,
            opened_at=at,
        )
    )


def add_message(session: Session, message_id: str, customer_id: str, at: datetime, **values: Any) -> None:
    """A message of an agent to a customer of page A, `queued`; `values` are columns that differ."""
    row = new_outbound_row(
        id=message_id,
        page_id=PAGE_A,
        customer_id=customer_id,
        conversation_id="conversation",
        sender_kind="agent",
        text="Hello!",
        created_at=at,
    )
    insert_or_ignore(session, Message, [row | values])


async def rows(database: Database, model: type[Row]) -> list[Row]:
    """Every row of a table."""
    return await database.read(lambda session: list(session.exec(select(model)).all()))
