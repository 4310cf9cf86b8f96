"""Tests on PostgreSQL never pass by not running: without a server they fail with what to do."""

import os
import sys
from pathlib import Path

import pytest

from support import postgres_server


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(postgres_server.URL_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres_server, "_DEBIAN", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def test_without_the_programs_the_command_fails_and_says_how_to_get_them(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert postgres_server.main([sys.executable, "-c", "print('ran')"]) == 2

    said = capfd.readouterr()
    assert said.out == ""
    assert "apt-get install postgresql" in said.err
    assert "PAGEDESK_TEST_POSTGRES_URL" in said.err


def test_a_server_that_is_named_is_the_one_that_is_used(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(postgres_server.URL_VARIABLE, "postgresql://somewhere/else")

    show = "import os; print(os.environ['PAGEDESK_TEST_POSTGRES_URL'])"
    assert postgres_server.main([sys.executable, "-c", show]) == 0

    assert capfd.readouterr().out == "postgresql://somewhere/else\n"
