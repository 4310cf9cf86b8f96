"""W37 to W49 of docs/reference/bad-input.md: messages, and events about messages, of any form."""

from datetime import timedelta
from typing import Any

import pytest

from base import clock
from domain.sending.window import HUMAN_AGENT_LENGTH, STANDARD_LENGTH
from store.tables import Customer, EarlyChange, Message, Thread
from support.deliveries import body_of, event, new_mid, new_psid, text_event
from support.eventually import eventually
from support.store import PAGE_A, PAGE_B
from support.way_in import WayIn

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAMES_NOBODY = ("kept", "it names no customer.")


async def thread_of(way_in: WayIn, psid: str) -> Thread:
    customer = await way_in.one(Customer, psid=psid)
    return await way_in.one(Thread, customer_id=customer.id)


@pytest.mark.parametrize(
    "sender",
    [
        pytest.param({"sender": None}, id="W37-null"),
        pytest.param({"sender": {}}, id="W37-empty"),
        pytest.param({"sender": {"id": ""}}, id="W37-empty-id"),
        pytest.param({"sender": {"id": PAGE_A}}, id="W37-the-page-to-itself"),
        pytest.param({"sender": PAGE_A}, id="W37-no-object"),
    ],
)
async def test_without_a_sender_nobody_is_the_customer(way_in: WayIn, sender: dict[str, Any]) -> None:
    taken = await way_in.take(body_of({**text_event(new_psid()), **sender, "recipient": {"id": PAGE_A}}))
    assert taken.messages == []
    assert [disposition for disposition, _ in taken.set_aside] in (["kept"], ["quarantined"])


@pytest.mark.parametrize("missing", [pytest.param("sender", id="W37-missing")])
async def test_a_message_that_lacks_its_sender_is_kept(way_in: WayIn, missing: str) -> None:
    told = text_event(new_psid())
    del told[missing]
    assert (await way_in.take(body_of(told))).set_aside == [NAMES_NOBODY]


@pytest.mark.parametrize(
    "flag", [pytest.param({}, id="W37-page"), pytest.param({"is_echo": False}, id="W37-denied")]
)
async def test_a_message_from_the_page_is_from_outside_flagged_as_echo_or_not(
    way_in: WayIn, flag: dict[str, Any]
) -> None:
    psid = new_psid()
    told = text_event(psid, **flag) | {"sender": {"id": PAGE_A}, "recipient": {"id": psid}}
    taken = await way_in.take(body_of(told))
    (message,) = taken.messages
    assert (message.direction, message.sender_kind) == ("outbound", "outside")
    assert taken.openings == []


