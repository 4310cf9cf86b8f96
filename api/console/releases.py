"""The console's built files, kept in the data folder for the newest releases.

A browser that has an older release open asks for that release's files, which no newer build has: their names
come from what is in them. So each build is copied where it survives the installation of the next one.
"""

import hashlib
import shutil
import tempfile
from pathlib import Path

BUILT = Path(__file__).parents[2] / "console" / "dist"
"""Where the build is, in a checkout and in the installed package."""

MAX_KEPT_RELEASES = 3
INDEX = "index.html"


def is_built(built: Path = BUILT) -> bool:
    """Whether there is a console to show."""
    return (built / INDEX).is_file()


class Releases:
    """The files of the newest releases. `newest` is the name of the one that is shown."""

    def __init__(self, folder: Path, newest: str) -> None:
        self._folder = folder
        self.newest = newest

    def index(self) -> Path:
        """The page that begins the newest release."""
        return self._folder / self.newest / INDEX

    def find(self, path: str) -> Path | None:
        """A file by its path in the build: the newest release's, else an older one's, else None."""
        for release in (self.newest, *(each.name for each in _newest_first(self._folder))):
            root = (self._folder / release).resolve()
            file = (root / path).resolve()
            if file.is_relative_to(root) and file.is_file():
                return file
        return None


def keep_releases(folder: Path, built: Path = BUILT) -> Releases | None:
    """Copy the build into a folder, unless it is there, and delete what is older than the newest releases.

    None where nothing was built. Several processes may do this at the same time.
    """
    if not is_built(built):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    name = _digest(built)
    if not (folder / name).is_dir():
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
        shutil.copytree(built, draft, dirs_exist_ok=True, copy_function=shutil.copyfile)
        try:
            draft.rename(folder / name)
        except OSError:  # another process was faster
            shutil.rmtree(draft)
            if not (folder / name).is_dir():
                raise
    (folder / name).touch()
    for old in _newest_first(folder)[MAX_KEPT_RELEASES:]:
        shutil.rmtree(old, ignore_errors=True)
    return Releases(folder, name)


def _newest_first(folder: Path) -> list[Path]:
    releases = [each for each in folder.iterdir() if each.is_dir() and not each.name.startswith(".")]
    return sorted(releases, key=lambda each: each.stat().st_mtime_ns, reverse=True)


def _digest(built: Path) -> str:
    """A name that differs wherever anything in the build does."""
    digest = hashlib.sha256()
    for file in sorted(each for each in built.rglob("*") if each.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(built).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]
