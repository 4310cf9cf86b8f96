"""Splitting a delivery: which events it holds, whom they concern, and the key that makes each unique."""

import json
from pathlib import Path
from typing import Any

import pytest

from messenger.webhooks.webhook import EventKind, WebhookEvent, mid_in_key, split
from support.paths import PAYLOADS

PAGE = "108823774519302"
CUSTOMER = "7421908834567012"
T = 1795166112000


def delivery(*events: Any, channel: str = "messaging", **entry: Any) -> bytes:
    return json.dumps(
        {"object": "page", "entry": [{"id": PAGE, "time": T + 640, channel: list(events), **entry}]}
    ).encode()


def from_customer(**event: Any) -> dict[str, Any]:
    return {"sender": {"id": CUSTOMER}, "recipient": {"id": PAGE}, "timestamp": T, **event}


def from_page(**event: Any) -> dict[str, Any]:
    return {"sender": {"id": PAGE}, "recipient": {"id": CUSTOMER}, "timestamp": T, **event}


def message(mid: str = "m_1", **fields: Any) -> dict[str, Any]:
    return {"message": {"mid": mid, "text": "hello", **fields}}


def only(body: bytes) -> WebhookEvent:
    (event,) = split(body)
    return event


def of_file(name: str) -> list[WebhookEvent]:
    return split((PAYLOADS / name).read_bytes())


# Kinds and parties


def test_a_message() -> None:
    body = delivery(from_customer(**message()))
    assert only(body) == WebhookEvent(
        page_id=PAGE,
        channel="messaging",
        kind=EventKind.MESSAGE,
        key="message:m_1",
        customer_psid=CUSTOMER,
        occurred_ms=T,
        raw=json.dumps(from_customer(**message()), separators=(",", ":")).encode(),
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("account_linked", EventKind.ACCOUNT_LINKING),
        ("attachment_image", EventKind.MESSAGE),
        ("changes_inbox_labels", EventKind.PAGE_CHANGE),
        ("coupon_revealed", EventKind.TEMPLATE),
        ("customer_information", EventKind.MESSAGING_CUSTOMER_INFORMATION),
        ("delivery", EventKind.DELIVERY),
        ("echo_own_app", EventKind.ECHO),
        ("entry_empty", EventKind.EMPTY),
        ("feedback_csat_with_comment", EventKind.MESSAGING_FEEDBACK),
        ("handover_app_roles", EventKind.APP_ROLES),
        ("handover_pass_thread_control", EventKind.PASS_THREAD_CONTROL),
        ("handover_request_thread_control", EventKind.REQUEST_THREAD_CONTROL),
        ("handover_take_thread_control", EventKind.TAKE_THREAD_CONTROL),
        ("instagram_message_is_deleted", EventKind.NOT_PAGE),
        ("instant_form_submitted", EventKind.FORM),
        ("message_edit", EventKind.MESSAGE_EDIT),
        ("message_is_deleted_page_defensive", EventKind.MESSAGE_DELETED),
        ("object_not_page", EventKind.NOT_PAGE),
        ("optin_plugin_ref", EventKind.OPTIN),
        ("policy_warning", EventKind.POLICY_ENFORCEMENT),
        ("postback_button", EventKind.POSTBACK),
        ("reaction_love", EventKind.REACTION),
        ("read", EventKind.READ),
        ("referral_shortlink", EventKind.REFERRAL),
        ("response_feedback_good", EventKind.RESPONSE_FEEDBACK),
        ("send_cart_order", EventKind.ORDER),
        ("standby_message", EventKind.MESSAGE),
    ],
)
def test_the_kind_is_told_by_the_key_that_is_present(name: str, kind: EventKind) -> None:
    assert [event.kind for event in of_file(f"{name}.json")] == [kind]


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_every_customer_event_names_the_customer_whoever_sent_it(path: Path) -> None:
    without_customer = {
        EventKind.PAGE_CHANGE,
        EventKind.APP_ROLES,
        EventKind.POLICY_ENFORCEMENT,
        EventKind.NOT_PAGE,
        EventKind.EMPTY,
    }
    for event in split(path.read_bytes()):
        none_expected = event.kind in without_customer or path.stem == "optin_checkbox_user_ref"
        assert event.customer_psid == (None if none_expected else CUSTOMER)


