"""Wrong settings: one line each, in our words, before anything starts; none of them shows a value."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from base.settings_reading import SettingsError, read_settings
from support.paths import ROOT

CLI = str(ROOT / "cli.py")


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("PAGEDESK_") and not name.startswith("PAGEDESK_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("PAGEDESK_TEST_MODE", raising=False)


_POSTGRES = "must be like postgresql://user:password@host:5432/database; PostgreSQL only."
_FILES = "must be like file:///var/lib/pagedesk/files, s3://bucket, gs://bucket or az://container."


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("MASTER_KEY", "geheim", "must be base64 of 32 bytes."),
        ("ADMIN_TOKEN", "geheim", "needs at least 16 characters."),
        ("LOG_LEVEL", "geheim", "must be one of 'DEBUG', 'INFO', 'WARNING' or 'ERROR'."),
        ("PORT", "geheim", "must be a whole number."),
        ("PORT", "0", "must be at least 1."),
        ("PORT", "65536", "must be at most 65535."),
        ("DOCS", "geheim", "must be true or false."),
        ("PUBLIC_URL", "geheim", "must be an address that begins with https:// or http://."),
        ("DATABASE_URL", "mysql://desk:geheim@db/desk", _POSTGRES),
        ("DATABASE_URL", "postgresql://desk:geheim@db:port/desk", _POSTGRES),
        ("ATTACHMENT_STORE_URL", "ftp://geheim", _FILES),
        (
            "TEMPORAL_ADDRESS",
            "https://geheim:7233",
            "must be like temporal.example.com:7233 (host:port, without http://).",
        ),
        ("TEMPORAL_TLS_CERT", "geheim.pem", "and PAGEDESK_TEMPORAL_TLS_KEY go together: set both."),
        (
            "FAILPOINTS",
            "send.marked:geheim",
            "makes processes die: it is for tests, with PAGEDESK_TEST_MODE=1. Remove it.",
        ),
        ("ADMINTOKEN", "geheim", "is no setting. Is PAGEDESK_ADMIN_TOKEN meant? (docs/settings.md has all)"),
        (
            "DATABSE_URL",
            "geheim",
            "is no setting. Is PAGEDESK_DATABASE_URL meant? (docs/settings.md has all)",
        ),
    ],
)
def test_each_is_told_in_one_line(name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"PAGEDESK_{name}", value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert refused.value.lines == (f"PAGEDESK_{name} {told}",)
    assert "geheim" not in str(refused.value)


def test_all_of_them_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PORT", "x"), ("DOCS", "x"), ("PROT", "8000")):
        monkeypatch.setenv(f"PAGEDESK_{name}", value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert [line.split()[0] for line in refused.value.lines] == [
        "PAGEDESK_PORT",
        "PAGEDESK_DOCS",
        "PAGEDESK_PROT",
    ]


def test_a_name_that_is_like_no_setting_is_told_and_passed_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAGEDESK_SERVICE_HOST", "10.0.0.1")
    assert read_settings().port == 8000
    assert capsys.readouterr().err == "PAGEDESK_SERVICE_HOST is no setting of Pagedesk's and is ignored.\n"


def test_an_empty_value_is_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGEDESK_DATABASE_URL", "")
    monkeypatch.setenv("PAGEDESK_LOG_LEVEL", "warning")
    settings = read_settings()
    assert (settings.database_url, settings.log_level) == (None, "WARNING")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["up", "demo", "api", "worker", "migrate", "doctor"])
def test_each_command_ends_with_the_line_alone(command: str, tmp_path: Path) -> None:
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, CLI, command],
        env=os.environ | {"PAGEDESK_DATA_DIR": str(tmp_path / "data"), "PAGEDESK_PORT": "x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        2,
        "",
        "PAGEDESK_PORT must be a whole number.\n",
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["api", "worker"])
def test_without_a_migrated_database_the_command_that_makes_one_is_told(command: str, tmp_path: Path) -> None:
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, CLI, command],
        env=os.environ | {"PAGEDESK_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("The database is not at this release's schema (store, inbox). Run `")
    assert ended.stderr.count("\n") == 1
