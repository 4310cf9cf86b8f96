"""Meta's `signed_request`: `<signature>.<payload>`, both base64url, signed with the app secret.

The signature is the HMAC-SHA256 of the payload as it came, and is checked before anything in it is used
(Meta, "Data Deletion Request Callback", parsing the request).
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from messenger.json_parser import identifier, integer

MAX_AGE = timedelta(days=7)
_MAX_CLOCK_SKEW = timedelta(minutes=10)
_ALGORITHM = "HMAC-SHA256"
_PART = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_MAX_CHARACTERS = 4096


class BadSignedRequestError(Exception):
    """Not a request that Meta has signed, or not one of today. Says which, and repeats nothing of it."""


@dataclass(frozen=True, slots=True, repr=False)
class DeletionRequest:
    """Who wants their data deleted: `user_id` is the person's id for the app, no PSID."""

    user_id: str
    issued_at: datetime


def read_deletion_request(text: str, secrets: Sequence[bytes], now: datetime) -> DeletionRequest:
    """What the signed request says; raises BadSignedRequestError. An empty secret signs nothing."""
    parts = text.split(".")
    if len(text) > _MAX_CHARACTERS or len(parts) != 2 or not all(map(_PART.fullmatch, parts)):  # noqa: PLR2004 - both
        raise BadSignedRequestError("It is not two parts of base64url with a dot between.")
    signature, payload = parts[0], parts[1]
    _require_signed(_decoded(signature), payload.encode(), secrets)
    try:
        said = json.loads(_decoded(payload))
    except (ValueError, RecursionError) as error:
        raise BadSignedRequestError("Its payload is no JSON.") from error
    if not isinstance(said, dict) or str(said.get("algorithm", "")).upper() != _ALGORITHM:
        raise BadSignedRequestError(f"Its algorithm is not {_ALGORITHM}.")
    user_id = identifier(said.get("user_id"))
    if user_id is None or not user_id.isascii() or not user_id.isdecimal():
        raise BadSignedRequestError("It names nobody.")
    return DeletionRequest(user_id, _issued_at(integer(said.get("issued_at")), now))


def _require_signed(signature: bytes, payload: bytes, secrets: Sequence[bytes]) -> None:
    """Takes equally long for every signature."""
    matches = False
    for secret in secrets:
        if secret:
            matches |= hmac.compare_digest(signature, hmac.digest(secret, payload, "sha256"))
    if not matches:
        raise BadSignedRequestError("Its signature is wrong.")


def _issued_at(seconds: int | None, now: datetime) -> datetime:
    try:
        issued_at = datetime.fromtimestamp(seconds or 0, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadSignedRequestError("It tells no time.") from error
    if not now - MAX_AGE <= issued_at <= now + _MAX_CLOCK_SKEW:
        raise BadSignedRequestError("It was not issued in the last days.")
    return issued_at


def _decoded(part: str) -> bytes:
    bare = part.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise BadSignedRequestError("It is not two parts of base64url with a dot between.") from error
