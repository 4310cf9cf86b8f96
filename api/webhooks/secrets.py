"""The secrets of accounts as the webhook needs them: in memory, so that no delivery waits for the store.

A known account is refreshed in the background, so a new secret holds after `_FRESH_SECONDS`; while the store
is away the last known secrets go on. A caller waits only for an unknown account, and, while secrets are
rotated, for a refresh that is due.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from api.http.fields import is_id
from base import clock
from base.log import get_logger
from base.secrets import SecretUnreadableError, Vault
from store.db.database import Database
from store.db.refusals import StoreRefusalError
from store.pages.accounts import note_callback_verified, signing_secrets, verify_token
from store.tables import Account

_FRESH_SECONDS = 5.0

_log = get_logger("api")


class SecretsUnavailableError(Exception):
    """The account is not known in memory and the store cannot be asked."""


@dataclass(frozen=True, slots=True, repr=False)
class _Known:
    app_secrets: tuple[bytes, ...] | None
    verify_token: str | None
    read_at: float


class AccountSecrets:
    """A small cache over the account table. The two that read raise SecretsUnavailableError."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._known: dict[str, _Known] = {}
        self._refreshing: dict[str, asyncio.Task[_Known]] = {}

    async def app_secrets(self, account_id: str) -> Sequence[bytes] | None:
        """The secrets that sign deliveries now; None for an unknown account."""
        return (await self._get(account_id)).app_secrets if is_id(account_id) else None

    async def verify_token(self, account_id: str) -> str | None:
        """The token of the verify handshake, read from the store each time: Meta asks at once."""
        return (await self._refresh(account_id)).verify_token if is_id(account_id) else None

    async def note_verified(self, account_id: str) -> None:
        """Remember that Meta has verified the callback. The handshake succeeds without."""
        now = clock.now()
        try:
            await self._database.write(lambda session: note_callback_verified(session, account_id, now))
        except (SQLAlchemyError, StoreRefusalError) as error:
            _log.warning("callback_not_noted", account_id=account_id, error=type(error).__name__)

    async def _get(self, account_id: str) -> _Known:
        known = self._known.get(account_id)
        if known is None or known.app_secrets is None:
            return await self._refresh(account_id)
        if time.monotonic() - known.read_at > _FRESH_SECONDS:
            refreshing = self._refresh(account_id)
            if len(known.app_secrets) > 1:  # while secrets are rotated, the old one must end when it ends
                return await refreshing
        return known

    def _refresh(self, account_id: str) -> asyncio.Task[_Known]:
        task = self._refreshing.get(account_id)
        if task is None:
            task = asyncio.create_task(self._read(account_id))
            self._refreshing[account_id] = task
            task.add_done_callback(lambda _: self._refreshing.pop(account_id))
        return task

    async def _read(self, account_id: str) -> _Known:
        try:
            known = await self._database.read(lambda session: self._load(session, account_id))
        except SQLAlchemyError as error:
            _log.warning("account_secrets_unreadable", account_id=account_id, error=type(error).__name__)
            if account_id not in self._known:
                raise SecretsUnavailableError from error
            return self._known[account_id]
        except SecretUnreadableError as error:
            # The wrong key, or a damaged row: what was read before may be out of date as well.
            self._known.pop(account_id, None)
            _log.error("account_secrets_unreadable", account_id=account_id, error=str(error))
            raise SecretsUnavailableError from error
        if known.app_secrets is not None:
            self._known[account_id] = known
        else:
            self._known.pop(account_id, None)
        return known

    def _load(self, session: Session, account_id: str) -> _Known:
        account = session.get(Account, account_id)
        if account is None or account.deleted_at is not None:
            return _Known(None, None, time.monotonic())
        token = verify_token(self._vault, account)
        secrets = signing_secrets(self._vault, account, clock.now())
        return _Known(secrets, token, time.monotonic())
