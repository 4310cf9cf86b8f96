"""W18 to W26, W32 to W36 of docs/reference/bad-input.md: signed bodies of any form are answered 200."""

import json
from typing import Any

import pytest

from messenger.webhooks.webhook import CHANNELS
from support.accounts import OTHER_PAGE, REMOVED_PAGE
from support.deliveries import body_of, delivery, new_mid, new_psid, text_event, with_raw
from support.store import PAGE_A
from support.way_in import WayIn

pytestmark = pytest.mark.asyncio(loop_scope="session")

UNREADABLE = ("kept", "it cannot be read.")
NO_PAGE = ("kept", "it concerns no Page.")
NOTHING = ("kept", "there is nothing in it.")
UNKNOWN_PAGE = ("quarantined", "unknown_page")

WHOLE = [
    pytest.param(b"", UNREADABLE, id="W18"),
    pytest.param(b"null", NO_PAGE, id="W19-null"),
    pytest.param(b"[]", NO_PAGE, id="W19-array"),
    pytest.param(b'"x"', NO_PAGE, id="W19-string"),
    pytest.param(b"1", NO_PAGE, id="W19-number"),
    pytest.param(b"\xff\xfe\x00", UNREADABLE, id="W20"),
    pytest.param("{}".encode("utf-16"), UNREADABLE, id="W20-utf-16"),
    pytest.param(b"\xef\xbb\xbf", UNREADABLE, id="W21-alone"),
    pytest.param(b"[" * 100_000 + b"]" * 100_000, UNREADABLE, id="W24-arrays"),
    pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, UNREADABLE, id="W24-objects"),
    pytest.param(b"[" * 100_000, UNREADABLE, id="W24-open"),
    pytest.param(b"NaN", NO_PAGE, id="W25-nan"),
    pytest.param(b"1e999", NO_PAGE, id="W25-infinite"),
    pytest.param(b"7" * 5000, UNREADABLE, id="W25-digits"),
    pytest.param(b"{}", NO_PAGE, id="W32-missing"),
    pytest.param(b'{"object":"instagram","entry":[{"id":"1"}]}', NO_PAGE, id="W32-instagram"),
    pytest.param(b'{"object":"user","entry":[{}]}', NO_PAGE, id="W32-user"),
    pytest.param(b'{"object":"page"}', NOTHING, id="W33-missing"),
    pytest.param(b'{"object":"page","entry":[]}', NOTHING, id="W33-empty"),
    pytest.param(b'{"object":"page","entry":{"id":"1"}}', NOTHING, id="W33-no-list"),
]


@pytest.mark.parametrize(("body", "set_aside"), WHOLE)
async def test_a_body_without_events_is_kept_whole_and_shown_with_its_reason(
    way_in: WayIn, body: bytes, set_aside: tuple[str, str]
) -> None:
    taken = await way_in.take(body)
    assert [event.raw for event in taken.events] == [body]
    assert taken.set_aside == [set_aside]
    shown = (await way_in.get("/v1/webhook-events/unrouted", limit=1)).json()["items"][0]
    assert (shown["inbox_id"], shown["disposition"], shown["reason"]) == (taken.events[0].id, *set_aside)
    assert (await way_in.take(body)).events == []


TEXTS = [
    pytest.param(b'"caf\xe9 \xff"', "caf\ufffd \ufffd", id="W20-inside"),
    pytest.param(rb'"a\ud800b"', "a\ufffdb", id="W22"),
    pytest.param(rb'"a\udc00\ud800b"', "a\ufffd\ufffdb", id="W22-turned"),
    pytest.param(rb'"a\u0000b"', "a\ufffdb", id="W23"),
    pytest.param(b'"a\x00b"', "a\ufffdb", id="W23-bare"),
    pytest.param(b"NaN", "NaN", id="W25-nan-as-text"),
    pytest.param(b"1e999", "1e999", id="W25-infinite-as-text"),
    pytest.param(b"7" * 5000, "7" * 5000, id="W25-digits-as-text"),
]


@pytest.mark.parametrize(("text", "stored"), TEXTS)
async def test_any_text_arrives_what_no_database_takes_as_a_replacement_character(
    way_in: WayIn, text: bytes, stored: str
) -> None:
    body = with_raw("TEXT", text, body_of(text_event(new_psid(), text="TEXT")))
    (message,) = (await way_in.take(body)).messages
    assert message.text == stored


@pytest.mark.parametrize("mark", [pytest.param(b"\xef\xbb\xbf", id="W21")])
async def test_a_byte_order_mark_changes_nothing(way_in: WayIn, mark: bytes) -> None:
    body = body_of(text_event(new_psid()))
    assert len((await way_in.take(mark + body)).messages) == 1
    assert (await way_in.take(body)).events == []


