"""What the Send API refuses, with which code, and in which order."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from support.sandbox_driver import APP, PAGE, PSID, TOKEN, Messenger, error_of

DAY, WEEK = 86_400, 604_800
Fault = Callable[[Messenger, dict[str, Any]], Awaitable[None]]


async def no_token(messenger: Messenger, call: dict[str, Any]) -> None:
    del messenger
    call["token"] = "EAA-unknown"


async def expired(messenger: Messenger, call: dict[str, Any]) -> None:
    del call
    now = messenger.world.clock.now_ms() // 1000
    await messenger.control("/tokens", access_token=TOKEN, app_id=APP, expires_at=now)


async def no_permission(messenger: Messenger, call: dict[str, Any]) -> None:
    del call
    await messenger.control("/tokens", access_token=TOKEN, app_id=APP, permissions=["pages_show_list"])


async def no_feature(messenger: Messenger, call: dict[str, Any]) -> None:
    del messenger
    call.update(messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")


async def stranger(messenger: Messenger, call: dict[str, Any]) -> None:
    del messenger
    call["recipient"] = {"id": "1000000000000001"}


async def blocked(messenger: Messenger, call: dict[str, Any]) -> None:
    del call
    await messenger.control("/customers", page_id=PAGE, psid=PSID, unreachable="blocked")


async def other_owner(messenger: Messenger, call: dict[str, Any]) -> None:
    del call
    await messenger.control(f"/pages/{PAGE}/answer", psid=PSID, text="Mia here", take_thread=True)


async def window_over(messenger: Messenger, call: dict[str, Any]) -> None:
    del call
    await messenger.advance(DAY)


async def too_long(messenger: Messenger, call: dict[str, Any]) -> None:
    del messenger
    call["message"] = {"text": "x" * 2001}


async def too_many(messenger: Messenger, call: dict[str, Any]) -> None:
    del call
    await messenger.control("/settings", limits={"text_per_second": 0})


# In Meta's order: token, permission and feature, recipient, thread control, window, payload, rate limit.
ORDER: list[tuple[Fault, tuple[int, int | None]]] = [
    (no_token, (190, None)),
    (expired, (190, 463)),
    (no_permission, (10, None)),
    (no_feature, (10, None)),
    (stranger, (100, 2018001)),
    (blocked, (551, 1545041)),
    (other_owner, (10, 2018300)),
    (window_over, (10, 2018278)),
    (too_long, (100, None)),
    (too_many, (613, None)),
]


@pytest.mark.parametrize("first", range(len(ORDER)), ids=[fault.__name__ for fault, _ in ORDER])
async def test_of_all_that_is_wrong_the_first_in_order_is_told(messenger: Messenger, first: int) -> None:
    await messenger.act("say", text="hello")
    call: dict[str, Any] = {}
    for fault, _ in reversed(
        ORDER[first:]
    ):  # control lapses with the time that ends the window: take it last
        await fault(messenger, call)
    answer = await messenger.send(**call)
    assert error_of(answer) == ORDER[first][1]
    assert answer.status_code == 400


async def test_nothing_wrong_is_accepted(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    answer = await messenger.send()
    assert answer.status_code == 200
    assert answer.json()["recipient_id"] == PSID
    assert answer.json()["message_id"].startswith("m_")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"invalid_subcode": 460}, (190, 460)),
        ({"invalid_subcode": 458}, (190, 458)),
        ({"invalid_subcode": 492}, (190, 492)),
        ({"data_access_expires_at": 1}, (190, 463)),
        ({"tasks": ["ANALYZE"]}, (200, None)),
    ],
)
async def test_a_token_dies_in_several_ways(
    messenger: Messenger, change: dict[str, Any], expected: tuple[int, int | None]
) -> None:
    await messenger.act("say", text="hello")
    await messenger.control("/tokens", access_token=TOKEN, app_id=APP, **change)
    assert error_of(await messenger.send()) == expected


async def test_a_token_lives_to_its_last_second(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    now = messenger.world.clock.now_ms() // 1000
    await messenger.control("/tokens", access_token=TOKEN, app_id=APP, expires_at=now + 60)
    await messenger.advance(59)
    assert (await messenger.send()).status_code == 200
    await messenger.advance(1)
    assert error_of(await messenger.send()) == (190, 463)


@pytest.mark.parametrize(
    ("unreachable", "expected"),
    [
        ("blocked", (551, 1545041)),
        ("unavailable", (200, 1545041)),
        ("cannot_receive", (10, 2018108)),
        ("automated_flow", (2018321, None)),
    ],
)
async def test_an_unreachable_person(
    messenger: Messenger, unreachable: str, expected: tuple[int, int | None]
) -> None:
    await messenger.act("say", text="hello")
    await messenger.control("/customers", page_id=PAGE, psid=PSID, unreachable=unreachable)
    assert error_of(await messenger.send()) == expected
    await messenger.control("/customers", page_id=PAGE, psid=PSID, unreachable=None)
    assert (await messenger.send()).status_code == 200


async def test_the_token_of_another_page_finds_nobody(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    await messenger.control("/pages", page_id="230451889017744", access_token="EAA-b", app_id=APP)
    await messenger.control("/apps", app_id=APP, require_proof=False)
    recipient = {"id": PSID}
    through_me = await messenger.graph(
        "POST", "/v26.0/me/messages", token="EAA-b", recipient=recipient, message={"text": "hi"}
    )
    assert error_of(through_me) == (100, 2018001)
    wrong_page = await messenger.graph(
        "POST", f"/v26.0/{PAGE}/messages", token="EAA-b", recipient=recipient, message={"text": "hi"}
    )
    assert error_of(wrong_page) == (100, 33)


async def test_a_restricted_page_cannot_send(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    await messenger.control(f"/pages/{PAGE}/policy", action="block", reason="too many complaints")
    assert error_of(await messenger.send()) == (10, 1893063)
    await messenger.control(f"/pages/{PAGE}/policy", action="unblock")
    assert (await messenger.send()).status_code == 200


async def test_an_app_in_development_reaches_only_people_with_a_role(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    await messenger.control("/apps", app_id=APP, mode="development")
    assert error_of(await messenger.send()) == (200, 2018028)
    await messenger.control("/customers", page_id=PAGE, psid=PSID, has_role=True)
    assert (await messenger.send()).status_code == 200


@pytest.mark.parametrize(
    ("required", "proof", "expected"),
    [
        (True, "", (100, None)),
        (True, "0" * 64, (100, None)),
        (False, "0" * 64, (100, None)),
        (False, "", None),
        (True, "right", None),
    ],
)
async def test_the_proof_by_app_secret(
    messenger: Messenger,
    required: bool,
    proof: str,
    expected: tuple[int, int | None] | None,
) -> None:
    await messenger.act("say", text="hello")
    await messenger.control("/apps", app_id=APP, require_proof=required)
    answer = await messenger.send(proof=messenger.proof if proof == "right" else proof)
    if expected is None:
        assert answer.status_code == 200
    else:
        assert error_of(answer) == expected
        assert answer.json()["error"]["type"] == "GraphMethodException"


async def test_errors_have_metas_shape(messenger: Messenger) -> None:
    error = (await messenger.send()).json()["error"]
    assert set(error) == {"message", "type", "code", "error_subcode", "fbtrace_id"}
    assert error["message"].startswith("(#10) ")
    assert error["type"] == "OAuthException"
    assert error["fbtrace_id"].startswith("A")
    dead = (await messenger.send(token="EAA-unknown")).json()["error"]
    assert not dead["message"].startswith("(#")


# -- the window through the API ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after_s", "tag", "granted", "expected"),
    [
        (0, None, False, None),
        (DAY - 1, None, False, None),
        (DAY, None, False, (10, 2018278)),
        (DAY, "HUMAN_AGENT", False, (10, None)),
        (DAY, "HUMAN_AGENT", True, None),
        (WEEK - 1, "HUMAN_AGENT", True, None),
        (WEEK, "HUMAN_AGENT", True, (10, 2018278)),
        (60, "ACCOUNT_UPDATE", True, (100, None)),
    ],
)
async def test_the_window_to_the_second(
    messenger: Messenger,
    after_s: int,
    tag: str | None,
    granted: bool,
    expected: tuple[int, int | None] | None,
) -> None:
    await messenger.control("/apps", app_id=APP, features=["human_agent"] if granted else [])
    await messenger.act("say", text="hello")
    await messenger.advance(after_s)
    params = {} if tag is None else {"messaging_type": "MESSAGE_TAG", "tag": tag}
    answer = await messenger.send(**params)
    assert (None if answer.status_code == 200 else error_of(answer)) == expected


async def test_our_own_sends_and_receipts_open_nothing(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    await messenger.advance(DAY - 10)
    assert (await messenger.send()).status_code == 200
    await messenger.act("read")
    await messenger.advance(10)
    assert error_of(await messenger.send()) == (10, 2018278)


async def test_an_ad_click_counts_with_the_message_after_it(messenger: Messenger) -> None:
    await messenger.control("/settings", window_lengths_s={"ad_message": WEEK})
    await messenger.act("say", text="hello")
    await messenger.advance(DAY)
    await messenger.act("referral", source="ADS", ad_id="1202", ref="spring")
    assert error_of(await messenger.send()) == (10, 2018278)
    await messenger.act("say", text="about the ad")
    await messenger.advance(WEEK - 1)
    assert (await messenger.send()).status_code == 200
    await messenger.advance(1)
    assert error_of(await messenger.send()) == (10, 2018278)


# -- rates -------------------------------------------------------------------------------------------------


async def test_the_rate_limits_of_meta_can_be_switched_on(messenger: Messenger) -> None:
    await messenger.control("/settings", limits="meta")
    await messenger.act("say", text="hello")
    audio = {"attachment": {"type": "audio", "payload": {"url": "https://cdn.test/a.mp3"}}}
    answers = [await messenger.send(message=audio) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [400]
    assert error_of(answers[-1]) == (613, None)
    await messenger.advance(1)
    assert (await messenger.send(message=audio)).status_code == 200


async def test_the_daily_budget_shows_in_the_usage_header_and_ends(messenger: Messenger) -> None:
    await messenger.control("/settings", limits={"per_engaged_person_and_day": 4})
    await messenger.act("say", text="hello")
    answers: list[httpx.Response] = [await messenger.send() for _ in range(5)]
    assert error_of(answers[-1]) == (80006, None)
    usage = [orjson_usage(answer) for answer in answers]
    assert [item["call_count"] for item in usage] == [25, 50, 75, 100, 125]
    assert usage[0]["estimated_time_to_regain_access"] == 0
    assert usage[-1]["estimated_time_to_regain_access"] > 0


def orjson_usage(answer: httpx.Response) -> dict[str, Any]:
    usage: dict[str, Any] = httpx.Response(200, text=answer.headers["x-business-use-case-usage"]).json()
    first: dict[str, Any] = usage[PAGE][0]
    return first


async def test_a_busy_page_cannot_send_nor_list(messenger: Messenger) -> None:
    await messenger.control("/settings", limits={"high_volume_per_second": 2})
    await messenger.act("say", text="hello")
    answers = [await messenger.send() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 400]
    assert error_of(await messenger.graph("GET", f"/v26.0/{PAGE}/conversations")) == (613, None)


async def test_usage_headers_come_with_every_valid_token_and_only_then(messenger: Messenger) -> None:
    refused = await messenger.send()
    assert refused.status_code == 400
    assert "x-business-use-case-usage" in refused.headers
    assert "x-app-usage" in refused.headers
    unknown = await messenger.send(token="EAA-unknown")
    assert "x-app-usage" not in unknown.headers
