"""Slowing down who guesses passwords, so that nobody can turn it against the owner of an account.

Tries are counted over all API processes:

- of a device on which the account has signed in before: by themselves, whatever others do;
- of any other: for the account from this source, for the source, and, far more of them, for the account from
  everywhere. One source alone can close an account for nobody but itself.

A source is an address, or an IPv6 network of one line. A proxy that is not trusted stands for many people:
what it forwards is not counted for the account from there, and it may have more tries itself.
"""

import hmac
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from starlette.requests import Request

from api.http.dependencies import from_app
from api.http.problems import Problem
from base import clock
from base.http.proxies import source_of_address, untrusted_proxy
from base.ids import new_id
from base.secrets import Vault
from store.access import sign_in_tries
from store.access.sign_in_tries import TryLimit
from store.db.database import Database

DEVICE_PREFIX = "pdd"
DEVICE_LIFETIME = timedelta(days=180)

FROM_A_KNOWN_DEVICE = TryLimit(10, timedelta(minutes=5))
ON_AN_ACCOUNT_FROM_A_SOURCE = TryLimit(5, timedelta(minutes=5))
FROM_A_SOURCE = TryLimit(20, timedelta(minutes=5))
FROM_AN_UNTRUSTED_PROXY = TryLimit(200, timedelta(minutes=5))
ON_AN_ACCOUNT = TryLimit(100, timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Try:
    """One try. A success forgets what is counted for `key`. `device`: its id, where the device is known."""

    id: str
    email: str
    key: str | None
    device: str | None


class SignInThrottle:
    """Counts tries that were not successes. A try counts when it begins, so parallel ones gain nothing."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def begin(self, request: Request, email: str, device_token: str | None = None) -> Try:
        """Count a try, or refuse it: also with the right password, or the answer would tell."""
        now, id_ = clock.process_now(), new_id()
        device = self._device_of(device_token, email, now) if device_token else None
        limits, forgotten = self._limits(request, email, device)
        # Asked first by reading alone: a flood of tries must not keep writers waiting.
        _refuse(await self._database.read(lambda s: sign_in_tries.remaining_wait(s, limits, now)))
        _refuse(await self._database.write(lambda s: sign_in_tries.begin(s, limits, id_, now)))
        return Try(id_, email, forgotten, device)

    async def record_success(self, tried: Try) -> str:
        """Take the try back, and what is counted for the account from there; the device's new token."""
        await self._database.write(lambda s: sign_in_tries.forget(s, try_id=tried.id, key=tried.key))
        return self._token_of(tried.device or new_id(), tried.email, clock.process_now())

    def _limits(
        self, request: Request, email: str, device: str | None
    ) -> tuple[dict[str, TryLimit], str | None]:
        """What this try is counted for, and for which of it a success forgets all tries."""
        if device is not None:
            of_device = self._key("device", device)
            return {of_device: FROM_A_KNOWN_DEVICE}, of_device
        address = request.client.host if request.client else ""
        source = source_of_address(address)
        account, place = self._key("account", email), self._key("source", source)
        if untrusted_proxy(address, request.scope["headers"]) is not None:
            return {account: ON_AN_ACCOUNT, place: FROM_AN_UNTRUSTED_PROXY}, None
        both = self._key("account from source", f"{email}\x1f{source}")
        limits = {both: ON_AN_ACCOUNT_FROM_A_SOURCE, place: FROM_A_SOURCE, account: ON_AN_ACCOUNT}
        return limits, both

    def _key(self, place: str, value: str) -> str:
        return self._vault.fingerprint(value, f"sign-in try: {place}")

    def _token_of(self, device: str, email: str, now: datetime) -> str:
        facts = f"{device}.{int(now.timestamp())}"
        return f"{DEVICE_PREFIX}_{facts}.{self._vault.fingerprint(f'{facts}.{email}', 'sign-in device')}"

    def _device_of(self, token: str, email: str, now: datetime) -> str | None:
        """The id of the device, if the account has signed in on it, not too long ago."""
        device, _, rest = token.removeprefix(f"{DEVICE_PREFIX}_").partition(".")
        signed_in_at, _, _ = rest.partition(".")
        if not (signed_in_at.isascii() and signed_in_at.isdigit()) or len(signed_in_at) > 12:  # noqa: PLR2004
            return None
        at = datetime.fromtimestamp(int(signed_in_at), now.tzinfo)
        expected = self._token_of(device, email, at)
        if not hmac.compare_digest(expected.encode(), token.encode()) or now - at > DEVICE_LIFETIME:
            return None
        return device


def _refuse(wait: timedelta) -> None:
    if wait > timedelta(0):
        raise Problem("too_many_attempts", headers={"Retry-After": str(math.ceil(wait.total_seconds()))})


SignInThrottleDep = Annotated[SignInThrottle, from_app("sign_in_throttle")]
