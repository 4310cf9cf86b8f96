"""What faults make of answers, usage headers and tokens, and of the truth behind them."""

from typing import Any

import httpx
import orjson
import pytest

from support.sandbox_driver import APP, PAGE, PSID, SECRET, TOKEN, Messenger, error_of

APP_TOKEN = f"{APP}|{SECRET}"


ACCEPTED = pytest.mark.parametrize("accept", [False, True])


# -- errors ------------------------------------------------------------------------------------------------


@ACCEPTED
async def test_any_error_can_be_answered_to_a_send_taken_or_not(open_window: Messenger, accept: bool) -> None:
    await open_window.control(
        "/faults",
        kind="error",
        code=1,
        subcode=1357046,
        status=500,
        message="Try again",
        type="IGApiException",
        is_transient=False,
        extra={"error_user_title": "Oh", "error_data": {"blame": 1}},
        accept=accept,
    )
    answer = await open_window.send()
    await open_window.settle()
    error = answer.json()["error"]
    assert error.pop("fbtrace_id")
    assert answer.status_code == 500
    assert error == {
        "message": "Try again",
        "type": "IGApiException",
        "code": 1,
        "error_subcode": 1357046,
        "is_transient": False,
        "error_user_title": "Oh",
        "error_data": {"blame": 1},
    }
    assert open_window.sent() == accept
    echoes = [event for event in open_window.receiver.events("message") if "is_echo" in event["message"]]
    assert len(echoes) == accept
    line = open_window.decision()
    if accept:
        assert (line["outcome"], line["mid"], line["shown"]) == (
            "accepted",
            echoes[0]["message"]["mid"],
            "5xx-after-accept",
        )
    else:
        assert (line["outcome"], line["code"], line["subcode"]) == ("rejected", 1, 1357046)
        assert line["shown"] == "5xx-before-accept"


async def test_a_refusal_before_acceptance_is_the_truth(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="error", code=368)
    assert error_of(await open_window.send()) == (368, None)
    assert open_window.decision()["shown"] == "reply"


@pytest.mark.parametrize(("code", "transient"), [(2, True), (613, True), (100, None)])
async def test_whether_an_error_is_transient_follows_its_code(
    open_window: Messenger, code: int, transient: bool | None
) -> None:
    await open_window.control("/faults", kind="error", code=code)
    assert (await open_window.send()).json()["error"].get("is_transient") is transient


async def test_an_error_may_come_with_status_200_or_without_its_object(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="error", code=2, status=200, accept=True, times=1)
    await open_window.control("/faults", kind="error", code=2, wrapped=False, accept=True)
    first, second = await open_window.send(), await open_window.send()
    assert (first.status_code, error_of(first)) == (200, (2, None))
    assert (second.status_code, second.json()["code"]) == (400, 2)
    assert open_window.decision()["shown"] == "reply-spoiled"
    assert open_window.sent() == 2


# -- bodies ------------------------------------------------------------------------------------------------


@ACCEPTED
@pytest.mark.parametrize("status", [500, 502, 503, 504, 200])
@pytest.mark.parametrize("kind", ["html", "empty", "broken_json", "unreadable"])
async def test_a_body_that_says_nothing(open_window: Messenger, kind: str, status: int, accept: bool) -> None:
    await open_window.control("/faults", kind=kind, status=status, accept=accept)
    answer = await open_window.send()
    assert answer.status_code == status
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.content)
    assert answer.headers["content-type"].startswith("text/html" if kind == "html" else "application/json")
    assert open_window.sent() == accept
    line = open_window.decision()
    assert line["outcome"] == ("accepted" if accept else "not_accepted")
    moment = "after" if accept else "before"
    assert line["shown"] == ("reply-spoiled" if status == 200 else f"5xx-{moment}-accept")


async def test_without_a_status_the_true_one_is_kept(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="broken_json", accept=True)
    await open_window.control("/faults", kind="broken_json", times=1)
    assert [(await open_window.send()).status_code for _ in range(2)] == [500, 200]


async def test_unreadable_bytes_are_no_utf_8(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="unreadable", accept=True)
    with pytest.raises(UnicodeDecodeError):
        (await open_window.send()).content.decode()


# -- throttles and usage headers ---------------------------------------------------------------------------


def usage(answer: httpx.Response) -> dict[str, Any]:
    """The usage headers of an answer, by name."""
    return {name: orjson.loads(value) for name, value in answer.headers.items() if name.endswith("-usage")}


def business(answer: httpx.Response) -> tuple[int, int]:
    """(call_count, minutes to wait) of the business header."""
    (only,) = usage(answer)["x-business-use-case-usage"][PAGE]
    assert only["type"] == "messenger"
    return only["call_count"], only["estimated_time_to_regain_access"]


@pytest.mark.parametrize("code", [4, 32, 613, 80006])
async def test_a_throttle_refuses_all_and_says_how_long(open_window: Messenger, code: int) -> None:
    await open_window.control("/faults", kind="throttle", code=code, regain_minutes=3, for_seconds=60)
    answer = await open_window.send()
    assert (answer.status_code, error_of(answer)) == (400, (code, None))
    assert answer.json()["error"]["is_transient"] is True
    assert business(answer) == (100, 3)
    line = open_window.decision()
    assert (line["outcome"], line["code"], line["reason"]) == ("rejected", code, "fault")
    assert line["shown"] == "reply"
    await open_window.advance(60)
    assert (await open_window.send()).status_code == 200
    assert open_window.sent() == 1


