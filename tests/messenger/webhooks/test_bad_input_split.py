"""W18 to W50 of docs/reference/bad-input.md, as far as splitting and parsing go.

Whatever is signed becomes events, or one event that keeps the bytes; none harms another.
"""

import json
from typing import Any

import pytest

from messenger.webhooks.events import Delivery, Edit, InboundMessage, Postback, Reaction
from messenger.webhooks.parse_event import parse
from messenger.webhooks.webhook import CHANNELS, EventKind, WebhookEvent, split

PAGE = "108823774519302"
CUSTOMER = "7421908834567012"
T = 1795166112000


def customer_event(**fields: Any) -> dict[str, Any]:
    return {"sender": {"id": CUSTOMER}, "recipient": {"id": PAGE}, "timestamp": T} | fields


def text_event(**fields: Any) -> dict[str, Any]:
    return customer_event(message={"mid": "m_1", "text": "hello"} | fields)


def body_of(*events: Any, **entry: Any) -> bytes:
    return json.dumps(
        {"object": "page", "entry": [{"id": PAGE, "time": T, "messaging": events} | entry]}
    ).encode()


def raw_body(event: str) -> bytes:
    return f'{{"object":"page","entry":[{{"id":"{PAGE}","time":{T},"messaging":[{event}]}}]}}'.encode()


def raw_text_event(message: str) -> str:
    parties = f'"sender":{{"id":"{CUSTOMER}"}},"recipient":{{"id":"{PAGE}"}}'
    return f'{{{parties},"timestamp":{T},"message":{message}}}'


def only(body: bytes) -> WebhookEvent:
    (event,) = split(body)
    return event


def message_of(event: WebhookEvent) -> InboundMessage:
    parsed = parse(event.kind, event.raw)
    assert isinstance(parsed, InboundMessage)
    return parsed


# Bodies as a whole

WHOLE = [
    pytest.param(b"", EventKind.UNPARSEABLE, id="W18"),
    pytest.param(b"null", EventKind.NOT_PAGE, id="W19-null"),
    pytest.param(b"[]", EventKind.NOT_PAGE, id="W19-array"),
    pytest.param(b'"x"', EventKind.NOT_PAGE, id="W19-string"),
    pytest.param(b"1", EventKind.NOT_PAGE, id="W19-number"),
    pytest.param(b"\xff\xfe\x00", EventKind.UNPARSEABLE, id="W20"),
    pytest.param("{}".encode("utf-16"), EventKind.UNPARSEABLE, id="W20-utf16"),
    pytest.param(b"\xef\xbb\xbf", EventKind.UNPARSEABLE, id="W21-alone"),
    pytest.param(b"[" * 100_000 + b"]" * 100_000, EventKind.UNPARSEABLE, id="W24-arrays"),
    pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, EventKind.UNPARSEABLE, id="W24-objects"),
    pytest.param(b"[" * 100_000, EventKind.UNPARSEABLE, id="W24-open"),
    pytest.param(b"NaN", EventKind.NOT_PAGE, id="W25-nan"),
    pytest.param(b"1e999", EventKind.NOT_PAGE, id="W25-infinite"),
    pytest.param(b"7" * 5000, EventKind.UNPARSEABLE, id="W25-digits"),
    pytest.param(b"object=page&entry=x", EventKind.UNPARSEABLE, id="W31-form"),
    pytest.param(b"{}", EventKind.NOT_PAGE, id="W32-missing"),
    pytest.param(b'{"object":"instagram","entry":[{"id":"1"}]}', EventKind.NOT_PAGE, id="W32-instagram"),
    pytest.param(b'{"object":"user","entry":[{}]}', EventKind.NOT_PAGE, id="W32-user"),
    pytest.param(b'{"object":"page"}', EventKind.EMPTY, id="W33-missing"),
    pytest.param(b'{"object":"page","entry":[]}', EventKind.EMPTY, id="W33-empty"),
    pytest.param(b'{"object":"page","entry":{"id":"1"}}', EventKind.EMPTY, id="W33-no-list"),
]


@pytest.mark.parametrize(("body", "kind"), WHOLE)
def test_a_body_without_events_is_kept_whole(body: bytes, kind: EventKind) -> None:
    event = only(body)
    assert (event.kind, event.channel, event.raw) == (kind, "body", body)
    assert event.key == only(body).key


@pytest.mark.parametrize("count", [pytest.param(1000, id="W33-thousand")])
def test_every_entry_is_read(count: int) -> None:
    entries = [{"id": str(n), "messaging": [text_event(mid=f"m_{n}")]} for n in range(count)]
    events = split(json.dumps({"object": "page", "entry": entries}).encode())
    assert [(event.page_id, event.key) for event in events] == [
        (str(n), f"message:m_{n}") for n in range(count)
    ]


