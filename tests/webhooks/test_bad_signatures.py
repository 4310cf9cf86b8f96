"""W06 to W17 of docs/reference/bad-input.md: what is not signed is answered 401 and leaves nothing behind."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox import wire
from support.accounts import OTHER_SECRET
from support.deliveries import body_of, new_psid, text_event, with_raw
from support.paths import PAYLOADS
from support.store import ACCOUNT, APP_SECRET
from support.way_in import WayIn

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAME = "X-Hub-Signature-256"
LEGACY = "X-Hub-Signature"

Headers = Callable[[bytes], Any]


def signature(body: bytes, secret: str = APP_SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def legacy(body: bytes) -> str:
    return "sha1=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha1).hexdigest()


REFUSED: list[Any] = [
    pytest.param(lambda _: {}, id="W06"),
    pytest.param(lambda _: {NAME: ""}, id="W07"),
    pytest.param(lambda _: {NAME: "sha256="}, id="W07-prefix-alone"),
    pytest.param(lambda body: {NAME: signature(body)[:-1]}, id="W08-63"),
    pytest.param(lambda body: {NAME: signature(body) + "0"}, id="W08-65"),
    pytest.param(lambda body: {NAME: signature(body).removeprefix("sha256=")}, id="W08-no-prefix"),
    pytest.param(lambda _: {NAME: "sha256=" + "x" * 64}, id="W08-no-hex"),
    pytest.param(lambda body: {NAME: signature(body).upper()}, id="W09-upper-case-prefix"),
    pytest.param(lambda body: {LEGACY: legacy(body)}, id="W10"),
    pytest.param(lambda body: {NAME: legacy(body)}, id="W10-in-the-new-header"),
    pytest.param(lambda body: [(NAME, signature(body)), (NAME, signature(body))], id="W11-twice-the-same"),
    pytest.param(lambda body: [(NAME, signature(body, "x")), (NAME, signature(body))], id="W11-one-right"),
    pytest.param(lambda body: {NAME: f"{signature(body)}, {signature(body)}"}, id="W11-in-one-line"),
    pytest.param(lambda body: {NAME: signature(body, OTHER_SECRET)}, id="W12"),
    pytest.param(lambda body: {NAME: signature(body, "")}, id="W12-empty-secret"),
    pytest.param(lambda body: {NAME: signature(body[:-1] + b" ")}, id="W13"),
    pytest.param(lambda body: {NAME: signature(body + b"\n")}, id="W13-one-byte-more"),
    pytest.param(lambda body: {NAME: b"sha256=\xff\xe9" + signature(body).encode()[9:]}, id="W17"),
    pytest.param(lambda body: {NAME: "é".encode() + signature(body).encode()}, id="W17-in-front"),
]


@pytest.mark.parametrize("headers", REFUSED)
async def test_what_is_not_rightly_signed_is_refused_and_leaves_nothing(
    way_in: WayIn, headers: Headers
) -> None:
    body = body_of(text_event(new_psid()))
    await way_in.refused(body, headers(body))


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(
            lambda body: {NAME: "sha256=" + signature(body).removeprefix("sha256=").upper()}, id="W09"
        ),
        pytest.param(lambda body: {NAME: signature(body), LEGACY: "sha1=" + "0" * 40}, id="W10-beside-it"),
    ],
)
async def test_upper_case_hex_is_accepted_and_the_legacy_header_not_looked_at(
    way_in: WayIn, headers: Headers
) -> None:
    body = body_of(text_event(new_psid()))
    assert len((await way_in.take(body, headers(body))).messages) == 1


@pytest.mark.parametrize("account", [pytest.param("nobody", id="W12-no-account")])
async def test_an_unknown_address_is_not_found(way_in: WayIn, account: str) -> None:
    body, before = body_of(text_event(new_psid())), await way_in.newest()
    path = way_in.path.replace(ACCOUNT, account)
    assert (await way_in.post(body, path=path)).status_code == 404
    assert await way_in.newest() == before


REBUILT = [
    pytest.param(lambda value: json.dumps(value, indent=2).encode(), id="W14"),
    pytest.param(lambda value: json.dumps(value).encode(), id="W14-spaces"),
    pytest.param(
        lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), id="W14-utf-8"
    ),
]


@pytest.mark.parametrize("rebuild", REBUILT)
async def test_a_signature_holds_for_the_bytes_that_were_signed_not_for_the_same_json(
    way_in: WayIn, rebuild: Callable[[Any], bytes]
) -> None:
    signed = (PAYLOADS / "wire_text_unicode_emoji.json").read_bytes()
    await way_in.refused(rebuild(json.loads(signed)), wire.signature_headers(signed, APP_SECRET))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(rb'"caf\u00e9 \ud83d\udc4b \/"', id="W15-escaped"),
        pytest.param('"café 👋 /"'.encode(), id="W15-raw"),
    ],
)
async def test_text_is_the_same_escaped_and_as_raw_utf_8_each_signed_over_its_own_bytes(
    way_in: WayIn, text: bytes
) -> None:
    body = with_raw("TEXT", text, body_of(text_event(new_psid(), text="TEXT")))
    (message,) = (await way_in.take(body)).messages
    assert message.text == "café 👋 /"
