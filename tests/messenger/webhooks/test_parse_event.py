"""Typed events, parsed from raw copies."""

import json
from typing import Any

import pytest

from messenger.field_reader import MalformedEvent
from messenger.webhooks.attachments import Attachment
from messenger.webhooks.events import (
    Deleted,
    Delivery,
    Echo,
    Edit,
    Event,
    Feedback,
    FeedbackAnswer,
    HopContext,
    InboundMessage,
    LeadAnswer,
    Opaque,
    OptIn,
    PolicyEnforcement,
    Postback,
    Reaction,
    Read,
    Referral,
    ReferralData,
    ThreadControl,
)
from messenger.webhooks.parse_event import parse
from messenger.webhooks.webhook import EventKind, split
from support.paths import PAYLOADS

PAGE = "108823774519302"
CUSTOMER = "7421908834567012"
T = 1795166112000
AD = ReferralData(
    ref="spring_sale",
    source="ADS",
    type="OPEN_THREAD",
    ad_id="120211987650010345",
    ad_title="Spring sale – 20% off",  # noqa: RUF001 - as in the delivery
    ad_post_id="108823774519302_998877665544332",
    product_id="5512093388120044",
    referer_uri=None,
)


def of_file(name: str) -> Event:
    (event,) = split((PAYLOADS / f"{name}.json").read_bytes())
    return parse(event.kind, event.raw)


def message_of(name: str) -> InboundMessage:
    event = of_file(name)
    assert isinstance(event, InboundMessage)
    return event


def echo_of(name: str) -> Echo:
    event = of_file(name)
    assert isinstance(event, Echo)
    return event


def message(**fields: Any) -> InboundMessage:
    raw = {"sender": {"id": CUSTOMER}, "recipient": {"id": PAGE}, "message": {"mid": "m_1", **fields}}
    event = parse(EventKind.MESSAGE, json.dumps(raw).encode())
    assert isinstance(event, InboundMessage)
    return event


def test_a_text() -> None:
    event = message_of("text_single")
    assert (event.sender_id, event.recipient_id) == (CUSTOMER, PAGE)
    assert event.text == "Hello, is the blue jacket still available in size M?"
    assert event.mid is not None
    assert event.mid.startswith("m_-ZGBPKBi")
    assert (event.attachments, event.quick_reply_payload, event.referral) == ((), None, None)


def test_a_text_in_many_scripts_is_the_same_in_both_forms() -> None:
    assert message_of("text_unicode_emoji").text == message_of("wire_text_unicode_emoji").text
    assert "👨‍👩‍👧‍👦" in str(message_of("text_unicode_emoji").text)


def test_a_quick_reply_has_title_and_payload() -> None:
    event = message_of("text_quick_reply")
    assert (event.text, event.quick_reply_payload) == ("Green", "PICK_COLOUR:GREEN")


def test_a_reply_names_what_it_answers() -> None:
    event = message_of("text_reply_to")
    assert event.reply_to_mid is not None
    assert event.reply_to_mid.startswith("m_-agR1p5")
    assert event.is_self_reply is False
    assert message(reply_to={"mid": "m_0", "is_self_reply": True}).is_self_reply is True


def test_referrals_in_messages() -> None:
    assert message_of("text_referral_ads").referral == AD
    product = message_of("text_referral_product").referral
    assert product is not None
    assert (product.product_id, product.source) == ("5512093388120044", None)


def test_commands_and_the_summary_of_a_lead_ad() -> None:
    assert message_of("text_with_commands").commands == ("track",)
    lead = message_of("message_lead_summary_hop_context")
    assert lead.hop_context == HopContext(app_id="881200345567712", metadata="messenger_lead_gen_complete")


# Attachments


@pytest.mark.parametrize("kind", ["image", "audio", "video", "file", "reel", "ig_reel", "post"])
def test_an_attachment_has_its_type_and_url(kind: str) -> None:
    (attachment,) = message_of(f"attachment_{kind}").attachments
    assert attachment.type == kind
    assert attachment.url is not None
    assert attachment.url == attachment.payload["url"]


def test_several_attachments_keep_their_order() -> None:
    urls = [str(each.url) for each in message_of("attachment_images_multiple").attachments]
    assert ["photo_0" in urls[0], "photo_1" in urls[1], "photo_2" in urls[2]] == [True] * 3