TOGETHER = [
    pytest.param(CHANNELS, [EventKind.MESSAGE, EventKind.MESSAGE, EventKind.PAGE_CHANGE], id="W34-together"),
    pytest.param((), [EventKind.EMPTY], id="W34-absent"),
]


@pytest.mark.parametrize(("channels", "kinds"), TOGETHER)
def test_all_channels_of_an_entry_are_read(channels: tuple[str, ...], kinds: list[EventKind]) -> None:
    entry = {"id": PAGE} | {channel: [text_event()] for channel in channels}
    events = split(json.dumps({"object": "page", "entry": [entry]}).encode())
    assert [event.kind for event in events] == kinds


# Characters and numbers inside an event

CHARACTERS = [
    pytest.param(b'"caf\xc3\xa9 \xf0\x9f\x91\x8b"', "café 👋", id="W15-raw"),
    pytest.param(rb'"caf\u00e9 \ud83d\udc4b"', "café 👋", id="W15-escaped"),
    pytest.param(b'"caf\xe9 \xff"', "caf\ufffd \ufffd", id="W20-inside"),
    pytest.param(rb'"a\ud800b"', "a\ufffdb", id="W22"),
    pytest.param(rb'"a\u0000b"', "a\ufffdb", id="W23"),
    pytest.param(b'"a\x00b"', "a\ufffdb", id="W23-bare"),
    pytest.param(b'"line\nbreak"', "line\nbreak", id="W43-newline"),
]


@pytest.mark.parametrize(("text", "expected"), CHARACTERS)
def test_any_characters_arrive_and_can_be_stored(text: bytes, expected: str) -> None:
    body = raw_body(raw_text_event('{"mid":"m_1","text":TEXT}')).replace(b"TEXT", text)
    event = only(body)
    assert (event.kind, event.key) == (EventKind.MESSAGE, "message:m_1")
    assert event.raw.isascii()
    assert message_of(event).text == expected
    expected.encode()


@pytest.mark.parametrize(
    "odd_byte", [pytest.param(b"\xe9", id="W20-kept"), pytest.param(b"\xff", id="W20-kept-too")]
)
def test_bytes_that_are_no_utf_8_can_be_had_back_from_the_raw_copy(odd_byte: bytes) -> None:
    event = only(raw_body(raw_text_event('{"mid":"m_1","text":"TEXT"}')).replace(b"TEXT", odd_byte))
    kept = json.loads(event.raw)["message"]["text"]
    assert kept.encode("utf-8", "surrogateescape") == odd_byte


@pytest.mark.parametrize("mark", [pytest.param(b"\xef\xbb\xbf", id="W21")])
def test_a_byte_order_mark_changes_nothing(mark: bytes) -> None:
    body = body_of(text_event())
    assert split(mark + body) == split(body)


NUMBERS = [
    pytest.param("NaN", "NaN", id="W25-nan-inside"),
    pytest.param("-Infinity", "-Infinity", id="W25-infinity-inside"),
    pytest.param("1e999", "1e999", id="W25-infinite-inside"),
    pytest.param("7" * 5000, "7" * 5000, id="W25-digits-inside"),
    pytest.param("18446744073709551617", 18446744073709551617, id="W25-beyond-64-bits"),
]


@pytest.mark.parametrize(("number", "kept"), NUMBERS)
def test_numbers_that_json_or_a_double_cannot_hold_are_kept(number: str, kept: object) -> None:
    event = only(raw_body(raw_text_event(f'{{"mid":"m_1","text":"x","seq":{number}}}')))
    assert event.key == "message:m_1"
    assert json.loads(event.raw)["message"]["seq"] == kept
    assert message_of(event).text == "x"


TWICE = [
    pytest.param('{"mid":"m_first","mid":"m_last","text":"x"}', id="W26"),
    pytest.param('{"mid":"m_first","text":"x","mi\\u0064":"m_last"}', id="W26-escaped"),
]


@pytest.mark.parametrize("message", TWICE)
def test_of_two_equal_keys_the_last_counts_everywhere(message: str) -> None:
    event = only(raw_body(raw_text_event(message)))
    assert event.key == "message:m_last"
    assert message_of(event).mid == "m_last"
    assert b"m_first" not in event.raw


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param('{"message":' + "[" * 100_000 + "]" * 100_000 + "}", id="W24-in-a-batch"),
        pytest.param('{"message":{"mid":"m_x","text":"\\uZZZZ"}}', id="W56-bad-escape"),
        pytest.param('{"message":{"mid":m_x}}', id="W56-bare-word"),
    ],
)
def test_one_odd_event_harms_no_other(odd: str) -> None:
    good = [json.dumps(text_event(mid=f"m_{n}")) for n in range(20)]
    events = split(raw_body(",".join([*good[:10], odd, *good[10:]])))
    assert [event.kind for event in events] == (
        [EventKind.MESSAGE] * 10 + [EventKind.UNPARSEABLE] + [EventKind.MESSAGE] * 10
    )
    assert events[10].raw == odd.encode()


