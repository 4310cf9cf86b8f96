"""The signature over the raw bytes of a delivery."""

import json

import pytest

from messenger.webhooks.signature import is_signed, sign
from support.paths import PAYLOADS

BODY = (PAYLOADS / "wire_text_unicode_emoji.json").read_bytes()
SECRET = b"test-app-secret"
SIGNATURE = b"sha256=ac843dfa014e3df732d12a27e32a4e1d39b08d7acdce5f0a11f039c0ef3cb83e"
OF_THE_REBUILT_BODY = b"sha256=86cbf48b5daa25da9316905931aa7783cf90e63fca1749f131842671a7d187a3"
DIGITS = SIGNATURE.removeprefix(b"sha256=")


def test_the_published_vector_is_accepted() -> None:
    assert sign(BODY, SECRET) == SIGNATURE.decode()
    assert sign(BODY, SECRET.decode()) == SIGNATURE.decode()
    assert is_signed(BODY, SIGNATURE, [SECRET])


def test_the_signature_of_a_rebuilt_body_is_refused() -> None:
    rebuilt = json.dumps(json.loads(BODY), separators=(",", ":"), ensure_ascii=False).encode()
    assert rebuilt != BODY
    assert not is_signed(BODY, OF_THE_REBUILT_BODY, [SECRET])
    assert not is_signed(rebuilt, SIGNATURE, [SECRET])


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"sha256=",
        SIGNATURE[:-1],
        SIGNATURE + b"0",
        DIGITS,
        b"sha1=8701c82d23c4619ac1a88560c45e4a8efd98f098",
        b"sha1=00" + DIGITS,
        b"SHA256=" + DIGITS,
        b" " + SIGNATURE[:-1],
        b"sha256=" + b"\xff" * 64,
        b"sha256=" + "é".encode() * 32,
        b"sha256=" + b"g" * 64,
        b"sha256=" + b"0" * 64,
    ],
    ids=lambda header: repr(header)[:24],
)
def test_any_other_header_is_refused(header: bytes | None) -> None:
    assert not is_signed(BODY, header, [SECRET])


def test_upper_case_digits_say_the_same() -> None:
    assert is_signed(BODY, b"sha256=" + DIGITS.upper(), [SECRET])


@pytest.mark.parametrize("position", [0, len(BODY) // 2, len(BODY) - 1])
def test_one_changed_byte_is_refused(position: int) -> None:
    changed = bytearray(BODY)
    changed[position] ^= 1
    assert not is_signed(bytes(changed), SIGNATURE, [SECRET])


def test_another_apps_secret_is_refused() -> None:
    assert not is_signed(BODY, SIGNATURE, [b"another-app-secret"])


def test_during_a_rotation_either_secret_signs() -> None:
    assert is_signed(BODY, SIGNATURE, [b"new-secret", SECRET])
    assert is_signed(BODY, SIGNATURE, [SECRET, b"old-secret"])


def test_without_a_secret_nothing_is_signed() -> None:
    assert not is_signed(BODY, SIGNATURE, [])
    assert not is_signed(BODY, sign(BODY, b"").encode(), [b""])


def test_bytes_are_signed_as_they_are() -> None:
    raw_utf8 = '{"text":"héllo 👋"}'.encode()
    escaped = json.dumps(json.loads(raw_utf8)).encode()
    assert is_signed(raw_utf8, sign(raw_utf8, SECRET).encode(), [SECRET])
    assert is_signed(escaped, sign(escaped, SECRET).encode(), [SECRET])
    assert not is_signed(raw_utf8, sign(escaped, SECRET).encode(), [SECRET])
    assert is_signed(b"", sign(b"", SECRET).encode(), [SECRET])