LONG_AGO, AFTER_TOMORROW = 1_420_070_400_000, 4_102_444_800_000
TIMES = [
    pytest.param(None, None, id="W38-missing"),
    pytest.param(0, None, id="W38-zero"),
    pytest.param(-1_795_166_112_000, None, id="W38-negative"),
    pytest.param("soon", None, id="W38-words"),
    pytest.param([], None, id="W38-array"),
    pytest.param(10**30, None, id="W38-beyond-all-dates"),
    pytest.param(AFTER_TOMORROW, None, id="W38-year-2100"),
    pytest.param(LONG_AGO, LONG_AGO, id="W38-year-2015"),
    pytest.param(str(LONG_AGO), LONG_AGO, id="W38-string"),
    pytest.param(LONG_AGO // 1000, LONG_AGO, id="W38-seconds"),
]


@pytest.mark.parametrize(("timestamp", "opened_ms"), TIMES)
async def test_the_window_counts_from_metas_time_or_from_the_receipt_if_that_is_earlier_or_alone(
    way_in: WayIn, timestamp: Any, opened_ms: int | None
) -> None:
    psid, before = new_psid(), clock.now() - timedelta(milliseconds=1)
    taken = await way_in.take(body_of({**text_event(psid), "timestamp": timestamp}))
    (opening,), (message,) = taken.openings, taken.messages
    if opened_ms is None:
        assert before <= opening.at <= clock.now()
    else:
        assert opening.at == clock.from_milliseconds(opened_ms)
    assert message.occurred_at == opening.at
    assert opening.standard_until == opening.at + STANDARD_LENGTH
    thread = await thread_of(way_in, psid)
    assert thread.standard_until == opening.standard_until
    assert thread.human_agent_until == opening.at + HUMAN_AGENT_LENGTH


@pytest.mark.parametrize("older", [pytest.param(LONG_AGO, id="W38-late")])
async def test_a_late_message_shortens_no_window(way_in: WayIn, older: int) -> None:
    psid = new_psid()
    await way_in.take(body_of(text_event(psid)))
    until = (await thread_of(way_in, psid)).standard_until
    await way_in.take(body_of({**text_event(psid), "timestamp": older}))
    assert (await thread_of(way_in, psid)).standard_until == until


MIDS = [
    pytest.param(None, None, id="W39-missing"),
    pytest.param("", None, id="W39-empty"),
    pytest.param("m" * 2000, "m" * 2000, id="W39-2000-characters"),
    pytest.param("m_'\"; --", "m_'\"; --", id="W39-quotes"),
    pytest.param("../../m", "../../m", id="W39-path"),
    pytest.param("m_\n1", "m_\n1", id="W39-newline"),
    pytest.param("m_\x00", "m_\ufffd", id="W39-nul"),
    pytest.param(17, "17", id="W39-number"),
]


@pytest.mark.parametrize(("mid", "stored"), MIDS)
async def test_any_mid_names_its_message_once(way_in: WayIn, mid: Any, stored: str | None) -> None:
    body = body_of(text_event(new_psid(), mid=mid))
    (message,) = (await way_in.take(body)).messages
    assert message.mid == stored
    assert (await way_in.take(body)).events == []


@pytest.mark.parametrize(
    "mid", [pytest.param(["m"], id="W39-array"), pytest.param({"a": 1}, id="W39-object")]
)
async def test_a_mid_that_is_no_text_is_left_out_and_the_words_are_shown_once(
    way_in: WayIn, mid: Any
) -> None:
    body = body_of(text_event(new_psid(), text="my words", mid=mid))
    taken = await way_in.take(body)
    (message,) = taken.messages
    assert (message.text, message.mid, taken.set_aside) == ("my words", None, [])
    assert (await way_in.take(body)).events == []


@pytest.mark.parametrize("other", [pytest.param("tampered", id="W40")])
async def test_of_two_contents_of_one_mid_the_first_wins_and_one_alarm_is_raised(
    way_in: WayIn, other: str
) -> None:
    told = text_event(new_psid(), text="first")
    taken = await way_in.take(body_of(told))
    changed = {**told, "message": {**told["message"], "text": other}}
    for _ in range(3):
        assert (await way_in.take(body_of(changed))).events == []
    assert (await way_in.one(Message, id=taken.messages[0].id)).text == "first"

    async def alarms() -> list[dict[str, Any]]:
        listed = (await way_in.get("/v1/webhook-events/conflicts", limit=200)).json()["items"]
        return [alarm for alarm in listed if alarm["data"]["inbox_id"] == taken.events[0].id]

    (alarm,) = await eventually(alarms)
    assert (alarm["kind"], alarm["page_id"]) == ("webhook.conflicting_repeat", PAGE_A)


@pytest.mark.parametrize("mid", [pytest.param(new_mid(), id="W41")])
async def test_one_mid_on_two_pages_is_two_messages(way_in: WayIn, mid: str) -> None:
    for page_id in (PAGE_A, PAGE_B):
        body = body_of(text_event(new_psid(), page_id, mid=mid), page_id=page_id)
        (message,) = (await way_in.take(body)).messages
        assert (message.page_id, message.mid) == (page_id, mid)


TEXTS = [
    *[pytest.param("x" * length, id=f"W42-{length}") for length in (0, 1, 2000, 20_000, 100_000)],
    pytest.param("👨\u200d👩\u200d👧\u200d👦" * 500, id="W42-emoji"),
    pytest.param("\u202egnp.exe\u202c", id="W42-right-to-left"),
    pytest.param("Z" + "\u0351\u0362\u0489" * 1000, id="W42-combining"),
    pytest.param("<script>alert(1)</script><img src=x onerror=alert(1)>", id="W43-html"),
    pytest.param("{{7*7}} ${7*7} <%= 7*7 %> {% raw %}", id="W43-template"),
    pytest.param("'; DROP TABLE message; --", id="W43-sql"),
    pytest.param("$(reboot) `reboot` | reboot; %s%n", id="W43-shell"),
    pytest.param('ok\n{"level": "error", "event": "forged"}\r\x1b[31m', id="W43-log"),
]


@pytest.mark.parametrize("text", TEXTS)
async def test_texts_arrive_verbatim_and_leave_no_trace_in_a_log(way_in: WayIn, text: str) -> None:
    (message,) = (await way_in.take(body_of(text_event(new_psid(), text=text)))).messages
    assert message.text == text
    assert not [line for line in way_in.logged() if "forged" in str(line) or "alert(1)" in str(line)]


IMAGE = {"type": "image", "payload": {"url": "https://cdn.example/1.jpg"}}
STICKER = {
    "type": "sticker",
    "payload": {"url": "https://cdn.example/like.png", "sticker_id": 369239263222822},
}
ATTACHMENTS = [
    pytest.param([], [], id="W44-none"),
    pytest.param(None, [], id="W44-null"),
    pytest.param([IMAGE], ["image"], id="W44-one"),
    pytest.param([IMAGE] * 30, ["image"] * 30, id="W44-thirty"),
    pytest.param(
        [{"type": "hologram", "payload": {"url": "https://x.example/"}}], ["hologram"], id="W44-unknown"
    ),
    pytest.param([{"type": "image", "payload": None}], ["image"], id="W44-payload-null"),
    pytest.param([{"type": "fallback", "url": "javascript:alert(1)"}], ["fallback"], id="W44-javascript"),
    pytest.param([STICKER, STICKER | {"type": "image"}], ["sticker"], id="W45-both"),
    pytest.param([STICKER | {"type": "image"}, STICKER], ["sticker"], id="W45-both-turned"),
    pytest.param([STICKER], ["sticker"], id="W45-new"),
    pytest.param([STICKER | {"type": "image"}], ["sticker"], id="W45-old"),
]


@pytest.mark.parametrize(("attachments", "types"), ATTACHMENTS)
async def test_attachments_of_any_kind_are_kept_a_sticker_once_and_no_script_as_a_link(
    way_in: WayIn, attachments: Any, types: list[str]
) -> None:
    (message,) = (await way_in.take(body_of(text_event(new_psid(), attachments=attachments)))).messages
    assert [each["type"] for each in message.attachments] == types
    assert all(each["url"] is None or each["url"].startswith("https://") for each in message.attachments)


@pytest.mark.parametrize(
    "attachments", [pytest.param("x", id="W44-text"), pytest.param([1], id="W44-number")]
)
async def test_attachments_that_are_none_are_left_out_and_the_words_are_shown(
    way_in: WayIn, attachments: Any
) -> None:
    taken = await way_in.take(body_of(text_event(new_psid(), text="my words", attachments=attachments)))
    (message,) = taken.messages
    assert (message.text, message.attachments, taken.set_aside) == ("my words", [], [])


REPLIES = [
    pytest.param({"mid": "m_never_seen"}, "m_never_seen", id="W46-unknown"),
    pytest.param({"mid": "m_self", "is_self_reply": True}, "m_self", id="W46-self"),
    pytest.param({}, None, id="W46-empty"),
]


@pytest.mark.parametrize(("reply_to", "mid"), REPLIES)
async def test_a_reply_to_anything_is_a_message(
    way_in: WayIn, reply_to: dict[str, Any], mid: str | None
) -> None:
    told = text_event(new_psid(), reply_to=reply_to)
    (message,) = (await way_in.take(body_of(told))).messages
    assert message.reply_to_mid == mid


REACTED = {"action": "react", "reaction": "love", "emoji": "❤"}
EARLY = [
    pytest.param([{"reaction": REACTED}], {"reactions": 1}, id="W47-unknown-message"),
    pytest.param([{"reaction": {"action": "unreact"}}], {"reactions": 0}, id="W47-unreact"),
    pytest.param(
        [{"reaction": {"action": "unreact"}}, {"reaction": REACTED}], {"reactions": 1}, id="W47-unreact-first"
    ),
    pytest.param([{"message_edit": {"text": "new", "num_edit": 1}}], {"text": "new"}, id="W48-edit"),
    pytest.param(
        [
            {"message_edit": {"text": "newest", "num_edit": 2}},
            {"message_edit": {"text": "new", "num_edit": 1}},
        ],
        {"text": "newest"},
        id="W48-edits-turned",
    ),
    pytest.param([{"message": {"is_deleted": True}}], {"text": None}, id="W48-unsend"),
]


@pytest.mark.parametrize(("changes", "expected"), EARLY)
async def test_what_changes_a_message_may_come_before_it(
    way_in: WayIn, changes: list[dict[str, Any]], expected: dict[str, Any]
) -> None:
    mid, psid = new_mid(), new_psid()
    for change in changes:
        told = {name: {"mid": mid, **fields} for name, fields in change.items()}
        taken = await way_in.take(body_of(event(psid) | told))
        assert taken.messages == []
    assert len(await way_in.rows(EarlyChange, mid=mid)) == len(changes)
    late = await way_in.take(body_of(text_event(psid, mid=mid, text="old")))
    (message,) = late.messages
    reactions = [one for one in message.reactions if one["action"] == "react"]
    shown = {"text": message.text, "reactions": len(reactions)}
    assert {name: shown[name] for name in expected} == expected
    assert await way_in.rows(EarlyChange, mid=mid) == []


@pytest.mark.parametrize(
    ("receipt", "field"),
    [
        pytest.param({"read": {"watermark": AFTER_TOMORROW}}, "read_until", id="W49-read"),
        pytest.param({"delivery": {"watermark": AFTER_TOMORROW}}, "delivered_until", id="W49-delivery"),
        pytest.param(
            {"delivery": {"watermark": AFTER_TOMORROW, "mids": ["m_x"]}},
            "delivered_until",
            id="W49-with-mids",
        ),
    ],
)
async def test_a_watermark_in_the_future_marks_nothing_that_is_not_sent_yet(
    way_in: WayIn, receipt: dict[str, Any], field: str
) -> None:
    psid = new_psid()
    taken = await way_in.take(body_of(event(psid, **receipt)))
    assert taken.openings == []
    until = getattr(await thread_of(way_in, psid), field)
    assert until == clock.from_milliseconds(taken.events[0].received_ms) <= clock.now()


@pytest.mark.parametrize("mids", [pytest.param(["m_never_seen"], id="W49-mids-alone")])
async def test_a_delivery_of_mids_alone_moves_no_watermark(way_in: WayIn, mids: list[str]) -> None:
    psid = new_psid()
    await way_in.take(body_of(event(psid, delivery={"mids": mids})))
    assert (await thread_of(way_in, psid)).delivered_until is None


@pytest.mark.parametrize(
    "receipt",
    [
        pytest.param({"read": {"watermark": "x"}}, id="W49-words"),
        pytest.param({"read": {"seq": 7}}, id="W49-missing"),
        pytest.param({"delivery": {"mids": []}}, id="W49-neither"),
    ],
)
async def test_a_receipt_of_nothing_is_quarantined(way_in: WayIn, receipt: dict[str, Any]) -> None:
    taken = await way_in.take(body_of(event(new_psid(), **receipt)))
    assert [disposition for disposition, _ in taken.set_aside] == ["quarantined"]
