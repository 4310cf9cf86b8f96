"""What a message may contain."""

from typing import Any

import pytest

from support.sandbox_driver import PAGE, PSID, Messenger, error_of

POSTBACK = {"type": "postback", "title": "Yes", "payload": "YES"}
URL_IMAGE = {"type": "image", "payload": {"url": "https://cdn.test/a.png"}}
QUESTION = {"id": "q_1", "type": "csat", "title": "How was it?"}
FEEDBACK = {
    "template_type": "customer_feedback",
    "title": "Rate us",
    "feedback_screens": [{"questions": [QUESTION]}],
    "business_privacy": {"url": "https://shop.test/privacy"},
}


def template(**payload: Any) -> dict[str, Any]:
    return {"attachment": {"type": "template", "payload": payload}}


def quick(count: int = 1, **item: Any) -> dict[str, Any]:
    reply = {"content_type": "text", "title": "Red", "payload": "RED", **item}
    return {"text": "which?", "quick_replies": [reply] * count}


ACCEPTED = {
    "2000 characters": {"text": "x" * 2000},
    "1000 emoji are 2000 units": {"text": "😀" * 1000},
    "metadata of 1000": {"text": "x", "metadata": "m" * 1000},
    "13 quick replies": quick(13),
    "an e-mail quick reply": {"text": "?", "quick_replies": [{"content_type": "user_email"}]},
    "an image by URL": {"attachment": URL_IMAGE},
    "30 images": {"attachments": [URL_IMAGE] * 30},
    "a sticker": {"sticker_id": 369239263222822},
    "a button template": template(template_type="button", text="x" * 640, buttons=[POSTBACK] * 3),
    "a generic template": template(template_type="generic", elements=[{"title": "a", "subtitle": "b"}] * 10),
    "a media template": template(
        template_type="media", elements=[{"media_type": "image", "url": "https://www.facebook.com/p"}]
    ),
    "a feedback template": template(**FEEDBACK),
}
REFUSED = {
    "nothing": {},
    "empty text": {"text": ""},
    "text that is a number": {"text": 5},
    "2001 characters": {"text": "x" * 2001},
    "1001 emoji": {"text": "😀" * 1001},
    "text and attachment": {"text": "x", "attachment": URL_IMAGE},
    "metadata of 1001": {"text": "x", "metadata": "m" * 1001},
    "14 quick replies": quick(14),
    "a quick reply without title": quick(title=""),
    "a quick reply payload of 1001": quick(payload="p" * 1001),
    "an unknown quick reply": quick(content_type="location"),
    "31 images": {"attachments": [URL_IMAGE] * 31},
    "several that are no images": {
        "attachments": [{"type": "file", "payload": {"url": "https://cdn.test/f"}}]
    },
    "an unknown attachment type": {"attachment": {"type": "gif", "payload": {"url": "https://cdn.test/g"}}},
    "an attachment from nowhere": {"attachment": {"type": "image", "payload": {}}},
    "button text of 641": template(template_type="button", text="x" * 641, buttons=[POSTBACK]),
    "no buttons": template(template_type="button", text="x", buttons=[]),
    "4 buttons": template(template_type="button", text="x", buttons=[POSTBACK] * 4),
    "a button title of 21": template(
        template_type="button", text="x", buttons=[{**POSTBACK, "title": "t" * 21}]
    ),
    "11 elements": template(template_type="generic", elements=[{"title": "a", "subtitle": "b"}] * 11),
    "a title of 81": template(template_type="generic", elements=[{"title": "a" * 81, "subtitle": "b"}]),
    "a title alone": template(template_type="generic", elements=[{"title": "a"}]),
    "an unknown template": template(template_type="list"),
    "feedback without privacy": template(**{**FEEDBACK, "business_privacy": {}}),
    "feedback of two questions": template(
        **{**FEEDBACK, "feedback_screens": [{"questions": [QUESTION, QUESTION]}]}
    ),
    "feedback expiring in 8 days": template(**FEEDBACK, expires_in_days=8),
    "a title of 66": template(**{**FEEDBACK, "title": "t" * 66}),
}