@pytest.mark.parametrize("text", [pytest.param(b'{"a":' * 5_000 + b"1" + b"}" * 5_000, id="W24-in-a-text")])
async def test_an_object_where_a_text_belongs_is_quarantined(way_in: WayIn, text: bytes) -> None:
    body = with_raw("TEXT", text, body_of(text_event(new_psid(), text="TEXT"), text_event(new_psid())))
    taken = await way_in.take(body)
    assert [message.text for message in taken.messages] == ["hello"]
    assert len(taken.unrouted) == 1


@pytest.mark.parametrize(
    "last", [pytest.param(b'"mid"', id="W26"), pytest.param(rb'"mi\u0064"', id="W26-escaped")]
)
async def test_of_a_key_that_is_there_twice_the_last_counts_everywhere(way_in: WayIn, last: bytes) -> None:
    mid, psid = new_mid(), new_psid()
    message = b'{"mid":"m_first","text":"x",' + last + b':"' + mid.encode() + b'"}'
    body = with_raw("MESSAGE", message, body_of({**text_event(psid), "message": "MESSAGE"}))
    taken = await way_in.take(body)
    assert [event.event_key for event in taken.events] == [f"message:{mid}"]
    assert [message.mid for message in taken.messages] == [mid]
    assert (await way_in.take(body_of(text_event(psid, mid=mid, text="x")))).events == []


@pytest.mark.parametrize("count", [pytest.param(1000, id="W33-thousand")])
async def test_every_one_of_a_thousand_entries_is_read(way_in: WayIn, count: int) -> None:
    psid = new_psid()
    entries = [delivery([text_event(psid, text=str(n))])["entry"][0] for n in range(count)]
    taken = await way_in.take(json.dumps({"object": "page", "entry": entries}).encode())
    assert [message.text for message in taken.messages] == [str(n) for n in range(count)]


async def _entry(way_in: WayIn, entry: dict[str, Any]) -> Any:
    return await way_in.take(json.dumps({"object": "page", "entry": [{"id": PAGE_A, **entry}]}).encode())


@pytest.mark.parametrize("channels", [pytest.param(CHANNELS, id="W34-together")])
async def test_all_channels_of_an_entry_are_read(way_in: WayIn, channels: tuple[str, ...]) -> None:
    psid = new_psid()
    taken = await _entry(way_in, {channel: [text_event(psid)] for channel in channels})
    assert taken.kinds == ["message", "message", "page_change"]
    assert [message.standby for message in taken.messages] == [False, True]
    assert taken.set_aside == [("kept", "it changes nothing that Pagedesk looks after.")]


@pytest.mark.parametrize(
    ("entry", "kinds"),
    [
        pytest.param({}, ["empty"], id="W34-absent"),
        pytest.param({"messaging": []}, ["empty"], id="W34-empty"),
        pytest.param({"messaging": None, "changes": None}, ["empty"], id="W34-null"),
        pytest.param({"messaging": {}}, ["unknown"], id="W34-object"),
        pytest.param({"messaging": [1, None]}, ["unknown", "unknown"], id="W34-no-objects"),
        pytest.param({"something": [1]}, ["unknown"], id="W34-something-else"),
    ],
)
async def test_an_entry_without_events_is_kept(
    way_in: WayIn, entry: dict[str, Any], kinds: list[str]
) -> None:
    marked = {**entry, "time": int(new_psid())}
    taken = await _entry(way_in, marked)
    assert taken.kinds == kinds
    assert {disposition for disposition, _ in taken.set_aside} == {"kept"}


@pytest.mark.parametrize(
    "page_id",
    [
        pytest.param("987650001", id="W35-unknown"),
        pytest.param(REMOVED_PAGE, id="W35-disabled"),
        pytest.param(OTHER_PAGE, id="W35-of-another-account"),
        pytest.param("10000000000000000001", id="W36-twenty-digits"),
        pytest.param(10**19 + 2, id="W36-twenty-digits-as-number"),
        pytest.param(-5, id="W36-negative"),
        pytest.param(f" {PAGE_A} ", id="W36-spaces"),
        pytest.param("1" * 5000, id="W36-very-long"),
        pytest.param("1\n2", id="W36-newline"),
        pytest.param(True, id="W36-true"),
        pytest.param({"id": PAGE_A}, id="W36-object"),
    ],
)
async def test_a_page_that_is_not_ours_is_quarantined_and_never_routed(way_in: WayIn, page_id: Any) -> None:
    taken = await way_in.take(body_of(text_event(new_psid(), "987650009"), page_id=page_id))
    assert taken.set_aside == [UNKNOWN_PAGE]
    assert (taken.messages, taken.openings, taken.noted) == ([], [], [])


@pytest.mark.parametrize("page_id", [pytest.param(int(PAGE_A), id="W36-number")])
async def test_a_page_id_as_a_number_is_the_page(way_in: WayIn, page_id: int) -> None:
    (message,) = (await way_in.take(body_of(text_event(new_psid()), page_id=page_id))).messages
    assert message.page_id == PAGE_A
