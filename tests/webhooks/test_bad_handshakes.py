"""W01 to W05 of docs/reference/bad-input.md: the verify handshake."""

from typing import Any

import pytest

from support.way_in import WayIn

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "verify-me"


def query(**changes: Any) -> dict[str, Any]:
    given = {"mode": "subscribe", "verify_token": TOKEN, "challenge": "1158201444", **changes}
    return {f"hub.{name}": value for name, value in given.items() if value is not None}


async def test_the_right_token_gets_the_challenge_back(way_in: WayIn) -> None:
    answer = await way_in.http.get(way_in.path, params=query())
    assert (answer.status_code, answer.text) == (200, "1158201444")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("verify-you", id="W01"),
        pytest.param("", id="W01-empty"),
        pytest.param(None, id="W01-absent"),
        pytest.param("verify-mé", id="W05"),
        pytest.param(b"\xff\xfe", id="W05-no-utf-8"),
    ],
)
async def test_a_wrong_token_is_forbidden(way_in: WayIn, token: Any) -> None:
    answer = await way_in.http.get(way_in.path, params=query(verify_token=token))
    assert answer.status_code == 403
    assert "1158201444" not in answer.text


@pytest.mark.parametrize("mode", [pytest.param("unsubscribe", id="W02"), pytest.param(None, id="W02-absent")])
async def test_another_mode_is_forbidden(way_in: WayIn, mode: str | None) -> None:
    assert (await way_in.http.get(way_in.path, params=query(mode=mode))).status_code == 403


@pytest.mark.parametrize(
    "challenge",
    [
        pytest.param("<script>alert(1)</script>", id="W03"),
        pytest.param("<html><body onload=alert(1)>", id="W03-html"),
    ],
)
async def test_a_challenge_that_is_a_script_comes_back_as_plain_text(way_in: WayIn, challenge: str) -> None:
    answer = await way_in.http.get(way_in.path, params=query(challenge=challenge))
    assert (answer.status_code, answer.text) == (200, challenge)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    "params",
    [
        pytest.param(query(challenge="1" * 10_000), id="W04-10-kB"),
        pytest.param(query(challenge=None), id="W04-absent"),
        pytest.param(query(challenge=["1", "2"]), id="W04-twice"),
        pytest.param(query(verify_token=[TOKEN, "x"]), id="W04-two-tokens"),
        pytest.param(query(mode=["subscribe", "subscribe"]), id="W04-two-modes"),
    ],
)
async def test_a_challenge_that_is_too_long_missing_or_repeated_is_a_bad_request(
    way_in: WayIn, params: dict[str, Any]
) -> None:
    assert (await way_in.http.get(way_in.path, params=params)).status_code == 400


async def test_a_slash_at_the_end_of_the_callback_verifies_too(way_in: WayIn) -> None:
    answer = await way_in.http.get(way_in.path + "/", params=query())
    assert (answer.status_code, answer.text) == (200, "1158201444")


async def test_an_unknown_account_is_told_and_not_a_wrong_token(way_in: WayIn) -> None:
    answer = await way_in.http.get("/webhooks/messenger/nobody", params=query())
    assert answer.status_code == 404
    assert answer.text == "No account has this address. The right one is the account's callback_url."
