"""Passwords: Argon2id in threads, and what a password must be."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Annotated

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from api.http.dependencies import from_app
from api.http.problems import Problem

MIN_LENGTH = 8
MAX_LENGTH = 200

# OWASP's first choice for Argon2id: 19 MiB, two passes, one lane; about 20 ms.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE = 4
MAX_WAITING = 32

# Verified against for unknown addresses, so that they take as long as known ones.
_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$RLlEcnrndLoJfIYO9VJpJA$eEDa7BffTAp/qwQYkaKV5481BL8YSvL9xhIarX9ilDY"

MIN_GUESSES = 1_000_000
"""So many guesses a password must be worth: far more than the throttle lets through in a year."""

_EXAMINED_LENGTH = 40  # What is easy to guess is so at its beginning; the time grows faster than the length.
_OURS = ("pagedesk", "facebook", "messenger", "customer", "service", "support")


class Passwords:
    """Hashes and verifies, a few at once: each takes 19 MiB. Few may wait; who is over is to come again."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def hash_new(self, password: str, *, known: Iterable[str | None]) -> str:
        """The hash to store of a new password; raises the problem `weak_password`.

        `known` is what others know of the person, such as the address: it is guessed first.
        """
        inputs = [*_OURS, *(each for each in known if each)]
        async with self._slot():
            if await asyncio.to_thread(_guesses, password, inputs) < MIN_GUESSES:
                raise Problem("weak_password")
            return await asyncio.to_thread(_HASHER.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; False, after the same time, when there is none."""
        async with self._slot():
            right = await asyncio.to_thread(_verify, stored or _NOBODYS, password)
        return right and stored is not None

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        if self._waiting >= MAX_WAITING:
            raise Problem("too_many_requests", headers={"Retry-After": "1"})
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._slots.release()


def _guesses(password: str, known: list[str]) -> float:
    """How many guesses the password is worth, by zxcvbn: common passwords and words, names, keys in a row."""
    parts = [part for each in known for part in (each, *each.replace("@", " ").replace(".", " ").split())]
    return float(zxcvbn(password[:_EXAMINED_LENGTH], user_inputs=parts)["guesses"])


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


PasswordsDep = Annotated[Passwords, from_app("passwords")]