def test_a_shared_link_has_text_and_attachment() -> None:
    event = message_of("attachment_fallback_link")
    assert event.text is not None
    assert [each.title for each in event.attachments] == ["Blue jacket | Example Shop"]


def test_an_unsupported_share_has_nothing_but_its_type() -> None:
    (attachment,) = message_of("attachment_fallback_no_payload").attachments
    assert attachment == Attachment("fallback", None, None, None, {})


def test_a_null_payload_and_fields_beside_it() -> None:
    (attachment,) = echo_of("echo_fallback").attachments
    assert attachment == Attachment("fallback", "https://www.messenger.com/", "Legacy Attachment", None, {})


def test_what_else_is_in_a_payload_is_kept() -> None:
    (location,) = message_of("attachment_location_legacy").attachments
    assert location.payload == {"coordinates": {"lat": 16.8409, "long": 96.1735}}
    assert location.title == "Ann's Location"
    (booking,) = message_of("attachment_appointment_booking").attachments
    assert (booking.type, booking.payload["start_time"]) == ("appointment_booking", 1795302000)
    (reel,) = message_of("attachment_reel").attachments
    assert reel.payload["reel_video_id"] == 730011223344551


LIKE = "369239263222822"
LIKE_URL = "https://scontent.xx.fbcdn.net/v/t39.1997-6/like.png"


@pytest.mark.parametrize("name", ["sticker_only", "sticker_legacy_image"])
def test_a_sticker_is_a_sticker_in_both_forms(name: str) -> None:
    (sticker,) = message_of(name).attachments
    assert (sticker.type, sticker.sticker_id, sticker.url) == ("sticker", LIKE, LIKE_URL)


