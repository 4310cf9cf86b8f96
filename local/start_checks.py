"""What is looked at before anything starts: the files and servers that the settings name, and whose they are.

Each check raises SettingsError, whose lines say what is wrong and what to do.
"""

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import Session
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from base.data_directory import open_data_directory
from base.secrets import MasterKeyError, Vault
from base.settings import Settings
from base.settings_reading import SettingsError
from local.demo.installation import DEMO_FILE
from local.naming import shown_command
from messenger.media.hosts import MediaHosts
from store.attachments.object_store import FileStore
from store.db.database import Database
from store.db.engines import connect_once
from store.db.schema_versions import NewerSchemaError, schemas_behind
from store.installation import installation

T = TypeVar("T")

_CONNECT_SECONDS = 5
_NAMESPACE_TIMEOUT = timedelta(seconds=10)
_MARKER = "pagedesk-installation"


def require_places(settings: Settings) -> None:
    """The data directory, certificates, the file store and the address to listen on can be used."""
    open_data_directory(settings.data_dir)
    if lines := [*_certificates(settings), *_file_store(settings), *_hosts(settings), *_address(settings)]:
        raise SettingsError(*lines)


def require_database(settings: Settings) -> None:
    """A PostgreSQL that is configured answers."""
    if settings.database_url is None:
        return
    try:
        connect_once(settings.store_url, timeout_seconds=_CONNECT_SECONDS)
    except DBAPIError as error:
        raise SettingsError(f"PAGEDESK_DATABASE_URL: {_told(error)}") from error


def require_schema(settings: Settings) -> None:
    """The databases are there and have today's tables."""
    require_database(settings)
    try:
        behind = schemas_behind(settings)
    except NewerSchemaError as error:
        raise SettingsError(str(error)) from error
    except SQLAlchemyError as error:
        raise SettingsError(f"The database cannot be used: {_told(error)}") from error
    if behind:
        raise SettingsError(
            f"The database is not at this release's schema ({', '.join(behind)}). "
            f"Run `{shown_command()} migrate`, then start again."
        )


def require_same_installation(settings: Settings, kind: installation.Kind | None = None) -> None:
    """Master key, file store and kind are those of the installation whose database this is.

    What has not been said of a new installation is said now. `kind` is asked for where it matters.
    """
    store = Database(settings.store_url)
    try:
        if kind is not None:
            _require_kind(settings, store, kind)
        _require_master_key(settings, store)
        if settings.database_url is not None:
            _require_file_store(settings, store)
    finally:
        store.close()


async def require_namespace(client: Client, settings: Settings) -> None:
    """Temporal, which answers, has the namespace."""
    namespace = settings.temporal_namespace
    try:
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=namespace), timeout=_NAMESPACE_TIMEOUT
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            return  # away, or no right to ask: what follows tells
        raise SettingsError(
            f"Temporal at {settings.temporal_target} has no namespace {namespace!r} "
            f"(PAGEDESK_TEMPORAL_NAMESPACE). Make it: temporal operator namespace create "
            f"--namespace {namespace} --address {settings.temporal_target}"
        ) from error


def _certificates(settings: Settings) -> Iterator[str]:
    for name in ("temporal_tls_ca", "temporal_tls_cert", "temporal_tls_key"):
        file: Path | None = getattr(settings, name)
        if file is None:
            continue
        try:
            with file.open("rb") as stream:
                stream.read(1)
        except OSError as error:
            yield f"PAGEDESK_{name.upper()}: {file} cannot be read ({error.strerror})."


