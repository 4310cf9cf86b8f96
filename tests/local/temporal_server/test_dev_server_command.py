import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from local.processes.errors import LaunchError
from local.temporal_server.dev_server_command import dev_server_arguments, discard_unfinished_database


def _pairs(arguments: list[str], flag: str) -> list[str]:
    return [value for name, value in pairwise(arguments) if name == flag]


def test_it_listens_on_loopback_only() -> None:
    arguments = dev_server_arguments(database=None, port=7000, ui_port=7001)
    assert _pairs(arguments, "--ip") == ["127.0.0.1"]
    assert _pairs(arguments, "--port") == ["7000"]
    assert _pairs(arguments, "--ui-port") == ["7001"]


def test_without_a_port_for_it_there_is_no_web_page() -> None:
    assert "--headless" in dev_server_arguments(database=None, port=7000)


@pytest.mark.parametrize("synchronous", ["full", "normal"])
def test_the_file_is_written_ahead_and_as_safely_as_asked(synchronous: str) -> None:
    arguments = dev_server_arguments(database=Path("/data/t.db"), port=1, synchronous=synchronous)  # type: ignore[arg-type] # parametrised
    assert _pairs(arguments, "--db-filename") == ["/data/t.db"]
    assert _pairs(arguments, "--sqlite-pragma") == ["journal_mode=wal", f"synchronous={synchronous}"]


def test_the_tuning_is_in_the_servers_own_spelling() -> None:
    assert _pairs(dev_server_arguments(database=None, port=1), "--dynamic-config-value") == [
        "history.transferProcessorMaxPollRPS=2000",
        "history.timerProcessorMaxPollRPS=2000",
        "history.visibilityProcessorMaxPollRPS=2000",
        "matching.numTaskqueueReadPartitions=1",
        "matching.numTaskqueueWritePartitions=1",
        'history.workflowIdReuseMinimalInterval="0s"',
        "system.enableActivityEagerExecution=true",
    ]


def test_continue_as_new_can_be_suggested_early() -> None:
    arguments = dev_server_arguments(database=None, port=1, suggest_continue_as_new_at=200)
    assert "limit.historyCount.suggestContinueAsNew=200" in arguments


def test_another_namespace_than_the_default_is_made() -> None:
    assert "--namespace" not in dev_server_arguments(database=None, port=1)
    assert _pairs(dev_server_arguments(database=None, port=1, namespace="desk"), "--namespace") == ["desk"]


def _make_database(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = wal")
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize("statements", [(), ("CREATE TABLE other (x)",), ("CREATE TABLE namespaces (name)",)])
def test_a_database_cut_off_in_its_first_start_is_made_anew(
    statements: tuple[str, ...], tmp_path: Path
) -> None:
    _make_database(tmp_path / "t.db", *statements)
    assert discard_unfinished_database(tmp_path / "t.db")
    assert list(tmp_path.iterdir()) == []


def test_a_database_in_use_is_kept(tmp_path: Path) -> None:
    _make_database(
        tmp_path / "t.db", "CREATE TABLE namespaces (name)", "INSERT INTO namespaces VALUES ('default')"
    )
    assert not discard_unfinished_database(tmp_path / "t.db")
    assert (tmp_path / "t.db").exists()


def test_no_database_is_nothing_to_remove(tmp_path: Path) -> None:
    assert not discard_unfinished_database(tmp_path / "t.db")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_not_ours_to_remove(tmp_path: Path) -> None:
    (tmp_path / "t.db").write_bytes(b"a photograph, perhaps" * 100)
    with pytest.raises(LaunchError, match="backup"):
        discard_unfinished_database(tmp_path / "t.db")
    assert (tmp_path / "t.db").exists()
