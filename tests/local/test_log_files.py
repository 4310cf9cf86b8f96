"""`pagedesk logs`: the newest lines of all processes in their order, and those that come."""

import json
from pathlib import Path

import pytest

from local.log_files import Follower, Line, newest_lines, show_logs


def _write(directory: Path, process: str, *entries: tuple[int, str]) -> None:
    with (directory / f"{process}.log").open("a") as file:
        for second, event in entries:
            file.write(json.dumps({"timestamp": f"2026-11-20T12:00:{second:02}Z", "event": event}) + "\n")


def _events(lines: list[Line]) -> list[str]:
    return [(line.entry or {}).get("event", line.text) for line in lines]


def test_lines_of_all_processes_are_merged_by_their_instants(tmp_path: Path) -> None:
    _write(tmp_path, "api", (1, "a"), (4, "d"))
    _write(tmp_path, "worker", (2, "b"), (3, "c"), (5, "e"))
    assert _events(newest_lines(tmp_path, 10)) == ["a", "b", "c", "d", "e"]
    assert _events(newest_lines(tmp_path, 2)) == ["d", "e"]


def test_a_line_that_is_no_json_stays_where_it_was(tmp_path: Path) -> None:
    _write(tmp_path, "api", (1, "a"))
    _write(tmp_path, "worker", (2, "b"))
    with (tmp_path / "worker.log").open("a") as file:
        file.write("plain\x1b words\n[1, 2]\n")
    _write(tmp_path, "api", (3, "c"))
    lines = newest_lines(tmp_path, 10)
    assert _events(lines) == ["a", "b", "plain\x1b words", "[1, 2]", "c"]
    assert lines[2].shown(as_json=False) == "         worker   plain\\x1b words"
    assert json.loads(lines[2].shown(as_json=True)) == {"process": "worker", "event": "plain\x1b words"}


def test_what_comes_is_told_once_whole_and_after_a_log_has_begun_anew(tmp_path: Path) -> None:
    _write(tmp_path, "api", (1, "before"))
    follower = Follower(tmp_path, ["api", "worker"])
    assert list(follower.new_lines()) == []
    with (tmp_path / "api.log").open("a") as file:
        file.write('{"event": "ha')
    assert list(follower.new_lines()) == []
    with (tmp_path / "api.log").open("a") as file:
        file.write('lf"}\n')
    _write(tmp_path, "worker", (2, "of a later start"))
    _write(tmp_path, "sandbox", (2, "not asked for"))
    assert _events(list(follower.new_lines())) == ["half", "of a later start"]
    (tmp_path / "api.log").write_text('{"event": "anew"}\n')
    assert _events(list(follower.new_lines())) == ["anew"]
    assert list(follower.new_lines()) == []


def test_a_program_gets_the_lines_as_they_were_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path, "api", (1, "a"))
    show_logs(tmp_path, 10, follow=False, as_json=True)
    assert json.loads(capsys.readouterr().out)["event"] == "a"
