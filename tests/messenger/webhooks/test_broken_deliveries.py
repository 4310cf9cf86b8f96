"""Cutting a delivery that no parser takes into events that each stand or fall alone."""

import json
import time

import pytest

from messenger.webhooks.broken_deliveries import NoOutlineError, raw_events
from messenger.webhooks.webhook import CHANNELS, EventKind, split

PAGE = "108823774519302"
GOOD = [
    {
        "sender": {"id": "7"},
        "recipient": {"id": PAGE},
        "timestamp": 1795166112000,
        "message": {"mid": f"m_{n}"},
    }
    for n in range(999)
]
ODD = {
    "nested 100,000 deep": b'{"message":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nested objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "bad escape": rb'{"message":{"mid":"m_x","text":"\uZZZZ"}}',
    "bare word": b'{"message":{"mid":m_x}}',
    "missing colon": b'{"message" {"mid":"m_x"}}',
}


def batch(odd: bytes, *, indent: int | None = None) -> bytes:
    events = [json.dumps(event, indent=indent).encode() for event in GOOD]
    events.insert(500, odd)
    separator = b" ,\n " if indent else b","
    return b'{"object":"page","entry":[{"id":"%s","time":1,"messaging":[%s]}]}' % (
        PAGE.encode(),
        separator.join(events),
    )


@pytest.mark.slow
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_one_odd_event_in_a_thousand_harms_no_other(odd: bytes, indent: int | None) -> None:
    events = split(batch(odd, indent=indent))
    assert len(events) == 1000
    poisoned = events.pop(500)
    assert (poisoned.kind, poisoned.page_id, poisoned.raw) == (EventKind.UNPARSEABLE, PAGE, odd)
    assert [event.key for event in events] == [f"message:m_{n}" for n in range(999)]
    assert {event.customer_psid for event in events} == {"7"}


def test_events_cut_out_are_the_same_as_events_parsed_whole() -> None:
    whole = split(batch(json.dumps(GOOD[0]).encode()))
    del whole[500]
    cut = split(batch(ODD["bad escape"]))
    del cut[500]
    assert cut == whole


def test_an_integer_of_5000_digits_is_kept_to_the_last_digit() -> None:
    digits = "7" * 5000
    odd = b'{"sender":{"id":"7"},"message":{"mid":"m_x","seq":%s}}' % digits.encode()
    events = split(batch(odd))
    assert len(events) == 1000
    assert (events[500].kind, events[500].key) == (EventKind.MESSAGE, "message:m_x")
    assert json.loads(events[500].raw)["message"]["seq"] == digits


def test_strings_that_look_like_structure_do_not_mislead() -> None:
    tricky = {"message": {"mid": 'm"x', "text": '\\"]},{"messaging":[{'}, "sender": {"id": "8"}}
    text = json.dumps(tricky).encode()
    body = b'{"entry":[{"messaging":[%s,{bad}],"id":"%s"}],"object":"page"}' % (text, PAGE.encode())
    good, bad = split(body)
    assert (good.kind, good.customer_psid, json.loads(good.raw)) == (EventKind.MESSAGE, "8", tricky)
    assert (bad.kind, bad.page_id, bad.raw) == (EventKind.UNPARSEABLE, PAGE, b"{bad}")


def test_the_last_of_two_equal_keys_counts_here_too() -> None:
    body = b'{"object":"user","object":"page","entry":[{"id":"1","id":"2","messaging":[{bad}]}]}'
    (event,) = split(body)
    assert event.page_id == "2"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"}{",
        b'{"object":"page","entry":[{]}',
        b'{"object":"page","entry":[{"messaging":[{bad}]}',
        b'{"object":"page","entry":[]]}',
        b'{"object":"page","entry":[{"messaging":[{bad}] [{bad}]}]}',
        b'{"object":"page","entry":"' + b'\\"' * 10_000,
        b'{"object":"user","entry":[{"messaging":[{bad}]}]}',
        b"[" * 100_000,
    ],
    ids=lambda body: body[:30].decode(),
)
def test_what_has_no_outline_is_one_unparseable_event_with_all_bytes(body: bytes) -> None:
    with pytest.raises(NoOutlineError):
        raw_events(body, CHANNELS)
    (event,) = split(body)
    assert (event.kind, event.channel, event.raw) == (EventKind.UNPARSEABLE, "body", body)


@pytest.mark.slow
@pytest.mark.parametrize("filler", [b",", b"[", b'"', b'\\"', b"{}", b"\x00"])
def test_no_filler_makes_it_slow(filler: bytes) -> None:
    body = b'{"object":"page","entry":[{"messaging":[' + filler * (4_000_000 // len(filler))
    started = time.process_time()
    (event,) = split(body)
    assert event.kind is EventKind.UNPARSEABLE
    assert time.process_time() - started < 20  # of a processor: the machine may be busy