def test_a_whole_round_trip_in_one_delivery() -> None:
    events = of_file("batch_message_echo_delivery_read.json")
    assert [event.kind for event in events] == ["message", "echo", "delivery", "read"]
    assert {event.customer_psid for event in events} == {CUSTOMER}
    assert {event.page_id for event in events} == {PAGE}


def test_all_arrays_of_all_entries_are_read() -> None:
    entries = [
        {"id": "1", "messaging": [from_customer(**message("a")), from_customer(**message("b"))]},
        {
            "id": "2",
            "messaging": [from_customer(**message("c"))],
            "standby": [from_customer(**message("d"))],
            "changes": [{"field": "inbox_labels", "value": {}}],
        },
    ]
    events = split(json.dumps({"object": "page", "entry": entries}).encode())
    assert [(event.page_id, event.channel) for event in events] == [
        ("1", "messaging"),
        ("1", "messaging"),
        ("2", "messaging"),
        ("2", "standby"),
        ("2", "changes"),
    ]


def test_a_message_from_the_page_is_an_echo_even_unflagged() -> None:
    event = only(delivery(from_page(**message())))
    assert (event.kind, event.customer_psid) == (EventKind.ECHO, CUSTOMER)


def test_the_page_is_known_from_the_parties_where_the_entry_has_no_id() -> None:
    (event,) = of_file("feedback_as_documented_no_ids.json")
    assert (event.page_id, event.customer_psid, event.occurred_ms) == (PAGE, CUSTOMER, None)
    echo = from_page(**message(is_echo=True))
    event = only(json.dumps({"object": "page", "entry": [{"messaging": [echo]}]}).encode())
    assert (event.page_id, event.customer_psid) == (PAGE, CUSTOMER)


def test_ids_may_be_numbers_of_any_size() -> None:
    sender = {"sender": {"id": 18446744073709551617}}
    entry = {"id": 108823774519302, "messaging": [from_customer(**message()) | sender]}
    event = only(json.dumps({"object": "page", "entry": [entry]}).encode())
    assert (event.page_id, event.customer_psid) == (PAGE, "18446744073709551617")


def test_an_impossible_id_becomes_one_that_can_be_stored() -> None:
    names = ["x" * 65, "nul\u0000", "line\n", "surrogate\ud800"]
    ids = [
        only(delivery(from_customer(**message()) | {"sender": {"id": name}})).customer_psid for name in names
    ]
    assert all(each and each.startswith("invalid:") and len(each) <= 64 for each in ids)
    assert len(set(ids)) == len(names)


