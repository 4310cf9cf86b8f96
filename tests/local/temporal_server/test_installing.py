import contextlib
from pathlib import Path

import pytest

from local.temporal_server.installing import answers, cache_directory, put_in_place, staging_directory


def test_the_cache_is_where_xdg_says(tmp_path: Path) -> None:
    environment = {"XDG_CACHE_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path)}
    assert cache_directory(environment) == tmp_path / "xdg" / "pagedesk"


@pytest.mark.parametrize("relative", ["", "relative/path"])
def test_else_in_the_home(tmp_path: Path, relative: str) -> None:
    environment = {"XDG_CACHE_HOME": relative, "HOME": str(tmp_path)}
    assert cache_directory(environment) == tmp_path / ".cache" / "pagedesk"


@pytest.mark.parametrize("home", [None, "", "/nowhere/at/all"])
def test_else_here(tmp_path: Path, home: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {} if home is None else {"HOME": home}
    assert cache_directory(environment) == tmp_path / ".cache" / "pagedesk"


def test_a_place_that_cannot_be_written_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environment = {"XDG_CACHE_HOME": str(tmp_path / "file"), "HOME": str(tmp_path)}
    assert cache_directory(environment) == tmp_path / ".cache" / "pagedesk"


def test_nothing_is_in_place_when_making_fails(tmp_path: Path) -> None:
    target = tmp_path / "server"
    with contextlib.suppress(OSError), staging_directory(target) as staging:
        (staging / "half").write_text("half")
        put_in_place(staging / "whole", target)
    assert list(tmp_path.iterdir()) == []


def test_what_is_put_in_place_replaces_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "server"
    target.write_text("old")
    with staging_directory(target) as staging:
        (staging / "made").write_text("new")
        put_in_place(staging / "made", target)
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o755
    assert list(tmp_path.iterdir()) == [target]


async def test_a_host_that_refuses_does_not_answer() -> None:
    assert not await answers("https://127.0.0.1:1/")
