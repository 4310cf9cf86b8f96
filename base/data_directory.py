"""The data directory: for its owner alone, and only ever a folder of our own.

`umask` is set where each command starts, so that what is made in it is made private. What an earlier release
made, or a copy brought, is tightened here.
"""

import os
import stat
from pathlib import Path

from base.settings_reading import SettingsError

PRIVATE_UMASK = 0o077
_PRIVATE_DIRECTORY = 0o700
_PRIVATE_FILE = 0o600
_OTHERS = 0o077
_MARKER = "pagedesk.lock"
_OURS = frozenset(
    {_MARKER, "pagedesk.db", "inbox.db", "temporal.db", "master.key", "migrate.lock", "demo.json"}
)
# A key that others could read is refused where it is used; to tighten it here would hide that.
_NOT_TOUCHED = frozenset({"master.key"})


def open_data_directory(directory: Path) -> None:
    """Make the directory, or tighten the rights of the one that is there. Raises SettingsError."""
    try:
        directory.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        present = {entry.name for entry in directory.iterdir() if not _is_nobodys(entry.name)}
    except OSError as error:
        raise SettingsError(f"PAGEDESK_DATA_DIR: {directory} cannot be used ({error.strerror}).") from error
    if present and not present & _OURS:
        raise SettingsError(
            f"PAGEDESK_DATA_DIR: {directory.absolute()} holds other things than Pagedesk's data. "
            "Name a folder of its own; it is made if it is not there."
        )
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        raise SettingsError(f"PAGEDESK_DATA_DIR: {directory.absolute()} may not be written by this user.")
    # With servers of one's own next to nothing is kept here: it is to be known again all the same.
    (directory / _MARKER).touch(_PRIVATE_FILE)
    _tighten(directory, _PRIVATE_DIRECTORY)
    for entry in (*directory.iterdir(), *(directory / "logs").glob("*")):
        if entry.name not in _NOT_TOUCHED and not entry.is_symlink():
            _tighten(entry, _PRIVATE_DIRECTORY if entry.is_dir() else _PRIVATE_FILE)


def _is_nobodys(name: str) -> bool:
    """Whether a fresh file system, or a file manager, has left it there."""
    return name == "lost+found" or name.startswith(".")


def _tighten(path: Path, mode: int) -> None:
    """Take others' rights away, where the path is ours to change: a volume may belong to its driver."""
    found = path.stat()
    if stat.S_IMODE(found.st_mode) & _OTHERS and found.st_uid == os.geteuid():
        path.chmod(mode)