@pytest.mark.parametrize(
    ("timestamp", "milliseconds"),
    [
        (T, T),
        (str(T), T),
        (T // 1000, T),
        (str(T // 1000), T),
        (float(T), T),
        (4102444800000, 4102444800000),
        (0, None),
        (-5, None),
        (10**18, None),
        ("soon", None),
        ("1_795", None),
        ("٣", None),
        (None, None),
        (True, None),
        ({}, None),
    ],
)
def test_times_come_in_many_forms(timestamp: object, milliseconds: int | None) -> None:
    event = only(delivery(from_customer(**message()) | {"timestamp": timestamp}))
    assert event.occurred_ms == milliseconds


# Keys


@pytest.mark.parametrize(
    "what",
    [message(), {"postback": {"mid": "m_1"}}, {"referral": {"ref": "x", "source": "SHORTLINK"}}],
    ids=["message", "postback", "referral"],
)
def test_what_makes_work_has_another_key_on_standby_where_it_makes_none(what: dict[str, Any]) -> None:
    event = from_customer(**what)
    ours, theirs = only(delivery(event)).key, only(delivery(event, channel="standby")).key
    assert theirs == "standby_" + ours
    assert only(delivery(event, channel="standby")).key == theirs


@pytest.mark.parametrize(
    "what",
    [
        {"reaction": {"mid": "m_1", "action": "react", "reaction": "love"}},
        {"read": {"watermark": 1795166112000}},
        {"message_edit": {"mid": "m_1", "num_edit": 1}},
        {"optin": {"ref": "x"}},
    ],
    ids=["reaction", "read", "edit", "optin"],
)
def test_everything_else_has_one_key_in_both_channels(what: dict[str, Any]) -> None:
    event = from_customer(**what)
    assert only(delivery(event)).key == only(delivery(event, channel="standby")).key


def test_an_echo_has_one_key_in_both_channels() -> None:
    event = {"sender": {"id": PAGE}, "recipient": {"id": "1"}, "message": {"mid": "m_1", "is_echo": True}}
    assert only(delivery(event)).key == only(delivery(event, channel="standby")).key


@pytest.mark.parametrize(
    ("key", "mid"),
    [
        ("message:m_1", "m_1"),
        ("standby_message:m_1", "m_1"),
        ("postback:mid.$c:x:y", "mid.$c:x:y"),
        ("message#0123", None),
        ("echo:m_1", None),
        ("event:0123", None),
        ("standby_event:0123", None),
    ],
)
def test_a_key_tells_the_mid_of_what_a_customer_said(key: str, mid: str | None) -> None:
    assert mid_in_key(key) == mid


def test_keys_on_standby_stay_within_the_limit() -> None:
    keys = [
        only(delivery(from_customer(**message("m" * length)), channel="standby")).key
        for length in (180, 184, 192, 200, 400)
    ]
    assert all(len(key) <= 200 and key.startswith("standby_message") for key in keys)
    assert len(set(keys)) == 5


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (from_page(**message(is_echo=True)), "echo:m_1"),
        (from_customer(**message(is_deleted=True)), "message_deleted:m_1"),
        (from_customer(postback={"mid": "m_2"}), "postback:m_2"),
        (from_customer(delivery={"watermark": T, "mids": ["m_3"]}), f"delivery:{CUSTOMER}:{PAGE}:{T}"),
        (from_customer(read={"watermark": str(T)}), f"read:{CUSTOMER}:{PAGE}:{T}"),
        (from_customer(message_edit={"mid": "m_1", "num_edit": "2"}), "message_edit:2:m_1"),
        (
            from_customer(reaction={"mid": "m_1", "action": "react", "reaction": "like"}),
            f"reaction:{CUSTOMER}:{T}:react::like:m_1",
        ),
    ],
)
def test_keys_are_what_meta_says_tells_events_apart(event: dict[str, Any], key: str) -> None:
    assert only(delivery(event)).key == key


def test_key_order_and_spaces_make_no_new_event() -> None:
    event = from_customer(optin={"ref": "a", "type": "b"})
    turned = dict(reversed(event.items())) | {"optin": {"type": "b", "ref": "a"}}
    assert only(delivery(event)).key == only(delivery(turned)).key


@pytest.mark.parametrize(
    "differing",
    [
        {"mid": "m_2"},
        {"action": "unreact"},
        {"emoji": "🎉"},
    ],
)
def test_reactions_differ_by_all_that_makes_them(differing: dict[str, str]) -> None:
    reaction = {"mid": "m_1", "action": "react", "emoji": "❤️", "reaction": "love"}
    one = only(delivery(from_customer(reaction=reaction)))
    other = only(delivery(from_customer(reaction=reaction | differing)))
    later = only(delivery(from_customer(reaction=reaction) | {"timestamp": T + 1}))
    assert len({one.key, other.key, later.key}) == 3


def test_an_undated_event_without_id_is_told_by_its_entrys_time() -> None:
    answer = from_customer(messaging_feedback={"feedback_screens": []})
    del answer["timestamp"]
    assert only(delivery(answer)).key == only(delivery(answer)).key
    assert only(delivery(answer)).key != only(delivery(answer, time=T + 1)).key


@pytest.mark.parametrize("mid", ["m" * 2000, "nul\u0000", "é", "\ud800", "two\nlines"])
def test_keys_are_short_and_printable_whatever_the_mid(mid: str) -> None:
    keys = {only(delivery(from_customer(**message(each)))).key for each in (mid, mid + "2")}
    assert len(keys) == 2
    assert all(len(key) <= 200 and key.isascii() and key.isprintable() for key in keys)


def test_a_mid_cannot_pretend_to_be_the_hash_of_another() -> None:
    hashed = only(delivery(from_customer(**message("x" * 300)))).key
    forged = only(delivery(from_customer(**message(hashed.removeprefix("message#"))))).key
    assert hashed != forged


def test_parts_of_a_key_cannot_run_into_each_other() -> None:
    one = from_customer(reaction={"mid": "m:x", "action": "react", "emoji": "a", "reaction": "b"})
    other = from_customer(reaction={"mid": "x", "action": "react", "emoji": "a", "reaction": "b:m"})
    assert only(delivery(one)).key != only(delivery(other)).key


# What is kept


def test_fields_around_the_events_that_we_do_not_know_are_kept_once() -> None:
    first, *others = of_file("unknown_future_field.json")
    assert not others
    kept = json.loads(first.raw)
    assert kept["_envelope"] == {"schema_version": 3, "delivery_attempt": 1}
    assert kept["conversation"] == {"id": "t_10228899001122334"}
    one, two = split(delivery(from_customer(**message("a")), from_customer(**message("b")), new_field=1))
    assert (b"_envelope" in one.raw, b"_envelope" in two.raw) == (True, False)


@pytest.mark.parametrize(
    "body",
    [b"null", b"[]", b'"x"', b"1", b"{}", b'{"object":"user","entry":[{}]}', b'{"object":["page"]}'],
)
def test_what_is_no_page_delivery_is_one_event_with_its_bytes(body: bytes) -> None:
    event = only(body)
    assert (event.kind, event.channel, event.page_id, event.raw) == (EventKind.NOT_PAGE, "body", "", body)


@pytest.mark.parametrize("entry", ["[]", "null", "{}", "7", '"x"'])
def test_a_delivery_without_entries_is_one_empty_event(entry: str) -> None:
    body = f'{{"object":"page","entry":{entry}}}'.encode()
    assert (only(body).kind, only(body).raw) == (EventKind.EMPTY, body)
    assert only(b'{"object":"page"}').kind is EventKind.EMPTY


@pytest.mark.parametrize("entry", [{}, {"id": PAGE, "time": T}, {"messaging": []}, {"messaging": None}])
def test_an_entry_without_events_is_one_empty_event(entry: dict[str, Any]) -> None:
    event = only(json.dumps({"object": "page", "entry": [entry]}).encode())
    assert (event.kind, json.loads(event.raw)) == (EventKind.EMPTY, entry)


@pytest.mark.parametrize("entry", [7, "x", None, [], {"id": PAGE, "hints": [{"a": 1}]}])
def test_an_entry_of_a_new_form_is_kept_as_unknown(entry: object) -> None:
    known = {"id": PAGE, "messaging": [from_customer(**message())]}
    odd, good = split(json.dumps({"object": "page", "entry": [entry, known]}).encode())
    assert (odd.kind, json.loads(odd.raw)) == (EventKind.UNKNOWN, entry)
    assert good.kind is EventKind.MESSAGE


@pytest.mark.parametrize(
    "event", [None, 7, "x", [], {}, {"message": None}, {"message": "hi"}, {"future": {}}]
)
def test_an_event_of_a_new_form_is_kept_as_unknown(event: object) -> None:
    odd, good = split(delivery(event, from_customer(**message())))
    assert (odd.kind, odd.page_id, json.loads(odd.raw)) == (EventKind.UNKNOWN, PAGE, event)
    assert good.kind is EventKind.MESSAGE


def test_an_event_that_is_not_in_an_array_is_read_too() -> None:
    entry = {"id": PAGE, "messaging": from_customer(**message())}
    assert only(json.dumps({"object": "page", "entry": [entry]}).encode()).kind is EventKind.MESSAGE
