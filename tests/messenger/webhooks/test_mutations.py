"""Mutations of the example deliveries: splitting never raises, parsing raises MalformedEvent only."""

import copy
import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.events.channels import PAGEDESK_CHANNEL
from messenger.field_reader import MalformedEvent
from messenger.webhooks.events import Event, InboundMessage
from messenger.webhooks.parse_event import parse
from messenger.webhooks.webhook import INTERNAL_KINDS, EventKind, WebhookEvent, split
from support.paths import PAYLOADS

PAGE = "108823774519302"

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["page", "\ud800", "\u0000", PAGE, "react", 10**400, -(10**12)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
example_bodies = [path.read_bytes() for path in sorted(PAYLOADS.glob("*.json"))]


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places in a JSON value, the value itself excepted."""
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    else:
        inner = []
    return [found for key, each in inner for found in [(*path, key), *paths_in(each, (*path, key))]]


@st.composite
def mutated_deliveries(draw: st.DrawFn) -> Any:
    delivery = copy.deepcopy(json.loads(draw(st.sampled_from(example_bodies))))
    for _ in range(draw(st.integers(min_value=1, max_value=3))):
        paths = paths_in(delivery)
        if not paths:
            break
        *place, key = draw(st.sampled_from(paths))
        target = delivery
        for step in place:
            target = target[step]
        match draw(st.sampled_from(["replace", "remove", "double"])):
            case "replace":
                target[key] = draw(json_values)
            case "remove":
                del target[key]
            case _ if isinstance(target, list):
                target.append(target[key])
            case _:
                target[draw(st.sampled_from(["message", "postback", "read", "referral", "extra"]))] = target[
                    key
                ]
    return delivery


def assert_sound(events: list[WebhookEvent]) -> None:
    assert events
    for event in events:
        assert event.channel in ("messaging", "standby", "changes", "body")
        assert event.kind not in INTERNAL_KINDS
        assert not event.key.startswith(PAGEDESK_CHANNEL)
        assert 0 < len(event.key) <= 200
        assert event.key.isascii()
        assert event.key.isprintable()
        assert all(
            len(each) <= 64 and each.isascii() and each.isprintable()
            for each in (event.page_id, event.customer_psid or "")
        )
        assert event.occurred_ms is None or 0 < event.occurred_ms < 253_402_300_800_000
        assert event.customer_psid is None or event.customer_psid != event.page_id
        if event.channel != "body":
            assert event.raw.isascii() or event.kind is EventKind.UNPARSEABLE
        with suppress(MalformedEvent):
            parse(event.kind, event.raw)


@given(mutated_deliveries())
def test_mutated_json_never_raises(delivery: Any) -> None:
    body = json.dumps(delivery).encode()
    events = split(body)
    assert_sound(events)
    assert split(body) == events


@given(mutated_deliveries())
def test_a_mutated_event_harms_no_neighbour(delivery: Any) -> None:
    entries = delivery.get("entry") if isinstance(delivery, dict) else None
    odd = entries[0] if isinstance(entries, list) and entries else delivery
    message = {"sender": {"id": "7421908834567012"}, "recipient": {"id": PAGE}, "message": {"mid": "m_good"}}
    good = {"id": PAGE, "messaging": [message]}
    events = split(json.dumps({"object": "page", "entry": [good, odd, good]}).encode())
    assert_sound(events)
    assert events[0].key == events[-1].key == "message:m_good"


@given(st.sampled_from(example_bodies), st.data())
def test_mutated_bytes_never_raise(body: bytes, data: st.DataObject) -> None:
    changed = bytearray(body)
    for _ in range(data.draw(st.integers(min_value=1, max_value=4))):
        start = data.draw(st.integers(min_value=0, max_value=len(changed)))
        length = data.draw(st.integers(min_value=0, max_value=5))
        changed[start : start + length] = data.draw(st.binary(max_size=5))
    assert_sound(split(bytes(changed)))


@given(st.binary(max_size=300))
def test_random_bytes_never_raise(body: bytes) -> None:
    assert_sound(split(body))


@given(
    st.sampled_from(list(EventKind)),
    st.binary(max_size=100) | json_values.map(lambda value: json.dumps(value).encode()),
)
def test_parsing_raises_malformed_only(kind: EventKind, raw: bytes) -> None:
    with suppress(MalformedEvent):
        assert isinstance(parse(kind, raw), Event)


_SIDE_FIELDS = ("referral", "quick_reply", "reply_to", "commands", "attachments", "nlp", "seq", "tags", "mid")


@given(
    st.dictionaries(st.sampled_from(_SIDE_FIELDS), json_values, max_size=4),
    st.dictionaries(st.sampled_from(["hop_context", "timestamp", "postback", "lead", "prior"]), json_values),
)
def test_no_side_field_keeps_words_from_being_read(beside: dict[str, Any], around: dict[str, Any]) -> None:
    parties = {"sender": {"id": "7421908834567012"}, "recipient": {"id": PAGE}}
    event = around | parties | {"message": beside | {"text": "the words"}}
    (found,) = split(json.dumps({"object": "page", "entry": [{"id": PAGE, "messaging": [event]}]}).encode())
    assert found.kind is EventKind.MESSAGE
    parsed = parse(found.kind, found.raw)
    assert isinstance(parsed, InboundMessage)
    assert parsed.text == "the words"