async def test_a_throttle_without_headers(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="throttle", headers=[], times=1)
    throttled = await open_window.send()
    assert error_of(throttled) == (613, None)
    assert usage(throttled) == {}
    assert usage(await open_window.send()).keys() == {"x-app-usage", "x-business-use-case-usage"}


async def test_a_throttle_with_the_other_headers(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="throttle", code=4, status=429, headers=["app", "page"])
    answer = await open_window.send()
    counts = {"call_count": 100, "total_cputime": 0, "total_time": 0}
    assert answer.status_code == 429
    assert usage(answer) == {"x-app-usage": counts, "x-page-usage": counts}


async def test_a_bucket_refuses_what_exceeds_it_and_fills_again(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="throttle", per_second=40)
    answers = [await open_window.send() for _ in range(50)]
    assert [answer.status_code for answer in answers] == [200] * 40 + [400] * 10
    await open_window.advance(0.1)
    assert [(await open_window.send()).status_code for _ in range(6)] == [200] * 4 + [400] * 2
    await open_window.advance(10)
    assert [(await open_window.send()).status_code for _ in range(41)] == [200] * 40 + [400]


async def test_usage_headers_rise_before_a_bucket_refuses(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="throttle", per_second=1, burst=4, regain_minutes=None)
    shown = [business(await open_window.send()) for _ in range(5)]
    assert shown == [(25, 0), (50, 0), (75, 0), (100, 1), (100, 1)]


async def test_a_bucket_is_of_one_page(open_window: Messenger) -> None:
    messenger = open_window
    await messenger.control("/pages", page_id="2", access_token="EAA-2", app_id=APP)
    await messenger.control("/apps", app_id=APP, require_proof=False)
    await messenger.control("/faults", kind="throttle", per_second=1, calls=["setup"])
    tokens = [TOKEN, TOKEN, "EAA-2", "EAA-2"]
    answers = [await messenger.graph("GET", "/me", token=token) for token in tokens]
    assert [answer.status_code for answer in answers] == [200, 400, 200, 400]


async def test_usage_headers_can_be_made_to_rise(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="usage", percent=70, step=15, regain_minutes=2)
    answers = [await open_window.send() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert [business(answer) for answer in answers] == [(70, 2), (85, 2), (100, 2)]


# -- what is a state, not a fault --------------------------------------------------------------------------


async def debugged(messenger: Messenger) -> dict[str, Any]:
    answer = await messenger.graph("GET", "/debug_token", input_token=TOKEN, token=APP_TOKEN)
    data: dict[str, Any] = answer.json()["data"]
    return data


@pytest.mark.parametrize("subcode", [458, 460, 463, 467])
async def test_a_token_dies_and_is_renewed(open_window: Messenger, subcode: int) -> None:
    await open_window.control("/tokens", access_token=TOKEN, invalid_subcode=subcode)
    assert error_of(await open_window.send()) == (190, subcode)
    dead = await debugged(open_window)
    assert (dead["is_valid"], dead["error"]["subcode"]) == (False, subcode)
    await open_window.control("/tokens", access_token=TOKEN, invalid_subcode=None)
    assert (await open_window.send()).status_code == 200
    assert (await debugged(open_window))["is_valid"]


@pytest.mark.parametrize("name", ["expires_at", "data_access_expires_at"])
async def test_a_token_ends_at_its_instant(open_window: Messenger, name: str) -> None:
    now = (await open_window.look("/clock"))["now_ms"] // 1000
    await open_window.control("/tokens", access_token=TOKEN, **{name: now + 60})
    assert (await debugged(open_window))[name] == now + 60
    await open_window.advance(59)
    assert (await open_window.send()).status_code == 200
    await open_window.advance(1)
    assert error_of(await open_window.send()) == (190, 463)


async def test_permissions_and_tasks_can_be_taken_away(open_window: Messenger) -> None:
    await open_window.control("/tokens", access_token=TOKEN, tasks=["ANALYZE"])
    assert error_of(await open_window.send()) == (200, None)
    await open_window.control("/tokens", access_token=TOKEN, permissions=["pages_show_list"])
    assert error_of(await open_window.send()) == (10, None)
    assert (await debugged(open_window))["scopes"] == ["pages_show_list"]


async def test_a_page_is_restricted_and_free_again(open_window: Messenger) -> None:
    await open_window.control("/pages", page_id=PAGE, restricted=True)
    assert error_of(await open_window.send()) == (10, 1893063)
    await open_window.control("/pages", page_id=PAGE, restricted=False)
    assert (await open_window.send()).status_code == 200


@pytest.mark.parametrize(
    ("unreachable", "error"),
    [("blocked", (551, 1545041)), ("unavailable", (200, 1545041)), ("deleted", (100, 2018001))],
)
async def test_a_person_cannot_be_reached(
    open_window: Messenger, unreachable: str, error: tuple[int, int]
) -> None:
    await open_window.control("/customers", page_id=PAGE, psid=PSID, unreachable=unreachable)
    assert error_of(await open_window.send()) == error
    profile = await open_window.graph("GET", f"/{PSID}")
    assert profile.status_code == (400 if unreachable == "deleted" else 200)
