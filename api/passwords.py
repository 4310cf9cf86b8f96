"""Passwords: Argon2id in threads, and what a password must be."""

import asyncio
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.problems import Problem

MIN_LENGTH = 8
MAX_LENGTH = 200

# OWASP's first choice for Argon2id: 19 MiB, two passes, one lane; about 20 ms.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE = 4

# Verified against for unknown addresses, so that they take as long as known ones.
_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$RLlEcnrndLoJfIYO9VJpJA$eEDa7BffTAp/qwQYkaKV5481BL8YSvL9xhIarX9ilDY"

_COMMON = frozenset(Path(__file__).with_name("common_passwords.txt").read_text().split())


class Passwords:
    """Hashes and verifies, a few at once: each takes 19 MiB."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str) -> str:
        """The hash to store."""
        async with self._slots:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; False, after the same time, when there is none."""
        async with self._slots:
            right = await asyncio.to_thread(_verify, stored or _NOBODYS, password)
        return right and stored is not None


def refuse_weak(password: str, *, email: str | None) -> None:
    """Refuse what is guessed first. Length is checked with the input."""
    plain = password.lower()
    own = (email or "").partition("@")[0].lower()
    if plain in _COMMON or len(set(plain)) < 4 or (own and plain.strip("0123456789!.") == own):  # noqa: PLR2004 - "aaaabbbb" is no password
        raise Problem("weak_password")


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