@pytest.mark.parametrize(
    "image",
    [
        {"url": LIKE_URL, "sticker_id": int(LIKE)},
        {"url": LIKE_URL, "sticker_id": LIKE},
        {"url": LIKE_URL},
        {"url": "https://elsewhere.example/like.png"},
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_sticker_sent_twice_is_one(image: dict[str, Any], *, turned: bool) -> None:
    pair = [
        {"type": "sticker", "payload": {"url": LIKE_URL, "sticker_id": int(LIKE)}},
        {"type": "image", "payload": image},
    ]
    (sticker,) = message(attachments=pair[::-1] if turned else pair).attachments
    assert (sticker.type, sticker.sticker_id, sticker.url) == ("sticker", LIKE, LIKE_URL)


def test_two_different_stickers_and_two_pictures_stay_two() -> None:
    stickers = [{"type": "sticker", "payload": {"sticker_id": n}} for n in (1, 2)]
    pictures = [{"type": "image", "payload": {"url": f"https://x.example/{n}"}} for n in (1, 2)]
    assert len(message(attachments=stickers).attachments) == 2
    assert len(message(attachments=pictures).attachments) == 2
    assert len(message(attachments=[*pictures, stickers[0]]).attachments) == 3


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x", "x", ""]
)
def test_only_web_addresses_become_urls(url: str) -> None:
    (attachment,) = message(attachments=[{"type": "fallback", "payload": {"url": url}}]).attachments
    assert attachment.url is None
    assert attachment.payload["url"] == url


# Echoes


def test_our_echo_brings_our_metadata_back() -> None:
    echo = echo_of("echo_own_app")
    assert (echo.app_id, echo.sender_id, echo.recipient_id) == ("1187452390011223", PAGE, CUSTOMER)
    assert json.loads(str(echo.metadata)) == {"outbox_id": "01JD3V8Q"}


def test_echoes_name_their_app_if_there_is_one() -> None:
    assert echo_of("echo_page_inbox").app_id == "263902037430900"
    assert echo_of("echo_no_app_id").app_id is None
    assert echo_of("echo_reply_to").reply_to_mid is not None
    (media,) = echo_of("echo_template_media_numeric_attachment_id").attachments
    assert media.payload["elements"][0]["attachment_id"] == 2600112233445566


# Everything else


def test_the_other_kinds() -> None:
    ids = (CUSTOMER, PAGE)
    assert of_file("read") == Read(*ids, watermark_ms=1795166111900)
    assert of_file("delivery_watermark_only") == Delivery(*ids, watermark_ms=1795166111800, mids=())
    delivery = of_file("delivery")
    assert isinstance(delivery, Delivery)
    assert len(delivery.mids) == 2
    reaction = of_file("reaction_love")
    assert isinstance(reaction, Reaction)
    assert (reaction.action, reaction.reaction, reaction.emoji) == ("react", "love", "❤️")
    edit = of_file("message_edit")
    assert isinstance(edit, Edit)
    assert (edit.text, edit.num_edit) == ("Size L, sorry, not M", 1)
    deleted = of_file("message_is_deleted_page_defensive")
    assert isinstance(deleted, Deleted)
    postback = of_file("postback_ads_referral")
    assert isinstance(postback, Postback)
    assert (postback.title, postback.payload, postback.referral) == ("Get Started", "GET_STARTED", AD)
    stripped = of_file("standby_postback_without_payload")
    assert isinstance(stripped, Postback)
    assert (stripped.title, stripped.payload) == ("Speak to a person", None)
    assert of_file("referral_ads") == Referral(*ids, data=AD, lead_answers=())
    assert of_file("policy_warning") == PolicyEnforcement(
        None, PAGE, action="warning", reason="People reported messages from this Page as unwanted."
    )
    assert of_file("policy_unblock") == PolicyEnforcement(None, PAGE, action="unblock", reason=None)
    assert of_file("optin_checkbox_user_ref") == OptIn(
        None, PAGE, type=None, ref="checkout_42", user_ref="2201998455", payload=None, title=None, status=None
    )
    stop = of_file("optin_notification_stop")
    assert isinstance(stop, OptIn)
    assert stop.status == "STOP NOTIFICATIONS"


def test_feedback_has_score_and_comment() -> None:
    assert of_file("feedback_csat_with_comment") == Feedback(
        CUSTOMER, PAGE, answers=(FeedbackAnswer("q_csat_2291", "csat", "5", "Very quick, thank you! 😊"),)
    )


def test_thread_control_says_who_has_it() -> None:
    app = "1187452390011223"
    idle = of_file("handover_pass_from_idle_numeric")
    assert idle == ThreadControl(CUSTOMER, PAGE, "pass", None, app, "")
    taken = of_file("handover_take_thread_control")
    assert taken == ThreadControl(CUSTOMER, PAGE, "take", app, "263902037430900", "agent replied in inbox")
    asked = of_file("handover_request_thread_control")
    assert asked == ThreadControl(CUSTOMER, PAGE, "request", None, "2045518837702214", "please")


def test_lead_ads_bring_answers() -> None:
    raw = {
        "referral": {"type": "LEAD_COMPLETE", "source": "ADS"},
        "lead": {"data": [{"question": "A visit?", "answer": "Yes"}]},
    }
    event = parse(EventKind.REFERRAL, json.dumps(raw).encode())
    assert isinstance(event, Referral)
    assert event.lead_answers == (LeadAnswer("A visit?", "Yes"),)


@pytest.mark.parametrize("kind", ["unparseable", "unknown", "order", "form", "empty", "account_linking"])
def test_kinds_that_are_only_kept_are_opaque(kind: str) -> None:
    assert isinstance(parse(EventKind(kind), b"\xff not even JSON"), Opaque)


def test_every_example_delivery_can_be_parsed() -> None:
    for path in PAYLOADS.glob("*.json"):
        for event in split(path.read_bytes()):
            assert isinstance(parse(event.kind, event.raw), Event)


# Texts and odd forms


def test_what_no_database_takes_is_replaced_everywhere() -> None:
    event = message(
        text="a\u0000b\ud800c👋",
        attachments=[
            {"type": "x\u0000", "payload": {"k\ud83d": ["\udc4b"], "url": "https://x.example/\u0000"}}
        ],
    )
    assert event.text == "a\ufffdb\ufffdc👋"
    (attachment,) = event.attachments
    assert attachment.type == "x\ufffd"
    assert attachment.payload == {"k\ufffd": ["\ufffd"], "url": "https://x.example/\ufffd"}


def test_numbers_are_taken_as_texts() -> None:
    assert (message(text=5).text, message(mid=12).mid) == ("5", "12")


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("message", b""),
        ("message", b"[]"),
        ("message", b"[" * 100_000),
        ("message", b"{}"),
        ("message", b'{"message":[]}'),
        ("message", b'{"sender":5,"message":{"mid":"m"}}'),
        ("message_deleted", b'{"message":{"is_deleted":true}}'),
        ("message_edit", b'{"message_edit":{"text":"x"}}'),
        ("read", b'{"read":{"watermark":"soon"}}'),
        ("delivery", b'{"delivery":{"mids":[]}}'),
        ("referral", b'{"referral":{}}'),
        ("policy_enforcement", b'{"policy_enforcement":{"reason":"x"}}'),
        ("take_thread_control", b'{"pass_thread_control":{"metadata":""}}'),
    ],
)
def test_an_event_without_the_form_of_its_kind_is_malformed(kind: str, raw: bytes) -> None:
    with pytest.raises(MalformedEvent):
        parse(EventKind(kind), raw)