# Page, sender, time, mid

PAGES = [
    pytest.param("555000111", "555000111", id="W35-unknown"),
    pytest.param(108823774519302, PAGE, id="W36-number"),
    pytest.param(10**19 + 1, "10000000000000000001", id="W36-long"),
    pytest.param(-5, "-5", id="W36-negative"),
    pytest.param(" 1088 23 ", " 1088 23 ", id="W36-spaces"),
]


@pytest.mark.parametrize(("given_id", "page_id"), PAGES)
def test_page_ids_are_taken_as_they_are(given_id: object, page_id: str) -> None:
    assert only(body_of(text_event(), id=given_id)).page_id == page_id


SENDERS = [
    pytest.param({"recipient": {"id": PAGE}}, EventKind.MESSAGE, None, id="W37-missing"),
    pytest.param({"sender": None, "recipient": {"id": PAGE}}, EventKind.MESSAGE, None, id="W37-null"),
    pytest.param({"sender": {}, "recipient": {"id": PAGE}}, EventKind.MESSAGE, None, id="W37-empty"),
    pytest.param(
        {"sender": {"id": PAGE}, "recipient": {"id": PAGE}}, EventKind.ECHO, None, id="W37-page-to-page"
    ),
    pytest.param(
        {"sender": {"id": PAGE}, "recipient": {"id": CUSTOMER}}, EventKind.ECHO, CUSTOMER, id="W37-page"
    ),
]


@pytest.mark.parametrize(("parties", "kind", "customer"), SENDERS)
def test_without_a_customer_as_sender_nobody_is_the_customer_by_mistake(
    parties: dict[str, Any], kind: EventKind, customer: str | None
) -> None:
    event = only(body_of(parties | {"timestamp": T, "message": {"mid": "m_1", "text": "x"}}))
    assert (event.kind, event.customer_psid) == (kind, customer)


TIMES = [
    pytest.param({}, None, id="W38-missing"),
    pytest.param({"timestamp": 1795166112}, T, id="W38-seconds"),
    pytest.param({"timestamp": 0}, None, id="W38-zero"),
    pytest.param({"timestamp": -T}, None, id="W38-negative"),
    pytest.param({"timestamp": 4102444800000}, 4102444800000, id="W38-year-2100"),
    pytest.param({"timestamp": 1420070400000}, 1420070400000, id="W38-year-2015"),
    pytest.param({"timestamp": str(T)}, T, id="W38-string"),
    pytest.param({"timestamp": 10**30}, None, id="W38-beyond-year-9999"),
]


@pytest.mark.parametrize(("time", "occurred_ms"), TIMES)
def test_times_are_read_or_left_out(time: dict[str, Any], occurred_ms: int | None) -> None:
    event = {"sender": {"id": CUSTOMER}, "recipient": {"id": PAGE}, "message": {"mid": "m_1"}} | time
    assert only(body_of(event)).occurred_ms == occurred_ms


MIDS = [
    pytest.param({}, "event:", id="W39-missing"),
    pytest.param({"mid": ""}, "event:", id="W39-empty"),
    pytest.param({"mid": "m" * 2000}, "message#", id="W39-long"),
    pytest.param({"mid": 'm_"quote'}, 'message:m_"quote', id="W39-quote"),
    pytest.param({"mid": "../../m"}, "message:../../m", id="W39-path"),
    pytest.param({"mid": "m_\n1"}, "message#", id="W39-newline"),
]


@pytest.mark.parametrize(("mid", "key"), MIDS)
def test_any_mid_makes_a_short_printable_key(mid: dict[str, str], key: str) -> None:
    event = only(body_of(customer_event(message={"text": "x"} | mid)))
    assert event.key.startswith(key)
    assert len(event.key) <= 200
    assert event.key.isprintable()
    assert message_of(event).mid == (mid.get("mid") or None)


@pytest.mark.parametrize("other_text", [pytest.param("tampered", id="W40")])
def test_the_same_mid_with_another_body_has_the_same_key(other_text: str) -> None:
    one, other = split(body_of(text_event(), text_event(text=other_text)))
    assert one.key == other.key
    assert one.raw != other.raw


@pytest.mark.parametrize("other_page", [pytest.param("230451889017744", id="W41")])
def test_the_same_mid_on_two_pages_is_two_events(other_page: str) -> None:
    one, other = only(body_of(text_event())), only(body_of(text_event(), id=other_page))
    assert (one.key, one.page_id) != (other.key, other.page_id)


