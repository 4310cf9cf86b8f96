import os
import shutil
from pathlib import Path

from api.console.releases import keep_releases


def _build(folder: Path, name: str) -> Path:
    """A build whose one file with a name of its own is `assets/NAME.js`."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(f"index of {name}")
    (folder / "assets" / f"{name}.js").write_text(name)
    return folder


def _keep(tmp_path: Path, name: str, at: int) -> set[str]:
    """Build and keep a release; the names of the scripts that are found afterwards."""
    kept = keep_releases(tmp_path / "data", _build(tmp_path / "dist", name))
    assert kept is not None
    assert kept.index().read_text() == f"index of {name}"
    os.utime(tmp_path / "data" / kept.newest, (at, at))
    return {each for each in "abcd" if kept.find(f"assets/{each}.js")}


def test_the_files_of_three_releases_are_kept(tmp_path: Path) -> None:
    assert _keep(tmp_path, "a", at=1) == {"a"}
    assert _keep(tmp_path, "b", at=2) == {"a", "b"}
    assert _keep(tmp_path, "c", at=3) == {"a", "b", "c"}
    assert _keep(tmp_path, "d", at=4) == {"b", "c", "d"}


def test_going_back_to_an_older_release_shows_it_and_keeps_the_newer(tmp_path: Path) -> None:
    _keep(tmp_path, "a", at=1)
    _keep(tmp_path, "b", at=2)
    assert _keep(tmp_path, "a", at=3) == {"a", "b"}


def test_the_same_build_is_copied_once(tmp_path: Path) -> None:
    built = _build(tmp_path / "dist", "a")
    first = keep_releases(tmp_path / "data", built)
    assert first is not None
    (tmp_path / "data" / first.newest / "index.html").write_text("as it was copied")
    again = keep_releases(tmp_path / "data", built)
    assert again is not None
    assert again.index().read_text() == "as it was copied"


def test_nothing_outside_the_releases_is_found(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret.js").write_text("secret")
    kept = keep_releases(tmp_path / "data", _build(tmp_path / "dist", "a"))
    assert kept is not None
    assert kept.find("../secret.js") is None
    assert kept.find("/etc/passwd") is None
    assert kept.find("assets") is None


def test_without_a_build_there_is_none(tmp_path: Path) -> None:
    assert keep_releases(tmp_path / "data", tmp_path / "dist") is None
