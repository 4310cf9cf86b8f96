"""What `/readyz` asks of the master key: is it the one with which the secrets in the store are encrypted."""

from base.settings import Settings
from store.db.database import Database
from store.installation.installation import read_master_key_ids


class WrongMasterKeyError(Exception):
    """The store's secrets are encrypted with another key, so no webhook's signature can be checked."""


async def check_master_key(store: Database, settings: Settings) -> None:
    """Raise WrongMasterKeyError where the store holds secrets of another key."""
    if await store.read(read_master_key_ids) - {settings.vault.key_id}:
        raise WrongMasterKeyError
