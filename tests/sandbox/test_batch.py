"""Batch calls: several calls in one, each answered, judged and recorded as a call of its own."""

import json
from typing import Any

import pytest

from support.sandbox_driver import APP, PAGE, PSID, SECRET, TOKEN, Messenger, error_of

APP_TOKEN = f"{APP}|{SECRET}"


async def batch(messenger: Messenger, *calls: dict[str, Any], **params: Any) -> list[dict[str, Any]]:
    answer = await messenger.graph("POST", "/v26.0/", batch=json.dumps(calls), **params)
    assert answer.status_code == 200, answer.text
    answers: list[dict[str, Any]] = answer.json()
    return answers


async def test_each_call_is_answered_in_its_place_with_its_body_as_text(messenger: Messenger) -> None:
    known, unknown = await batch(
        messenger,
        {"method": "GET", "relative_url": f"debug_token?input_token={TOKEN}"},
        {"method": "GET", "relative_url": "/v26.0/nothing/here"},
        token=APP_TOKEN,
    )
    assert known["code"] == 200
    assert json.loads(known["body"])["data"]["profile_id"] == PAGE
    assert {"name": "Content-Type", "value": "application/json"} in known["headers"]
    assert unknown["code"] == 400
    assert json.loads(unknown["body"])["error"]["code"] == 2500


async def test_headers_can_be_left_out(messenger: Messenger) -> None:
    (shown,) = await batch(messenger, {"relative_url": "me"}, include_headers="false")
    assert shown.keys() == {"code", "body"}


async def test_a_call_inside_is_recorded_as_one_of_its_own(messenger: Messenger) -> None:
    await batch(messenger, {"relative_url": f"debug_token?input_token={TOKEN}"}, token=APP_TOKEN)
    asked = [line for line in messenger.ledger() if line["line"] == "request"]
    assert [(line["path"], line["kind"], line["auth"]) for line in asked] == [
        ("/v26.0/", "batch", "header"),
        ("/debug_token", "setup", "batch"),
    ]
    decided = [line["outcome"] for line in messenger.ledger() if line["line"] == "decision"]
    assert decided == ["accepted", "accepted"]
    assert TOKEN not in str(messenger.ledger())


async def test_a_message_can_be_sent_inside(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    message = {"recipient": json.dumps({"id": PSID}), "message": json.dumps({"text": "hi"})}
    body = "&".join(f"{name}={value}" for name, value in {**message, "messaging_type": "RESPONSE"}.items())
    (sent,) = await batch(messenger, {"method": "POST", "relative_url": f"{PAGE}/messages", "body": body})
    assert json.loads(sent["body"])["recipient_id"] == PSID
    await messenger.settle()
    assert [event["message"]["text"] for event in messenger.receiver.events("message")] == ["hello", "hi"]


async def test_a_call_inside_may_have_a_token_of_its_own(messenger: Messenger) -> None:
    (refused,) = await batch(messenger, {"relative_url": "me?access_token=EAA-unknown"})
    assert json.loads(refused["body"])["error"]["code"] == 190


@pytest.mark.parametrize(
    "calls", [[], [{}] * 51, {}, "me", [1]], ids=["none", "51", "object", "text", "number"]
)
async def test_a_batch_is_an_array_of_at_most_50(messenger: Messenger, calls: Any) -> None:
    answer = await messenger.graph("POST", "/v26.0/", batch=json.dumps(calls))
    assert error_of(answer) == (100, None)


async def test_a_batch_needs_a_token_as_every_call(messenger: Messenger) -> None:
    answer = await messenger.graph("POST", "/", token="EAA-unknown", batch="[]")
    assert error_of(answer) == (190, None)
