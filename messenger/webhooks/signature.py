"""The signature of a webhook delivery: `X-Hub-Signature-256: sha256=<hex of HMAC-SHA256(app secret, body)>`.

Meta signs the exact bytes of the body (docs/reference/messenger-webhooks.md), so a body must never be parsed
and rebuilt before it is checked. The older header with SHA-1 is not looked at.
"""

import hmac
import re
from collections.abc import Sequence

_PREFIX = b"sha256="
_FORM = re.compile(rb"sha256=[0-9a-fA-F]{64}")


def sign(body: bytes, secret: bytes | str) -> str:
    """The header value that Meta would send with `body`."""
    key = secret.encode() if isinstance(secret, str) else secret
    return "sha256=" + hmac.digest(key, body, "sha256").hex()


def is_well_formed(header: bytes) -> bool:
    """Whether a header could be a signature at all: the prefix and 64 hex digits."""
    return _FORM.fullmatch(header) is not None


def is_signed(body: bytes, header: bytes | None, secrets: Sequence[bytes]) -> bool:
    """Whether `header` signs `body` with one of the secrets: the current one, and the previous in a rotation.

    False without a header, without a secret, and for a header of any other form. Hex digits are accepted in
    upper case too: they say the same, and a proxy may have changed them. The prefix must be in lower case.
    Takes equally long for every header of the right form.
    """
    if header is None or not is_well_formed(header):
        return False
    given = header[len(_PREFIX) :].lower()
    matches = False
    for secret in secrets:
        if secret:
            matches |= hmac.compare_digest(given, hmac.digest(secret, body, "sha256").hex().encode())
    return matches
