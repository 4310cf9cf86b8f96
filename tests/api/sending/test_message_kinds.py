"""Agents' quick replies and templates: Meta's limits, one by one, refused by name before anything is kept."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from domain.conversations.lifecycle import Status
from sandbox.graph_payload import check_message
from store import tables
from support.api import Api, Seed, Thread

URL = "https://shop.test/sale?size=m"


def _reply(**more: Any) -> dict[str, Any]:
    return {"content_type": "text", "title": "Yes", "payload": "YES", **more}


def _link(**more: Any) -> dict[str, Any]:
    return {"type": "web_url", "title": "Shop", "url": URL, **more}


def _postback(**more: Any) -> dict[str, Any]:
    return {"type": "postback", "title": "Yes", "payload": "YES", **more}


def _call(**more: Any) -> dict[str, Any]:
    return {"type": "phone_number", "title": "Call", "payload": "+15105559999", **more}


def _buttons(**more: Any) -> dict[str, Any]:
    template = {"template_type": "button", "text": "What now?", "buttons": [_link()], **more}
    return {"template": template}


def _element(**more: Any) -> dict[str, Any]:
    return {"title": "Jacket", "subtitle": "Blue", **more}


def _cards(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"template": {"template_type": "generic", "elements": list(elements)}}


def _quick(*replies: dict[str, Any]) -> dict[str, Any]:
    return {"text": "Which?", "quick_replies": list(replies)}


# Where the limit is, how a body with a value there is made, what is just allowed, what is just too much.
LIMITS: dict[str, tuple[Callable[[Any], dict[str, Any]], Any, Any]] = {
    "text": (lambda v: {"text": v}, "x" * 2000, "x" * 2001),
    "text, emoji": (lambda v: {"text": v}, "😀" * 1000, "😀" * 1001),
    "quick_replies": (lambda v: _quick(*[_reply()] * v), 13, 14),
    "quick_replies, none": (lambda v: _quick(*[_reply()] * v), 1, 0),
    "quick_replies.title": (lambda v: _quick(_reply(title=v)), "x" * 20, "x" * 21),
    "quick_replies.title, emoji": (lambda v: _quick(_reply(title=v)), "😀" * 10, "😀" * 11),
    "quick_replies.payload": (lambda v: _quick(_reply(payload=v)), "x" * 1000, "x" * 1001),
    "quick_replies.image_url": (lambda v: _quick(_reply(image_url=v)), URL, "http://shop.test/"),
    "button.text": (lambda v: _buttons(text=v), "x" * 640, "x" * 641),
    "button.buttons": (lambda v: _buttons(buttons=[_link()] * v), 3, 4),
    "button.buttons, none": (lambda v: _buttons(buttons=[_link()] * v), 1, 0),
    "button.buttons.title": (lambda v: _buttons(buttons=[_postback(title=v)]), "x" * 20, "x" * 21),
    "button.buttons.payload": (lambda v: _buttons(buttons=[_postback(payload=v)]), "x" * 1000, "x" * 1001),
    "button.buttons.url": (lambda v: _buttons(buttons=[_link(url=v)]), URL, "http://shop.test/"),
    "button.buttons.payload, phone": (
        lambda v: _buttons(buttons=[_call(payload=v)]),
        "+4930123456",
        "030123456",
    ),
    "generic.elements": (lambda v: _cards(*[_element()] * v), 10, 11),
    "generic.elements, none": (lambda v: _cards(*[_element()] * v), 1, 0),
    "generic.title": (lambda v: _cards(_element(title=v)), "x" * 80, "x" * 81),
    "generic.subtitle": (lambda v: _cards(_element(subtitle=v)), "x" * 80, "x" * 81),
    "generic.elements, title alone": (lambda v: _cards(_element(subtitle=v)), "Blue", None),
    "generic.buttons": (lambda v: _cards(_element(buttons=[_postback()] * v)), 3, 4),
    "generic.image_url": (lambda v: _cards(_element(image_url=v)), URL, "https://"),
    "generic.default_action": (
        lambda v: _cards(_element(default_action={"type": "web_url", "url": v})),
        URL,
        "https://me:secret@shop.test/",
    ),
}

REFUSED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "text and template": {"text": "Hi"} | _buttons(),
    "quick replies alone": {"quick_replies": [_reply()]},
    "unknown template": {"template": {"template_type": "receipt", "elements": []}},
    "no template type": {"template": {"text": "Hi", "buttons": [_link()]}},
    "unknown button": _buttons(buttons=[{"type": "account_link", "url": URL}]),
    "button with more": _buttons(buttons=[_link(webview_height_ratio="full")]),
    "quick reply with more": _quick(_reply(tag="HUMAN_AGENT")),
    "unknown quick reply": _quick({"content_type": "location"}),
    "contact with a title": _quick({"content_type": "user_email", "title": "Mail"}),
    "blank title": _quick(_reply(title="  ")),
    "script": _buttons(buttons=[_link(url="javascript:alert(1)")]),
    "answer to a survey": _quick(_reply(payload="pd-survey:x")),
    "28 KB": _cards(*[_element(buttons=[_postback(payload="x" * 1000)] * 3)] * 10),
    "28 KB in bytes": _quick(*[_reply(payload="ÄÖÜ" * 330)] * 13) | {"text": "ß" * 2000},
}


def _address(thread: Thread) -> str:
    return f"/v1/conversations/{thread.conversation_id}/messages"


async def _rows(api: Api) -> list[tables.Message]:
    return await api.database.read(lambda s: list(s.exec(select(tables.Message))))


@pytest.mark.parametrize("name", LIMITS)
async def test_what_is_just_allowed_is_kept_and_one_more_is_refused_by_name(
    api: Api, seed: Seed, name: str
) -> None:
    make, allowed, too_much = LIMITS[name]
    thread = await seed.conversation(status=Status.ACTIVE)
    taken = await api.admin.post(_address(thread), json=make(allowed), headers={"Idempotency-Key": "one"})
    assert taken.status_code == 201, taken.text
    (row,) = await _rows(api)
    check_message({"text": row.text} | (row.content or {}) if row.text else row.content or {}, "utf16")

    refused = await api.admin.post(_address(thread), json=make(too_much), headers={"Idempotency-Key": "two"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    (error,) = refused.json()["errors"]
    where = [each for each in error["where"] if isinstance(each, str)]
    named = set(name.partition(",")[0].split(".")) - {"button", "generic"}  # a kind is no place in the body
    assert named <= set(where), error
    assert len(await _rows(api)) == 1


@pytest.mark.parametrize("name", REFUSED)
async def test_what_meta_or_we_have_no_form_for_is_refused(api: Api, seed: Seed, name: str) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    refused = await api.admin.post(_address(thread), json=REFUSED[name], headers={"Idempotency-Key": "one"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert await _rows(api) == []


async def test_a_template_is_kept_and_shown_in_metas_form(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    body = _buttons(buttons=[_link(), _postback(), _call()]) | {
        "quick_replies": [_reply(), {"content_type": "user_email"}]
    }
    shown = (await api.admin.post(_address(thread), json=body, headers={"Idempotency-Key": "one"})).json()
    assert (shown["text"], shown["template"]) == (None, body["template"])
    assert shown["quick_replies"] == body["quick_replies"]
    (row,) = await _rows(api)
    assert row.content == {
        "attachment": {"type": "template", "payload": body["template"]},
        "quick_replies": body["quick_replies"],
    }


async def test_a_template_that_failed_may_be_said_again(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    content = {"attachment": {"type": "template", "payload": _buttons()["template"]}}
    message_id = await seed.message(
        thread, None, direction="outbound", sender_kind="agent", status="failed", content=content
    )
    again = await api.admin.post(f"/v1/messages/{message_id}/resend", headers={"Idempotency-Key": "one"})
    assert (again.status_code, again.json()["template"]) == (201, _buttons()["template"])


async def test_the_signed_payloads_of_a_survey_are_not_shown(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    content = {"quick_replies": [_reply(title="5", payload="pd-survey:secret")]}
    await seed.message(
        thread, "How was it?", direction="outbound", sender_kind="survey", status="sent", content=content
    )
    listed = await api.admin.get(_address(thread))
    assert listed.json()["items"][0]["quick_replies"] == [{"content_type": "text", "title": "5"}]
    assert "secret" not in listed.text