# Texts, attachments, other kinds

TEXTS = [
    *[pytest.param("x" * length, id=f"W42-{length}") for length in (0, 1, 2000, 20_000, 100_000)],
    pytest.param("👨\u200d👩\u200d👧\u200d👦" * 500, id="W42-emoji"),
    pytest.param("\u202egnp.exe\u202c", id="W42-rtl"),
    pytest.param("Z" + "\u0351\u0362\u0489" * 1000, id="W42-combining"),
    pytest.param("<script>alert(1)</script>", id="W43-html"),
    pytest.param("{{7*7}} ${7*7} <%= 7*7 %>", id="W43-template"),
    pytest.param("'; DROP TABLE message; --", id="W43-sql"),
    pytest.param("$(reboot) `reboot` | reboot", id="W43-shell"),
    pytest.param("ok\n2026-11-20 ERROR forged\x1b[31m", id="W43-log"),
]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_arrive_verbatim(text: str) -> None:
    assert message_of(only(body_of(text_event(text=text)))).text == text


IMAGE = {"type": "image", "payload": {"url": "https://cdn.example/1.jpg"}}
STICKER = {
    "type": "sticker",
    "payload": {"url": "https://cdn.example/like.png", "sticker_id": 369239263222822},
}
ATTACHMENTS = [
    pytest.param([], 0, id="W44-none"),
    pytest.param(None, 0, id="W44-null"),
    pytest.param([IMAGE], 1, id="W44-one"),
    pytest.param([IMAGE] * 30, 30, id="W44-thirty"),
    pytest.param([{"type": "hologram", "payload": {"url": "https://x.example/"}}], 1, id="W44-unknown-type"),
    pytest.param([{"type": "image", "payload": None}], 1, id="W44-payload-null"),
    pytest.param([{}], 1, id="W44-nothing"),
    pytest.param([{"type": "fallback", "url": "javascript:alert(1)"}], 1, id="W44-javascript"),
    pytest.param([STICKER, STICKER | {"type": "image"}], 1, id="W45"),
]


@pytest.mark.parametrize(("attachments", "count"), ATTACHMENTS)
def test_attachments_of_any_kind_are_kept_and_none_is_a_script(attachments: object, count: int) -> None:
    parsed = message_of(only(body_of(text_event(attachments=attachments))))
    assert len(parsed.attachments) == count
    assert all(each.url is None or each.url.startswith("https://") for each in parsed.attachments)


REPLIES = [
    pytest.param({"mid": "m_never_seen"}, "m_never_seen", id="W46-unknown"),
    pytest.param({"mid": "m_1", "is_self_reply": True}, "m_1", id="W46-self"),
    pytest.param({}, None, id="W46-empty"),
]


@pytest.mark.parametrize(("reply_to", "mid"), REPLIES)
def test_replies_to_anything_are_messages(reply_to: dict[str, Any], mid: str | None) -> None:
    assert message_of(only(body_of(text_event(reply_to=reply_to)))).reply_to_mid == mid


ODD_ORDER = [
    pytest.param(
        {"reaction": {"mid": "m_never_seen", "action": "react", "reaction": "like"}}, id="W47-unknown"
    ),
    pytest.param({"reaction": {"mid": "m_1", "action": "unreact"}}, id="W47-unreact-first"),
    pytest.param({"message_edit": {"mid": "m_later", "text": "x", "num_edit": 1}}, id="W48-edit"),
    pytest.param({"message": {"mid": "m_later", "is_deleted": True}}, id="W48-unsend"),
    pytest.param({"read": {"watermark": 4102444800000}}, id="W49-read"),
    pytest.param({"delivery": {"watermark": 4102444800000}}, id="W49-delivery"),
    pytest.param({"postback": {"title": "Go", "payload": "GO"}}, id="W50-no-mid"),
    pytest.param({"postback": {"mid": "m_1", "title": "Go", "payload": "x" * 1001}}, id="W50-long-payload"),
    pytest.param({"postback": {"mid": "m_1", "payload": "survey:other-conversation:5"}}, id="W50-forged"),
]


@pytest.mark.parametrize("fields", ODD_ORDER)
def test_events_about_what_we_have_not_seen_can_be_read(fields: dict[str, Any]) -> None:
    event = only(body_of(customer_event(**fields)))
    parsed = parse(event.kind, event.raw)
    assert event.customer_psid == CUSTOMER
    match parsed:
        case Reaction(mid=mid):
            assert mid == fields["reaction"]["mid"]
        case Edit(mid=mid):
            assert mid == "m_later"
        case Delivery(mids=mids):
            assert mids == ()
        case Postback(payload=payload):
            assert payload == fields["postback"]["payload"]
