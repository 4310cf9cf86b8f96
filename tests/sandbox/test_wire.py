"""The wire form of deliveries, against the byte-exact sample and its signatures."""

import json

import orjson
import pytest

from sandbox import wire
from support.paths import PAYLOADS

SECRET = "test-app-secret"
SHA256 = "sha256=ac843dfa014e3df732d12a27e32a4e1d39b08d7acdce5f0a11f039c0ef3cb83e"
SHA1 = "sha1=8701c82d23c4619ac1a88560c45e4a8efd98f098"
RE_ENCODED = "sha256=86cbf48b5daa25da9316905131aa7783cf90e63fca1749f131842671a7d187a3"
SAMPLE = (PAYLOADS / "wire_text_unicode_emoji.json").read_bytes()


def test_parsing_and_encoding_gives_metas_bytes_back() -> None:
    assert wire.encode(json.loads(SAMPLE)) == SAMPLE
    assert len(SAMPLE) == 597


def test_the_signatures_are_those_of_the_sample() -> None:
    assert wire.signature_headers(SAMPLE, SECRET) == {"X-Hub-Signature-256": SHA256, "X-Hub-Signature": SHA1}


def test_re_encoding_elsewhere_changes_the_signature() -> None:
    other = orjson.dumps(orjson.loads(SAMPLE))
    assert wire.signature_headers(other, SECRET)["X-Hub-Signature-256"] == RE_ENCODED


@pytest.mark.parametrize(
    ("signature", "names"),
    [
        ("good", {"X-Hub-Signature-256", "X-Hub-Signature"}),
        ("wrong", {"X-Hub-Signature-256", "X-Hub-Signature"}),
        ("missing", set()),
        ("empty", {"X-Hub-Signature-256"}),
        ("sha1_only", {"X-Hub-Signature"}),
    ],
)
def test_a_signature_can_be_spoiled(signature: str, names: set[str]) -> None:
    headers = wire.signature_headers(SAMPLE, SECRET, signature)
    assert set(headers) == names
    assert (headers.get("X-Hub-Signature-256") == SHA256) == (signature == "good")


def test_every_signature_can_be_asked_for() -> None:
    assert set(wire.SIGNATURES) == {"good", "wrong", "missing", "empty", "sha1_only"}
