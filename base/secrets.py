"""Encryption at rest: AES-256-GCM, the place a secret belongs to bound in as associated data.

A sealed secret is `v1.<key id>.<base64url of nonce and ciphertext>`. Moving a sealed value to another row or
column makes it unreadable (docs/security.md, rows 32 and 33).
"""

import base64
import hashlib
import hmac
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES = 32
_NONCE_BYTES = 12


_MAX_KEY_FILE_BYTES = 1000
_NOT_A_KEY = "must be base64 of 32 bytes"


class SecretUnreadableError(Exception):
    """A sealed secret cannot be opened: wrong master key, or the value was moved or damaged."""

    says_no_values = True


class MasterKeyError(Exception):
    """There is no master key that may be used. The message is for the operator."""


class Vault:
    """Seals and opens secrets with one master key."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != _KEY_BYTES:
            raise ValueError("The master key must be 32 bytes.")
        self._aead = AESGCM(master_key)
        self._fingerprint_key = hmac.digest(master_key, b"pagedesk fingerprints", "sha256")
        self._key_id = hashlib.sha256(b"pagedesk key id" + master_key).hexdigest()[:8]

    @property
    def key_id(self) -> str:
        """Which master key this is; it tells nothing about the key."""
        return self._key_id

    def seal(self, secret: str, place: str) -> str:
        """Encrypt `secret` for `place`, for example `page:access_token:123`."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._aead.encrypt(nonce, secret.encode(), place.encode())
        return f"v1.{self.key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def fingerprint(self, value: str, place: str) -> str:
        """43 URL-safe characters: the same for a value and place, not to be guessed without the key."""
        digest = hmac.digest(self._fingerprint_key, f"{place}\x1f{value}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    @staticmethod
    def key_id_of(sealed: str) -> str | None:
        """The id of the key that a secret was sealed with; None for what is no sealed secret."""
        parts = sealed.split(".", 2)
        return parts[1] if len(parts) == 3 else None  # noqa: PLR2004 - version, key id, content

    def open(self, sealed: str, place: str) -> str:
        """Decrypt what was sealed for `place`; raises SecretUnreadableError."""
        try:
            version, key_id, body = sealed.split(".", 2)
            raw = base64.urlsafe_b64decode(body)
            if version != "v1" or key_id != self.key_id:
                raise SecretUnreadableError(f"The secret at {place} was sealed with another master key.")
            return self._aead.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode()).decode()
        except (ValueError, InvalidTag) as error:
            raise SecretUnreadableError(f"The secret at {place} is damaged or out of place.") from error


def decode_master_key(text: str) -> bytes:
    """The 32 bytes of a key in base64; raises ValueError."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError as error:
        raise ValueError(_NOT_A_KEY) from error
    if len(key) != _KEY_BYTES:
        raise ValueError(_NOT_A_KEY)
    return key


def read_master_key(file: Path) -> bytes | None:
    """The key in the file; None where there is no file. Raises MasterKeyError, whose message has the remedy.

    A key that others could read may be known to them, so its file must be its owner's alone.
    """
    try:
        with file.open() as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            text = stream.read(_MAX_KEY_FILE_BYTES)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise MasterKeyError(f"The master key {file} cannot be read ({type(error).__name__}).") from error
    if mode & 0o077:
        raise MasterKeyError(
            f"The master key {file} can be read or changed by others (its mode is {mode:03o}). "
            f"If nobody else has been on this machine: chmod 600 {file}"
        )
    try:
        return decode_master_key(text)
    except ValueError as error:
        raise MasterKeyError(
            f"{file} is damaged: it must hold base64 of 32 bytes. Put a backup back."
        ) from error


def make_master_key(file: Path) -> bytes:
    """A new key in the file (0600); the one that is there, if another process has just made it."""
    _create_private_file(file, base64.b64encode(os.urandom(_KEY_BYTES)))
    made = read_master_key(file)
    if made is None:
        raise MasterKeyError(f"The master key {file} has gone again.")
    return made


def _create_private_file(file: Path, content: bytes) -> None:
    """Create the file with its whole content or not at all; another process may win the race."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
