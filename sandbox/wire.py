"""The form in which Meta puts a webhook delivery on the wire, and its signatures."""

import hashlib
import hmac
import json
from typing import Any

SIGNATURES = ("good", "wrong", "missing", "sha1_only", "empty")


def encode(body: Any) -> bytes:
    r"""Compact JSON, non-ASCII as `\uxxxx` in lower-case hex, `/` as `\/`."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def signature_headers(body: bytes, app_secret: str, signature: str = "good") -> dict[str, str]:
    """The two signature headers over the raw bytes; other values of `SIGNATURES` spoil them on purpose."""
    if signature == "missing":
        return {}
    if signature == "empty":
        return {"X-Hub-Signature-256": ""}
    key = (app_secret if signature != "wrong" else app_secret + "-not").encode()
    headers = {"X-Hub-Signature": "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest()}
    if signature != "sha1_only":
        headers["X-Hub-Signature-256"] = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
    return headers
