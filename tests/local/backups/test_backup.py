"""`pagedesk backup` and `pagedesk restore`, as an administrator runs them."""

import base64
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from base.settings import Settings
from base.settings_reading import SettingsError
from local.backups.backup import BackupError, backup, restore
from local.new_master_key import replace_lost_master_key
from local.processes.data_lock import data_directory_lock
from local.processes.errors import AlreadyRunningError
from local.start_checks import require_same_installation
from store.db.database import Database
from store.tables import Page
from support.store import PAGE_A, make_settings, rows, seed


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation with a page, an attachment and an engine's database."""
    settings = make_settings(tmp_path / "data")
    store = Database(settings.store_url)
    store.write_now(lambda session: seed(session, settings))
    store.close()
    with closing(sqlite3.connect(settings.data_dir / "temporal.db")) as connection:
        connection.execute("CREATE TABLE executions (id INTEGER)")
    file = settings.data_dir / "attachments" / PAGE_A / "cat"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"meow")
    return settings


def elsewhere(tmp_path: Path, settings: Settings) -> Settings:
    """A new data directory with the old master key."""
    other = Settings(data_dir=tmp_path / "other")
    other.data_dir.mkdir(exist_ok=True)
    shutil.copy(settings.data_dir / "master.key", other.data_dir)
    return other


async def test_a_backup_brings_everything_back_but_the_key(tmp_path: Path, settings: Settings) -> None:
    told = backup(settings, tmp_path / "backup")
    assert "The master key is not in it." in told
    assert not list((tmp_path / "backup").rglob("master.key"))
    other = elsewhere(tmp_path, settings)
    restore(other, tmp_path / "backup")
    assert (other.data_dir / "attachments" / PAGE_A / "cat").read_bytes() == b"meow"
    store = Database(other.store_url)
    assert PAGE_A in {page.page_id for page in await rows(store, Page)}
    store.close()
    with closing(sqlite3.connect(other.data_dir / "temporal.db")) as connection:
        assert connection.execute("SELECT count(*) FROM executions").fetchone() == (0,)


def test_nobody_else_may_read_a_backup(tmp_path: Path, settings: Settings) -> None:
    backup(settings, tmp_path / "backup")
    paths = [tmp_path / "backup", *(tmp_path / "backup").rglob("*")]
    assert [path for path in paths if path.stat().st_mode & 0o077] == []


def test_a_backup_does_not_overwrite(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "backup").mkdir()
    with pytest.raises(BackupError, match="is there already"):
        backup(settings, tmp_path / "backup")


def test_there_must_be_something_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"has no temporal\.db and no pagedesk\.db and no inbox\.db"):
        backup(Settings(data_dir=tmp_path / "empty"), tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize(
    ("setting", "value"),
    [("database_url", "postgresql://localhost/desk"), ("temporal_address", "temporal:7233")],
)
def test_servers_of_ones_own_are_backed_up_with_their_own_tools(
    tmp_path: Path, settings: Settings, setting: str, value: str
) -> None:
    with pytest.raises(BackupError, match=f"PAGEDESK_{setting.upper()} is set"):
        backup(settings.model_copy(update={setting: value}), tmp_path / "backup")


def test_a_restore_overwrites_nothing(tmp_path: Path, settings: Settings) -> None:
    backup(settings, tmp_path / "backup")
    with pytest.raises(BackupError, match="Move the directory away"):
        restore(settings, tmp_path / "backup")


def test_a_restore_needs_the_key(tmp_path: Path, settings: Settings) -> None:
    backup(settings, tmp_path / "backup")
    with pytest.raises(BackupError, match="There is no master key"):
        restore(Settings(data_dir=tmp_path / "other"), tmp_path / "backup")
    other = elsewhere(tmp_path, settings)
    (other.data_dir / "master.key").write_text(base64.b64encode(b"k" * 32).decode())
    with pytest.raises(BackupError, match="not the one of the backup"):
        restore(Settings(data_dir=other.data_dir), tmp_path / "backup")
    assert not (other.data_dir / "pagedesk.db").exists()


def test_without_its_key_a_backup_is_restored_on_request_and_given_another(
    tmp_path: Path, settings: Settings
) -> None:
    backup(settings, tmp_path / "backup")
    other = Settings(data_dir=tmp_path / "other")
    assert "pagedesk new-master-key" in restore(other, tmp_path / "backup", key_lost=True)
    with pytest.raises(SettingsError, match=r"The master key is missing.*lost for good.*new-master-key"):
        require_same_installation(other)
    replace_lost_master_key(other, force=False)
    require_same_installation(Settings(data_dir=other.data_dir))


def test_a_damaged_backup_restores_nothing(tmp_path: Path, settings: Settings) -> None:
    backup(settings, tmp_path / "backup")
    with (tmp_path / "backup" / "inbox.db").open("r+b") as file:
        file.seek(2000)
        file.write(b"x" * 100)
    other = elsewhere(tmp_path, settings)
    with pytest.raises(BackupError, match=r"inbox\.db is missing or damaged"):
        restore(other, tmp_path / "backup")
    assert not (other.data_dir / "pagedesk.db").exists()
    (tmp_path / "backup" / "backup.json").unlink()
    with pytest.raises(BackupError, match="is no backup, or one that was not finished"):
        restore(other, tmp_path / "backup")


def test_nothing_is_restored_under_a_running_pagedesk(tmp_path: Path, settings: Settings) -> None:
    backup(settings, tmp_path / "backup")
    other = elsewhere(tmp_path, settings)
    with data_directory_lock(other.data_dir), pytest.raises(AlreadyRunningError):
        restore(other, tmp_path / "backup")
