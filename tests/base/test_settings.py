"""Settings: their page, their refusals, and the secrets they keep."""

import base64
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from base.secrets import (
    MasterKeyError,
    SecretUnreadableError,
    Vault,
    decode_master_key,
    make_master_key,
    read_master_key,
)
from base.settings import Settings


def test_a_short_admin_token_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 16 characters"):
        Settings(admin_token=SecretStr("short"))


def test_secrets_do_not_show_in_the_settings_text(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, admin_token=SecretStr("a-canary-of-a-token"))
    assert "a-canary-of-a-token" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
    ],
)
def test_a_postgresql_url_serves_store_and_inbox(given: str, expected: str) -> None:
    settings = Settings(database_url=given)
    assert settings.store_url == settings.inbox_url == expected


def test_the_master_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "data" / "master.key"
    assert read_master_key(file) is None
    first = make_master_key(file)
    assert make_master_key(file) == read_master_key(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["master.key"]


@pytest.mark.parametrize("wrong", ["short", base64.b64encode(b"x" * 31).decode()])
def test_a_master_key_of_another_size_is_refused(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="base64 of 32 bytes"):
        decode_master_key(wrong)
    file = tmp_path / "master.key"
    file.write_text(wrong)
    file.chmod(0o600)
    with pytest.raises(MasterKeyError, match="is damaged: it must hold base64 of 32 bytes"):
        read_master_key(file)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604])
def test_a_master_key_that_others_may_read_or_change_is_refused(mode: int, tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    make_master_key(file)
    file.chmod(mode)
    with pytest.raises(MasterKeyError, match=rf"its mode is {mode:o}\)\. .* chmod 600"):
        read_master_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_looking_for_a_vault_makes_none(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert settings.existing_vault is None
    assert list(tmp_path.iterdir()) == []
    assert settings.vault.key_id == Settings(data_dir=tmp_path).existing_vault.key_id  # type: ignore[union-attr]


def test_a_sealed_secret_opens_only_in_its_place_and_with_its_key() -> None:
    vault = Vault(b"k" * 32)
    sealed = vault.seal("the token", "page:access_token:1")
    assert "the token" not in sealed
    assert vault.open(sealed, "page:access_token:1") == "the token"
    for opener, place in [(vault, "page:access_token:2"), (Vault(b"o" * 32), "page:access_token:1")]:
        with pytest.raises(SecretUnreadableError):
            opener.open(sealed, place)
    with pytest.raises(SecretUnreadableError):
        vault.open(sealed[:-4] + "AAAA", "page:access_token:1")


def test_sealing_twice_gives_two_values() -> None:
    vault = Vault(b"k" * 32)
    assert vault.seal("same", "place") != vault.seal("same", "place")
