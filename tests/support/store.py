"""A real store in a temporary directory, with an account, its pages and one customer's thread."""

import atexit
import functools
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import Session, SQLModel, select

from base import clock
from base.settings import Settings
from store.database import Database
from store.migrate import migrate
from store.sealed import access_token_place, app_secret_place, verify_token_place
from store.tables import Account, Page, Workstream

PAYLOADS = Path(__file__).parent.parent / "fixtures" / "payloads"

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
    settings = Settings(data_dir=data_dir, **more)
    if settings.database_url is None:
        data_dir.mkdir(parents=True, exist_ok=True)
        for file in _migrated().glob("*.db"):
            shutil.copy(file, data_dir)
    else:
        migrate(settings)
    return settings


@functools.cache
def _migrated() -> Path:
    """Where migrated databases are to copy: migrating takes half a second, each time."""
    directory = Path(tempfile.mkdtemp(prefix="pagedesk-migrated-"))
    atexit.register(shutil.rmtree, directory)
    migrate(Settings(data_dir=directory))
    return directory


def seed(session: Session, settings: Settings) -> None:
    """An account with two pages in one workstream."""
    now = clock.now()
    vault = settings.vault
    session.add(Workstream(id="messenger", name="Messenger", auto_close_waiting_after=3600, created_at=now))
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
        session.add(
            Page(
                page_id=page_id,
                account_id=ACCOUNT,
                workstream_id="messenger",
                name=f"Page {page_id}",
                access_token=vault.seal(TOKEN, access_token_place(page_id)),
                created_at=now,
            )
        )


async def rows(database: Database, model: type[Row]) -> list[Row]:
    """Every row of a table."""
    return await database.read(lambda session: list(session.exec(select(model)).all()))
