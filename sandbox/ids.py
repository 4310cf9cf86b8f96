"""Identifiers in the shapes Meta gives them: opaque, and repeatable from a seed."""

import base64
import random


class Ids:
    """A seeded source of ids. Without a seed every start differs."""

    def __init__(self, seed: str | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311 - invented ids, repeatable on purpose

    def mid(self) -> str:
        """A message id: `m_` and 86 base64url characters."""
        return "m_" + self._token(64)

    def trace(self) -> str:
        """An `fbtrace_id`."""
        return "A" + self._token(16)

    def psid(self) -> str:
        """A page-scoped id of 16 digits."""
        return str(self._random.randrange(4 * 10**15, 9 * 10**15))

    def number(self) -> str:
        """Any other numeric id (attachments, conversations, challenges): 16 digits."""
        return str(self._random.randrange(10**15, 9 * 10**15))

    def shuffle(self, items: list[int], seed: int | None) -> None:
        """Shuffle in place, by a seed of its own if one is given."""
        source = self._random if seed is None else random.Random(seed)  # noqa: S311 - as above
        source.shuffle(items)

    def _token(self, size: int) -> str:
        return base64.urlsafe_b64encode(self._random.randbytes(size)).rstrip(b"=").decode()
