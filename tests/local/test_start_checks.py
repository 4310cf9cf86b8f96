"""What is looked at before anything starts: files, servers, and whose the database is."""

import base64
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from base.secrets import Vault, make_master_key
from base.settings import Settings
from base.settings_reading import SettingsError
from local.processes.ports import free_port
from local.start_checks import (
    _new_vault,
    _require_file_store,
    require_database,
    require_places,
    require_same_installation,
    require_schema,
)
from store.db.database import Database
from store.installation.installation import Kind
from support.store import make_settings, seed

KEY, OTHER_KEY = (base64.b64encode(letter * 32).decode() for letter in (b"k", b"o"))
KEY_ID, OTHER_ID = Vault(b"k" * 32).key_id, Vault(b"o" * 32).key_id


def _settings(data_dir: Path, **more: Any) -> Settings:
    """Of a migrated installation."""
    return make_settings(data_dir, **more)


def _lines(settings: Settings, kind: Kind | None = None) -> str:
    with pytest.raises(SettingsError) as refused:
        require_same_installation(settings, kind)
    return str(refused.value)


def _seeded(data_dir: Path, key: str = KEY) -> Settings:
    settings = _settings(data_dir, master_key=SecretStr(key))
    store = Database(settings.store_url)
    store.write_now(lambda session: seed(session, settings))
    store.close()
    return settings


