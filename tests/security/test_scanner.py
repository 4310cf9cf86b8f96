"""The scanner behind the canaries finds what is there, or its silence would say nothing."""

import base64
import json
from urllib.parse import quote

import pytest

from support.canaries import found

SECRET = "EAA/canary+token==é"


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(4))
def test_it_finds_a_secret_in_base64_whatever_stands_around_it(before: int, after: int) -> None:
    hidden = b"x" * before + SECRET.encode() + b"y" * after
    for encoded in (base64.b64encode(hidden), base64.urlsafe_b64encode(hidden)):
        assert found({"token": SECRET}, {"place": encoded}) == ["token in place"]


@pytest.mark.parametrize(
    "written",
    [
        SECRET.encode(),
        json.dumps(SECRET).encode(),
        quote(SECRET, safe="").encode(),
        SECRET.encode().hex().encode(),
    ],
    ids=["plain", "JSON", "URL", "hex"],
)
def test_it_finds_a_secret_in_every_form(written: bytes) -> None:
    assert found({"token": SECRET}, {"log": b"before " + written + b" after"}) == ["token in log"]


def test_it_finds_nothing_in_what_is_only_like_it() -> None:
    assert found({"token": SECRET}, {"log": SECRET[:-1].encode() + b"e"}) == []
