"""`pagedesk backup` and `pagedesk restore`: all embedded databases and files in one folder, the key apart.

A backup is taken while Pagedesk works. What it holds is encrypted only where the store is: tokens and app
secrets. The master key is not in it, and without it a backup restores no page.
"""

import hashlib
import json
import shutil
import sqlite3
import stat
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from base import clock
from base.settings import Settings
from local.processes.data_lock import data_directory_lock
from store.db.database import Database
from store.db.migrate import migrate
from store.installation.backups import begin_restored, copy_databases

# The inbox last: Meta waits for it.
DATABASES = ("temporal.db", "pagedesk.db", "inbox.db")
ATTACHMENTS = "attachments"
MANIFEST = "backup.json"


class BackupError(Exception):
    """What hinders a backup or a restore, in words for who asked for it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `digests`: the SHA-256 of each database."""

    backed_up_at: str
    release: str
    key_id: str
    digests: dict[str, str]


def backup(settings: Settings, folder: Path) -> str:
    """Copy everything but the master key into a new folder; what was done. Raises BackupError."""
    _require_embedded(settings)
    missing = [name for name in DATABASES if not (settings.data_dir / name).exists()]
    if missing:
        raise BackupError(f"{settings.data_dir} has no {' and no '.join(missing)}: nothing to back up.")
    try:
        folder.mkdir(parents=True, mode=stat.S_IRWXU)
    except FileExistsError:
        raise BackupError(f"{folder} is there already. A backup needs a new folder.") from None
    try:
        # Before the copy: what came between is in it and is read from Meta again, which changes nothing.
        at = clock.now()
        copy_databases([settings.data_dir / name for name in DATABASES], folder)
        own = _own_attachments(settings)
        if own is not None and own.exists():
            shutil.copytree(own, folder / ATTACHMENTS)
    except (sqlite3.Error, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise BackupError(f"The backup failed and was removed: {error}") from error
    digests = {name: _digest(folder / name) for name in DATABASES}
    manifest = Manifest(at.isoformat(), version("pagedesk"), settings.vault.key_id, digests)
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n")
    _make_private(folder)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    elsewhere = "" if own is not None else f"\nFiles are not in it: they are at {settings.files_url}."
    return (
        f"Backed up to {folder} ({size / 1_000_000:.1f} MB).{elsewhere}\n"
        "The master key is not in it. Keep a copy of it somewhere else: without it the backup is of no use."
    )


def restore(settings: Settings, folder: Path, *, key_lost: bool = False) -> str:
    """Put a backup into a data directory without databases; what was done. Raises BackupError.

    `key_lost`: without its master key, for which `pagedesk new-master-key` makes another.
    """
    _require_embedded(settings)
    manifest = _checked_manifest(folder)
    with data_directory_lock(settings.data_dir):
        there = [name for name in DATABASES if (settings.data_dir / name).exists()]
        if there:
            raise BackupError(
                f"{settings.data_dir} already has {' and '.join(there)}. Move the directory away, or restore "
                "into another one (PAGEDESK_DATA_DIR=…). Put the master key into it first."
            )
        if not key_lost:
            _require_key(settings, manifest)
        for name in DATABASES:
            shutil.copy(folder / name, settings.data_dir / name)
        own = _own_attachments(settings)
        if own is not None and (folder / ATTACHMENTS).exists():
            shutil.copytree(folder / ATTACHMENTS, own, dirs_exist_ok=True)
        _make_private(settings.data_dir)
        at = datetime.fromisoformat(manifest.backed_up_at)
        mark_restored(settings, at)
    return (
        f"Restored the backup of {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC into {settings.data_dir}.\n"
        "At its start Pagedesk reads from Meta what was said since, and sends nothing for a page until it "
        "has.\n"
        "Erasures of persons since the backup must be asked for again (docs/privacy.md)."
        + ("\nIt cannot start yet. Make a new master key: pagedesk new-master-key" if key_lost else "")
    )


def mark_restored(settings: Settings, backed_up_at: datetime) -> None:
    """Prepare a store that came from a backup, before anything starts.

    What that is: `store.installation.backups.begin_restored`.
    """
    migrate(settings)
    store = Database(settings.store_url)
    try:
        store.write_now(lambda session: begin_restored(session, backed_up_at, clock.now()))
    finally:
        store.close()


def _require_embedded(settings: Settings) -> None:
    own = [
        f"PAGEDESK_{name.upper()}"
        for name in ("database_url", "temporal_address")
        if getattr(settings, name) is not None
    ]
    if own:
        raise BackupError(
            f"{' and '.join(own)} is set: your own servers are backed up with their own tools. "
            "docs/running.md says in which order."
        )


def _own_attachments(settings: Settings) -> Path | None:
    """The folder of the files, where it is in the data directory."""
    return settings.data_dir / ATTACHMENTS if settings.attachment_store_url is None else None


def _checked_manifest(folder: Path) -> Manifest:
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text()))
    except FileNotFoundError:
        raise BackupError(f"{folder} is no backup, or one that was not finished: no {MANIFEST}.") from None
    except (ValueError, TypeError) as error:
        raise BackupError(f"{folder / MANIFEST} is damaged: {error}") from error
    for name in DATABASES:
        if not (folder / name).exists() or _digest(folder / name) != manifest.digests.get(name):
            raise BackupError(f"{folder / name} is missing or damaged; nothing was restored.")
    return manifest


def _require_key(settings: Settings, manifest: Manifest) -> None:
    file = settings.data_dir / "master.key"
    if settings.master_key is None and not file.exists():
        raise BackupError(
            f"There is no master key. Put the one that the installation had at {file}, or set "
            "PAGEDESK_MASTER_KEY. If it is lost for good: --key-lost."
        )
    if settings.vault.key_id != manifest.key_id:
        raise BackupError("The master key is not the one of the backup, which could not be read with it.")


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _make_private(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(stat.S_IRWXU if path.is_dir() else stat.S_IRUSR | stat.S_IWUSR)