def _file_store(settings: Settings) -> Iterator[str]:
    if settings.attachment_store_url is None:
        return
    try:
        FileStore(settings.files_url)
    except (BaseError, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        yield f"PAGEDESK_ATTACHMENT_STORE_URL: {settings.files_url} cannot be used ({reason})."


def _hosts(settings: Settings) -> Iterator[str]:
    try:
        MediaHosts.read(settings.attachment_hosts)
    except ValueError as error:
        yield f"PAGEDESK_ATTACHMENT_HOSTS: {error}."


def _address(settings: Settings) -> Iterator[str]:
    """Whether HOST is an address of this machine; whose the port is, is another question."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.bind(address)
    except OSError as error:
        yield f"PAGEDESK_HOST: {settings.host} is no address of this machine ({error.strerror})."


def _settled(store: Database, find: Callable[[Session], T | None], claim: Callable[[Session], T]) -> T:
    """What is noted, or else is noted now. It reads first: a start does not wait for who is writing."""
    found = store.read_now(find)
    return found if found is not None else store.write_now(claim)


def _require_kind(settings: Settings, store: Database, wanted: installation.Kind) -> None:
    # Before folders knew what they are, demos left this file in theirs.
    told = installation.Kind.DEMO if (settings.data_dir / DEMO_FILE).exists() else wanted
    found = _settled(store, installation.read_kind, lambda session: installation.claim_kind(session, told))
    if found is not wanted:
        where = (
            "PAGEDESK_DATABASE_URL's database" if settings.database_url else str(settings.data_dir.absolute())
        )
        others = {
            installation.Kind.DEMO: "is a demo's: its data are invented, and its keys are known",
            installation.Kind.REAL: "is a real installation's, and a demo would write into it",
        }
        raise SettingsError(f"{where} {others[found]}. Use another one.")


def _require_master_key(settings: Settings, store: Database) -> None:
    try:
        vault = settings.existing_vault
        expected = store.read_now(installation.read_master_key_ids)
        if vault is None:
            vault = _new_vault(settings, expected)
    except MasterKeyError as error:
        raise SettingsError(str(error)) from error
    own = vault.key_id
    if expected - {own} or own != _settled(
        store, installation.read_master_key_id, lambda s: installation.claim_master_key(s, own)
    ):
        given = "PAGEDESK_MASTER_KEY" if settings.master_key else str(settings.master_key_file)
        raise SettingsError(
            f"{given} is not the master key of this database: its id is {own}, and the secrets are encrypted "
            f"with {', '.join(sorted(expected))}. Give that one; with another no secret can be read."
        )


def _new_vault(settings: Settings, expected: frozenset[str]) -> Vault:
    """A key for a new installation on one machine; anywhere else the key has to be given."""
    if expected:
        raise SettingsError(
            "The master key is missing: the database's secrets are encrypted with the one whose id is "
            f"{', '.join(sorted(expected))}. Put its copy back as {settings.master_key_file.absolute()} "
            f"(mode 600), or give it as PAGEDESK_MASTER_KEY. If it is lost for good: `{shown_command()} "
            "new-master-key`."
        )
    if settings.database_url is not None:
        raise SettingsError(
            "PAGEDESK_MASTER_KEY must be given with PAGEDESK_DATABASE_URL, the same on each host. "
            "For a new installation make one: openssl rand -base64 32"
        )
    return settings.vault


def _require_file_store(settings: Settings, store: Database) -> None:
    """Several hosts may use this database: their files must be in one place."""
    if settings.attachment_store_url is None:
        raise SettingsError(
            "PAGEDESK_ATTACHMENT_STORE_URL must be given with PAGEDESK_DATABASE_URL: s3://…, gs://…, az://…, "
            "or file:///… for a folder that all hosts share."
        )
    if not settings.files_url.startswith("file:"):
        return
    marker = Path(unquote(urlsplit(settings.files_url).path)) / _MARKER
    own = _settled(store, installation.read_id, installation.claim_id)
    is_marked = store.read_now(installation.has_file_store)
    try:
        found = marker.read_text().strip() if marker.exists() else None
        if found is None and not is_marked:
            marker.write_text(f"{own}\n")
            store.write_now(installation.note_file_store)
            found = own
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"PAGEDESK_ATTACHMENT_STORE_URL: {marker} cannot be used ({error}).") from error
    if found != own:
        raise SettingsError(
            f"PAGEDESK_ATTACHMENT_STORE_URL: {marker.parent} is not the folder of this installation's files: "
            f"its {_MARKER} {'is missing' if found is None else 'names another'}. Give the folder that all "
            f"hosts share; if the files have moved, copy them all, or write {own} into {_MARKER}."
        )


def _told(error: SQLAlchemyError) -> str:
    """The database's own word, in one line; it names no password."""
    reason = str(error.orig if isinstance(error, DBAPIError) else error)
    return " ".join(reason.split()).strip() or type(error).__name__
