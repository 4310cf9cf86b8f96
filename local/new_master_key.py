"""`pagedesk new-master-key`: go on after the master key was lost for good."""

from base import clock
from base.secrets import MasterKeyError, Vault, make_master_key
from base.settings import Settings
from local.processes.data_lock import data_directory_lock
from local.start_checks import require_schema
from store.db.database import Database
from store.installation.installation import read_master_key_ids
from store.installation.lost_master_key import Lost, go_on_with_new_key


def replace_lost_master_key(settings: Settings, *, force: bool) -> str:
    """Take the key that is given, or make one, and forget what the lost one has sealed; what to do then.

    Refused while the key that is given opens the secrets, unless forced. Raises MasterKeyError,
    AlreadyRunningError and SettingsError.
    """
    with data_directory_lock(settings.data_dir):
        require_schema(settings)
        store = Database(settings.store_url)
        try:
            expected = store.read_now(read_master_key_ids)
            if not expected:
                raise MasterKeyError("This installation has no master key yet. The first start makes one.")
            vault = _new_vault(settings, expected, force=force)
            lost = store.write_now(lambda session: go_on_with_new_key(session, vault, clock.now()))
        finally:
            store.close()
    return "\n".join(_told(settings, vault, lost))


def _new_vault(settings: Settings, expected: frozenset[str], *, force: bool) -> Vault:
    """The vault of the new key: a setting's, a file's, or of one that is made now."""
    given, file = settings.existing_vault, settings.master_key_file
    if given is not None and given.key_id not in expected:
        return given
    if given is not None and not force:
        raise MasterKeyError(
            f"The master key is not lost: the one that is given, {given.key_id}, opens the secrets. "
            "Nothing was changed. To forget all secrets all the same: --force."
        )
    if settings.master_key is not None or settings.database_url is not None:
        raise MasterKeyError(
            "Nothing was changed. Give a new key as PAGEDESK_MASTER_KEY, the same on each host, then run "
            "this again. Make one: openssl rand -base64 32"
        )
    if given is not None:
        file.rename(file.with_name(f"{file.name}.{given.key_id}"))
    return Vault(make_master_key(file))


def _told(settings: Settings, vault: Vault, lost: Lost) -> list[str]:
    consequence = (
        "No message and no conversation was changed. Nothing is sent for these pages, and Meta is asked to "
        "repeat what it delivers, until these are saved anew:"
    )
    where = "PAGEDESK_MASTER_KEY" if settings.master_key else str(settings.master_key_file.absolute())
    return [
        f"The master key is now {vault.key_id}: {where}. Keep a copy of it in another place.",
        consequence,
        *(
            f"  account {id_} ({name}): the app secret, PATCH /v1/accounts/{id_}"
            for id_, name in lost.accounts
        ),
        *(
            f"  page {id_} ({name}): an access token, POST /v1/pages/{id_}/reauthorize"
            for id_, name in lost.pages
        ),
        *(
            f"  erasure {id_} remains incomplete: who it was for is not known any more (docs/running.md)"
            for id_ in lost.incomplete_erasures
        ),
    ]