@pytest.mark.parametrize(
    ("fields", "left_out"),
    [
        ({"referral": []}, "message.referral"),
        ({"referral": {"ads_context_data": "x", "ref": 5}}, "message.referral.ads_context_data"),
        ({"quick_reply": []}, "message.quick_reply"),
        ({"quick_reply": {"payload": {}}}, "message.quick_reply.payload"),
        ({"reply_to": "m_earlier"}, "message.reply_to"),
        ({"reply_to": {"mid": [1]}}, "message.reply_to.mid"),
        ({"commands": {}}, "message.commands"),
        ({"commands": [{"name": True}]}, "message.commands.name"),
        ({"attachments": {}}, "message.attachments"),
        ({"attachments": [7]}, "message.attachments"),
        ({"attachments": [{"type": "fallback", "payload": []}]}, "message.attachments.payload"),
        ({"attachments": [{"type": ["image"]}]}, "message.attachments.type"),
        ({"mid": {"id": 1}}, "message.mid"),
    ],
)
def test_what_stands_beside_the_words_never_hides_them(fields: dict[str, Any], left_out: str) -> None:
    found = message(**{"mid": "m_1", "text": "the words are there"} | fields)
    assert found.text == "the words are there"
    assert found.left_out == (left_out,)


def test_words_of_another_type_are_left_out_by_name_alone() -> None:
    found = message(mid="m_1", text={"my card": "4111 1111"})
    assert (found.mid, found.text, found.left_out) == ("m_1", None, ("message.text",))


@pytest.mark.parametrize(
    ("hops", "app_id", "left_out"),
    [
        ({"app_id": 5, "metadata": ""}, "5", ()),
        ([{"app_id": 5, "metadata": ""}], "5", ()),
        ([{"app_id": 5}, {"app_id": 6}], "5", ()),
        ([], None, ("hop_context",)),
        ("5", None, ("hop_context",)),
    ],
)
def test_hops_come_as_an_object_and_as_a_list(
    hops: Any, app_id: str | None, left_out: tuple[str, ...]
) -> None:
    raw = json.dumps({"message": {"mid": "m_1", "text": "x"}, "hop_context": hops}).encode()
    found = parse(EventKind.MESSAGE, raw)
    assert isinstance(found, InboundMessage)
    assert (found.hop_context.app_id if found.hop_context else None, found.left_out) == (app_id, left_out)


def test_ids_that_a_double_would_round_are_text() -> None:
    payload = {
        "id": 2**53 + 1,
        "reel_video_id": 2**53 - 1,
        "of": [{"id": -(2**60)}],
        "start_time": 1795302000,
    }
    event = {
        "sender": {"id": "1"},
        "recipient": {"id": "2"},
        "message": {"mid": "m_1", "attachments": [{"type": "post", "payload": payload}]},
    }
    parsed = parse(EventKind.MESSAGE, json.dumps(event).encode())
    assert isinstance(parsed, InboundMessage)
    (attachment,) = parsed.attachments
    assert attachment.payload == {
        "id": "9007199254740993",
        "reel_video_id": 2**53 - 1,
        "of": [{"id": "-1152921504606846976"}],
        "start_time": 1795302000,
    }