@pytest.mark.parametrize("message", ACCEPTED.values(), ids=ACCEPTED.keys())
async def test_accepted(messenger: Messenger, message: dict[str, Any]) -> None:
    await messenger.act("say", text="hello")
    answer = await messenger.send(message=message)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("message", REFUSED.values(), ids=REFUSED.keys())
async def test_refused_with_code_100(messenger: Messenger, message: dict[str, Any]) -> None:
    await messenger.act("say", text="hello")
    assert error_of(await messenger.send(message=message)) == (100, None)
    assert len(messenger.world.transcript(PAGE, PSID)) == 1


async def test_characters_can_be_counted_as_code_points(messenger: Messenger) -> None:
    await messenger.control("/settings", text_units="codepoints")
    await messenger.act("say", text="hello")
    assert (await messenger.send("😀" * 2000)).status_code == 200
    assert error_of(await messenger.send("😀" * 2001)) == (100, None)


async def test_text_and_sender_action_do_not_go_together(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    assert error_of(await messenger.send(sender_action="typing_on")) == (100, 2018014)


async def test_a_sender_action_answers_with_the_recipient_alone(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    path = f"/v26.0/{PAGE}/messages"
    for action in ("typing_on", "mark_seen"):
        answer = await messenger.graph("POST", path, recipient={"id": PSID}, sender_action=action)
        assert answer.json() == {"recipient_id": PSID}
    thread = (await messenger.look(f"/threads/{PAGE}/{PSID}"))["thread"]
    assert thread["typing"]
    assert thread["seen_ms"] == messenger.world.clock.now_ms()
    refused = await messenger.graph("POST", path, recipient={"id": PSID}, sender_action="wave")
    assert error_of(refused) == (100, None)


async def test_the_page_can_react_to_a_message(messenger: Messenger) -> None:
    mid = (await messenger.act("say", text="hello"))["mid"]
    answer = await messenger.graph(
        "POST",
        "/v26.0/me/messages",
        recipient={"id": PSID},
        sender_action="react",
        payload={"message_id": mid, "reaction": "love"},
    )
    assert answer.status_code == 200
    assert messenger.world.message(mid).page_reaction == "love"


async def test_long_quick_reply_titles_are_cut(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    await messenger.send(message=quick(title="t" * 25))
    assert messenger.world.transcript(PAGE, PSID)[-1].quick_replies[0]["title"] == "t" * 20


async def test_a_sticker_needs_the_standard_window(messenger: Messenger) -> None:
    await messenger.control("/apps", app_id="1187452390011223", features=["human_agent"])
    await messenger.act("say", text="hello")
    await messenger.advance(86_400)
    tagged = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    assert error_of(await messenger.send(message={"sticker_id": 1}, **tagged)) == (10, 2018278)
    assert (await messenger.send(**tagged)).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"\xff"], ids=["cut", "list", "text", "not utf-8"])
async def test_a_body_that_is_no_object_is_refused(messenger: Messenger, body: bytes) -> None:
    answer = await messenger.client.post(
        f"/v26.0/{PAGE}/messages?appsecret_proof={messenger.proof}",
        content=body,
        headers={"Authorization": "Bearer EAA-page-token", "Content-Type": "application/json"},
    )
    assert error_of(answer) == (100, None)
    assert [line["line"] for line in messenger.ledger()] == ["request", "decision"]


@pytest.mark.parametrize(
    "recipient", [None, {}, "x", {"id": PSID, "user_ref": "1"}, {"comment_id": "5"}, {"phone_number": "+1"}]
)
async def test_a_recipient_must_be_one_known_kind(messenger: Messenger, recipient: Any) -> None:
    await messenger.act("say", text="hello")
    assert error_of(await messenger.send(recipient=recipient)) == (100, None)


async def test_a_checkbox_reference_can_be_answered(messenger: Messenger) -> None:
    await messenger.act("optin", ref="checkout", user_ref="2201998455")
    answer = await messenger.send(recipient={"user_ref": "2201998455"})
    assert set(answer.json()) == {"message_id"}
    assert error_of(await messenger.send(recipient={"user_ref": "unknown"})) == (100, 2018001)


@pytest.mark.parametrize("place", ["header", "query", "body", "form"])
async def test_the_token_may_come_in_several_places_and_the_ledger_tells(
    messenger: Messenger, place: str
) -> None:
    await messenger.act("say", text="hello")
    token, proof = "EAA-page-token", messenger.proof
    body = {"recipient": {"id": PSID}, "message": {"text": "hi"}, "appsecret_proof": proof}
    path = f"/{PAGE}/messages"
    if place == "header":
        answer = await messenger.client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
    elif place == "query":
        answer = await messenger.client.post(f"{path}?access_token={token}", json=body)
    elif place == "body":
        answer = await messenger.client.post(path, json={**body, "access_token": token})
    else:
        form = {
            "recipient": f'{{"id":"{PSID}"}}',
            "message": '{"text":"hi"}',
            "appsecret_proof": proof,
            "access_token": token,
        }
        answer = await messenger.client.post(path, data=form)
    assert answer.status_code == 200, answer.text
    request = messenger.ledger()[0]
    assert (request["auth"], request["proof"]) == ("body" if place == "form" else place, "ok")


@pytest.mark.parametrize("prefix", ["", "/v20.0", "/v26.0", "/v29.0"])
async def test_any_version_is_served(messenger: Messenger, prefix: str) -> None:
    answer = await messenger.graph("GET", f"{prefix}/me", fields="name")
    assert answer.json() == {"name": "Shop", "id": PAGE}


# -- media -------------------------------------------------------------------------------------------------


async def upload(messenger: Messenger, kind: str = "image", mime: str = "image/png", size: int = 100) -> Any:
    return await messenger.client.post(
        f"/v26.0/{PAGE}/message_attachments",
        data={
            "message": f'{{"attachment":{{"type":"{kind}","payload":{{"is_reusable":true}}}}}}',
            "appsecret_proof": messenger.proof,
        },
        files={"filedata": ("a.png", b"x" * size, mime)},
        headers={"Authorization": "Bearer EAA-page-token"},
    )


async def test_an_upload_is_reused_for_90_days(messenger: Messenger) -> None:
    attachment_id = (await upload(messenger)).json()["attachment_id"]
    message = {"attachment": {"type": "image", "payload": {"attachment_id": attachment_id}}}
    await messenger.advance(90 * 86_400 - 1)
    await messenger.act("say", text="hello")
    assert (await messenger.send(message=message)).status_code == 200
    shown = messenger.world.transcript(PAGE, PSID)[-1].attachments[0]["payload"]
    assert shown["attachment_id"] == int(attachment_id)
    assert (await messenger.client.get(shown["url"])).content == b"x" * 100
    await messenger.advance(1)
    assert error_of(await messenger.send(message=message)) == (100, 2018074)


@pytest.mark.parametrize(
    ("kind", "mime", "size", "expected"),
    [("image", "text/html", 10, (100, 2018047)), ("file", "a/b", 25 * 1024 * 1024 + 1, (100, 2018109))],
)
async def test_uploads_are_checked(
    messenger: Messenger, kind: str, mime: str, size: int, expected: tuple[int, int]
) -> None:
    assert error_of(await upload(messenger, kind, mime, size)) == expected


async def test_an_attachment_id_keeps_its_type(messenger: Messenger) -> None:
    attachment_id = (await upload(messenger)).json()["attachment_id"]
    await messenger.act("say", text="hello")
    message = {"attachment": {"type": "video", "payload": {"attachment_id": attachment_id}}}
    assert error_of(await messenger.send(message=message)) == (100, 2018047)


async def test_a_reusable_url_gives_an_attachment_id(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    payload = {"url": "https://cdn.test/a.png", "is_reusable": True}
    first = await messenger.send(message={"attachment": {"type": "image", "payload": payload}})
    again = {"attachment": {"type": "image", "payload": {"attachment_id": first.json()["attachment_id"]}}}
    assert (await messenger.send(message=again)).status_code == 200


async def test_a_url_that_cannot_be_fetched(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    bad = {"attachment": {"type": "image", "payload": {"url": "ftp://cdn.test/a.png"}}}
    assert error_of(await messenger.send(message=bad)) == (100, 2018008)
