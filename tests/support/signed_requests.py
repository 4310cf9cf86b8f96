"""Signed requests as Meta makes them."""

import base64
import hmac
import json
from datetime import datetime
from typing import Any


def base64url(content: bytes) -> str:
    """Without padding, as Meta writes it."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def signed_request(secret: str, user_id: Any, at: datetime | None, **more: Any) -> str:
    """`<signature>.<payload>`; None leaves a member out."""
    said = {
        "algorithm": "HMAC-SHA256",
        "issued_at": None if at is None else int(at.timestamp()),
        "user_id": user_id,
        **more,
    }
    return signed({name: value for name, value in said.items() if value is not None}, secret)


def signed(payload: Any, secret: str) -> str:
    """Any payload, signed."""
    encoded = base64url(json.dumps(payload).encode())
    return f"{base64url(hmac.digest(secret.encode(), encoded.encode(), 'sha256'))}.{encoded}"
