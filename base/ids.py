"""Our own identifiers: 32 hexadecimal digits, opaque to everybody."""

import secrets
import uuid

_MESSAGE_NAMESPACE = uuid.UUID("5c5a0a1e-3f0b-4a39-9d7e-6f1f5f6d1c11")


def new_id() -> str:
    """A fresh random id."""
    return uuid.uuid4().hex


def id_from_key(*parts: str) -> str:
    """The id that an idempotency key stands for: the same parts always give the same id."""
    return uuid.uuid5(_MESSAGE_NAMESPACE, "\x1f".join(parts)).hex


def new_secret(prefix: str) -> str:
    """A 256-bit random secret; the prefix lets leak scanners recognise it."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"