def test_a_new_installation_on_one_machine_gets_a_key(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    require_same_installation(settings)
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600
    require_same_installation(Settings(data_dir=tmp_path))


@pytest.mark.parametrize("was_started", [True, False])
def test_a_lost_key_is_not_replaced(tmp_path: Path, was_started: bool) -> None:
    settings = _seeded(tmp_path)
    if was_started:
        require_same_installation(settings)
    told = _lines(Settings(data_dir=tmp_path))
    assert "The master key is missing" in told
    assert KEY_ID in told
    assert f"Put its copy back as {tmp_path / 'master.key'} (mode 600)" in told
    assert not (tmp_path / "master.key").exists()


@pytest.mark.parametrize("was_started", [True, False])
def test_another_key_is_refused_by_its_id_and_never_shown(tmp_path: Path, was_started: bool) -> None:
    settings = _seeded(tmp_path)
    if was_started:
        require_same_installation(settings)
    told = _lines(Settings(data_dir=tmp_path, master_key=SecretStr(OTHER_KEY)))
    assert f"PAGEDESK_MASTER_KEY is not the master key of this database: its id is {OTHER_ID}" in told
    assert KEY_ID in told
    assert KEY not in told
    assert OTHER_KEY not in told
    require_same_installation(settings)


def test_a_key_file_of_another_installation_is_named(tmp_path: Path) -> None:
    _seeded(tmp_path)
    make_master_key(tmp_path / "master.key")
    assert f"{tmp_path / 'master.key'} is not the master key" in _lines(Settings(data_dir=tmp_path))


def test_on_a_database_of_ones_own_no_key_is_made(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    elsewhere = settings.model_copy(update={"database_url": "postgresql://db/desk"})
    with pytest.raises(SettingsError, match=r"PAGEDESK_MASTER_KEY must be given .* openssl rand -base64 32"):
        _new_vault(elsewhere, frozenset())
    assert not (tmp_path / "master.key").exists()


def test_a_key_counts_before_anything_is_encrypted_with_it(tmp_path: Path) -> None:
    require_same_installation(_settings(tmp_path, master_key=SecretStr(KEY)))
    assert OTHER_ID in _lines(Settings(data_dir=tmp_path, master_key=SecretStr(OTHER_KEY)))


def test_a_key_file_with_wide_rights_stops_the_start(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    require_same_installation(settings)
    (tmp_path / "master.key").chmod(0o640)
    assert "its mode is 640" in _lines(Settings(data_dir=tmp_path))


def test_a_demo_and_a_real_installation_do_not_take_each_others_data(tmp_path: Path) -> None:
    demo, real = tmp_path / "demo", tmp_path / "real"
    for directory, kind in ((demo, Kind.DEMO), (real, Kind.REAL)):
        settings = _settings(directory)
        require_same_installation(settings, kind)
        require_same_installation(settings, kind)
        require_same_installation(settings)
    assert f"{demo} is a demo's" in _lines(Settings(data_dir=demo), Kind.REAL)
    assert f"{real} is a real installation's" in _lines(Settings(data_dir=real), Kind.DEMO)


def test_the_folder_of_an_earlier_demo_is_known(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    (tmp_path / "demo.json").write_text("{}")
    assert "is a demo's" in _lines(settings, Kind.REAL)


def test_databases_that_are_not_migrated_are_told_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"schema \(store, inbox\)\. Run `.*pagedesk migrate`"):
        require_schema(Settings(data_dir=tmp_path))
    require_schema(_settings(tmp_path))


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://desk:a-canary@127.0.0.1:{free_port()}/desk"
    with pytest.raises(SettingsError, match=r"PAGEDESK_DATABASE_URL: .*Connection refused") as refused:
        require_database(Settings(data_dir=tmp_path, database_url=url))
    assert "a-canary" not in str(refused.value)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "pagedesk.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(SettingsError, match="file is not a database"):
        require_schema(Settings(data_dir=tmp_path))


def test_the_database_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    store = Database(settings.store_url)
    store.write_now(
        lambda session: session.connection().exec_driver_sql(
            "UPDATE alembic_version SET version_num = '9999'"
        )
    )
    store.close()
    with pytest.raises(SettingsError, match="A newer release of Pagedesk has migrated this database"):
        require_schema(settings)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"attachment_hosts": "no//host"}, "PAGEDESK_ATTACHMENT_HOSTS: no//host is no host name."),
        ({"host": "192.0.2.1"}, "PAGEDESK_HOST: 192.0.2.1 is no address of this machine"),
        ({"temporal_tls_ca": Path("/nothing.pem")}, "PAGEDESK_TEMPORAL_TLS_CA: /nothing.pem cannot be read"),
        (
            {"attachment_store_url": "file:///proc/nothing"},
            "PAGEDESK_ATTACHMENT_STORE_URL: file:///proc/nothing",
        ),
        ({"data_dir": Path("/etc/hostname")}, "PAGEDESK_DATA_DIR: /etc/hostname cannot be used"),
        ({"data_dir": Path("/usr")}, "PAGEDESK_DATA_DIR: /usr holds other things than Pagedesk's data."),
    ],
)
def test_what_a_setting_names_is_looked_at(wrong: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        require_places(Settings(**({"data_dir": tmp_path} | wrong)))
    (line,) = refused.value.lines
    assert line.startswith(told)


def test_a_directory_in_which_next_to_nothing_is_kept_is_known_again(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    require_places(settings)
    (tmp_path / "data" / "relay.lock").touch()
    require_places(settings)


@pytest.mark.parametrize("left", ["lost+found", ".DS_Store"])
def test_a_fresh_volume_is_taken(left: str, tmp_path: Path) -> None:
    (tmp_path / left).touch()
    require_places(Settings(data_dir=tmp_path))


def test_a_file_store_belongs_to_one_installation(tmp_path: Path) -> None:
    settings = _settings(tmp_path / "data")
    store = Database(settings.store_url)
    for name in ("shared", "elsewhere"):
        (tmp_path / name).mkdir()

    def requires(url: str | None) -> None:
        _require_file_store(settings.model_copy(update={"attachment_store_url": url}), store)

    try:
        requires((tmp_path / "shared").as_uri())
        requires((tmp_path / "shared").as_uri())
        requires("s3://bucket")
        with pytest.raises(SettingsError, match=r"elsewhere is not the folder .* is missing"):
            requires((tmp_path / "elsewhere").as_uri())
        (tmp_path / "elsewhere" / "pagedesk-installation").write_text("another\n")
        with pytest.raises(SettingsError, match="names another"):
            requires((tmp_path / "elsewhere").as_uri())
        with pytest.raises(SettingsError, match="must be given with PAGEDESK_DATABASE_URL"):
            requires(None)
    finally:
        store.close()


def test_everything_in_the_data_directory_becomes_its_owners_alone(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    (directory / "logs").mkdir(parents=True)
    files = [directory / "pagedesk.db", directory / "logs" / "api.log", directory / "master.key"]
    for file in files:
        file.touch()
        file.chmod(0o644)
    directory.chmod(0o755)
    require_places(Settings(data_dir=directory))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (directory, *directory.rglob("*"))}
    # The key's rights are left for the start to refuse: somebody may have read it.
    assert modes.pop("master.key") == 0o644
    assert modes == {
        "data": 0o700,
        "logs": 0o700,
        "pagedesk.db": 0o600,
        "pagedesk.lock": 0o600,
        "api.log": 0o600,
    }


def test_a_start_does_not_wait_for_who_is_writing(tmp_path: Path) -> None:
    settings = _seeded(tmp_path)
    require_same_installation(settings, Kind.REAL)
    with closing(sqlite3.connect(tmp_path / "pagedesk.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        require_same_installation(settings, Kind.REAL)
