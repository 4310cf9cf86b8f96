"""What each kind of delivery changes in the store, and what it must not."""

import json
from typing import Any

import pytest
from freezegun import freeze_time
from sqlalchemy import event
from sqlmodel import Session, select

from base import clock
from domain.conversations.state import ThreadEventKind
from store.attachments.rows import messages_with_files_to_delete
from store.db.database import Database
from store.tables import (
    Attachment,
    Customer,
    EarlyChange,
    Event,
    Message,
    Opening,
    Page,
    Thread,
    UnroutedEvent,
)
from store.tables.pages import REMOVED
from support.intake import Intake
from support.paths import PAYLOADS
from support.store import PAGE_A, PSID, add_message, payload, rows

SENT_AT_MS = 1795166112000
"""The timestamp in the committed deliveries."""


def body_of(*names: str) -> list[bytes]:
    return [json.dumps(payload(name)).encode() for name in names]


async def take(intake: Intake, *names: str) -> Any:
    for body in body_of(*names):
        await intake.receive(body, received_ms=SENT_AT_MS + 1500)
    return await intake.route_new()


async def only(database: Database, model: Any) -> Any:
    (row,) = await rows(database, model)
    return row


async def test_a_message_becomes_a_row_an_opening_and_a_signal(intake: Intake) -> None:
    routed = await take(intake, "text_single.json")

    message = await only(intake.store, Message)
    assert message.text == "Hello, is the blue jacket still available in size M?"
    assert (message.direction, message.sender_kind, message.thread_seq) == ("inbound", "customer", 1)
    assert message.occurred_at == clock.from_milliseconds(SENT_AT_MS)
    opening = await only(intake.store, Opening)
    assert opening.kind == "message"
    thread = await only(intake.store, Thread)
    assert thread.standard_until == opening.standard_until
    assert [(event.kind, event.seq, event.message_id) for event in routed.threads[0].events] == [
        (ThreadEventKind.MESSAGE, 1, message.id)
    ]


async def _told(intake: Intake, *kinds: str) -> list[tuple[str, str | None, dict[str, Any]]]:
    told = await rows(intake.store, Event)
    return [(each.kind, each.message_id, each.data) for each in told if each.kind in kinds]


async def test_the_opening_of_the_window_is_told_once_and_again_by_what_leaves_no_message(
    intake: Intake,
) -> None:
    await take(intake, "text_single.json", "text_reply_to.json")
    before = await only(intake.store, Thread)
    ((_, _, data),) = await _told(intake, "window.opened")
    assert (data["opened_by"], data["from"]) == ("message", "closed")
    assert data.keys() == {"opened_by", "from", "standard_until"}

    await take_later(intake, "reaction_love.json", seconds=3600)
    _, (_, _, data) = await _told(intake, "window.opened")
    assert (data["opened_by"], data["from"]) == ("reaction", "standard")
    after = await only(intake.store, Thread)
    assert data["standard_until"] == after.standard_until.isoformat()
    assert after.standard_until > before.standard_until


async def take_later(intake: Intake, name: str, *, seconds: int = 0, mid: str | None = None) -> None:
    """As `take`, of a delivery that Meta sends later; `mid`: of the message that it is about."""
    body = payload(name)
    for entry in body["entry"]:
        for each in entry["messaging"]:
            each["timestamp"] = SENT_AT_MS + 1000 * seconds
            about = each.get("message_edit") or each["reaction"]
            about["mid"] = mid or about["mid"]
    await intake.receive(json.dumps(body).encode(), received_ms=SENT_AT_MS + 1000 * seconds + 1500)
    await intake.route_new()


async def test_what_changes_a_message_is_told_with_it(intake: Intake) -> None:
    await take(intake, "text_single.json")
    message = await only(intake.store, Message)
    await take_later(intake, "message_edit.json", seconds=60, mid=message.mid)
    await take_later(intake, "reaction_love.json", seconds=120, mid=message.mid)
    assert await _told(intake, "message.edited", "message.reacted", "message.deleted") == [
        ("message.edited", message.id, {}),
        ("message.reacted", message.id, {"action": "react"}),
    ]


async def test_everything_again_in_any_order_changes_nothing(intake: Intake) -> None:
    names = sorted(path.name for path in PAYLOADS.glob("*.json"))
    await take(intake, *names)
    before = await contents(intake.store)

    routed = await take(intake, *reversed(names))

    assert routed.threads == []
    assert await contents(intake.store) == before
    assert len(before["message"]) > 10


async def contents(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Every column of what routing writes."""
    tables = (Message, Opening, Thread, Customer, Event)
    return {
        str(table.__tablename__): [row.model_dump() for row in await rows(database, table)]
        for table in tables
    }


async def test_page_phone_and_computer_are_one_thread(intake: Intake) -> None:
    await take(intake, "text_single.json", "text_reply_to.json", "postback_button.json")
    assert (await only(intake.store, Customer)).psid == PSID
    assert [message.thread_seq for message in await rows(intake.store, Message)] == [1, 2, 3]


async def test_echoes_of_other_apps_and_of_the_page_inbox_are_messages_from_outside(intake: Intake) -> None:
    routed = await take(intake, "echo_other_app.json", "echo_page_inbox.json", "echo_no_app_id.json")
    messages = await rows(intake.store, Message)
    assert {(message.direction, message.sender_kind, message.status) for message in messages} == {
        ("outbound", "outside", "sent")
    }
    assert {message.app_id for message in messages} == {"2045518837702214", "263902037430900", None}
    assert await rows(intake.store, Opening) == []
    assert {event.opens_work for event in routed.threads[0].events} == {False}


@pytest.mark.parametrize(
    ("name", "opened_by", "work"),
    [
        ("text_single.json", "message", True),
        ("text_quick_reply.json", "quick_reply", True),
        ("text_referral_ads.json", "ad_message", True),
        ("postback_get_started_referral.json", "postback", True),
        ("referral_shortlink.json", "m_me_link", True),
        ("reaction_love.json", "reaction", False),
        ("standby_message.json", "message", False),
        ("standby_postback_without_payload.json", "postback", False),
    ],
)
async def test_what_opens_the_window_and_what_is_work(
    intake: Intake, name: str, opened_by: str, *, work: bool
) -> None:
    routed = await take(intake, name)
    assert (await only(intake.store, Thread)).opened_by == opened_by
    assert [event.opens_work for event in routed.threads[0].events] == [work]


@pytest.mark.parametrize(
    "name",
    ["referral_ads.json", "delivery.json", "read.json", "message_edit.json", "optin_plugin_ref.json"],
)
async def test_what_opens_nothing(intake: Intake, name: str) -> None:
    routed = await take(intake, name)
    assert await rows(intake.store, Opening) == []
    assert routed.threads == []


async def test_an_m_me_link_is_work_only_for_the_app_that_controls_the_thread(intake: Intake) -> None:
    link = payload("referral_shortlink.json")
    (entry,) = link["entry"]
    standby = link | {"entry": [{"id": entry["id"], "time": entry["time"], "standby": entry["messaging"]}]}
    told = []
    for body in (standby, link):
        await intake.receive(json.dumps(body).encode(), received_ms=SENT_AT_MS + 1500)
        told += [event for thread in (await intake.route_new()).threads for event in thread.events]
    assert [(event.kind, event.opens_work) for event in told] == [
        (ThreadEventKind.STANDBY_OPENING, False),
        (ThreadEventKind.ENTRY, True),
    ]


async def test_an_ad_click_makes_the_next_message_an_ad_message(intake: Intake) -> None:
    await take(intake, "referral_ads.json")
    await take(intake, "text_single.json")
    assert (await only(intake.store, Opening)).kind == "ad_message"
    message = await only(intake.store, Message)
    assert message.referral is not None
    assert message.referral["source"] == "ADS"


async def test_receipts_are_watermarks_that_never_go_back(intake: Intake) -> None:
    await take(intake, "read.json", "delivery.json", "delivery_legacy_seq.json")
    thread = await only(intake.store, Thread)
    assert thread.read_until == clock.from_milliseconds(1795166111900)
    assert thread.delivered_until == clock.from_milliseconds(1795166111800)


async def test_a_change_before_its_message_waits_for_it(intake: Intake) -> None:
    edit = payload("message_edit.json")
    mid = edit["entry"][0]["messaging"][0]["message_edit"]["mid"]
    await take(intake, "message_edit.json")
    assert (await only(intake.store, EarlyChange)).mid == mid

    message = payload("text_single.json")
    message["entry"][0]["messaging"][0]["message"]["mid"] = mid
    await intake.receive(json.dumps(message).encode())
    await intake.route_new()

    edited = await only(intake.store, Message)
    assert edited.text == edit["entry"][0]["messaging"][0]["message_edit"]["text"]
    assert edited.edits[0]["former_text"] == "Hello, is the blue jacket still available in size M?"
    assert await rows(intake.store, EarlyChange) == []


@pytest.mark.parametrize("early", [False, True])
async def test_the_files_of_a_message_that_is_taken_back_are_to_be_deleted(
    intake: Intake, *, early: bool
) -> None:
    await intake.store.write(
        lambda s: s.get_one(Page, PAGE_A).sqlmodel_update({"attachments_for_customers": True})
    )
    picture, taken_back = payload("attachment_image.json"), payload("message_is_deleted_page_defensive.json")
    (message,), (deletion,) = picture["entry"][0]["messaging"], taken_back["entry"][0]["messaging"]
    deletion["message"]["mid"] = message["message"]["mid"]
    deletion |= {"sender": message["sender"], "recipient": message["recipient"]}
    told = []
    for body in (taken_back, picture) if early else (picture, taken_back):
        await intake.receive(json.dumps(body).encode(), received_ms=SENT_AT_MS + 1500)
        told = (await intake.route_new()).files_to_delete

    row = await only(intake.store, Attachment)
    assert (row.state, row.name, row.url) == ("deleted", None, None)
    assert told == [row.message_id]
    assert await intake.store.read(messages_with_files_to_delete) == told


async def test_a_page_that_is_not_ours_is_quarantined_not_routed(intake: Intake) -> None:
    foreign = payload("text_single.json")
    foreign["entry"][0]["id"] = "999"
    await intake.receive(json.dumps(foreign).encode())
    await intake.receive(body_of("text_single.json")[0], account_id="another-account")
    routed = await intake.route_new()

    assert routed.threads == []
    unrouted = await rows(intake.store, UnroutedEvent)
    assert {(event.disposition, event.reason) for event in unrouted} == {("quarantined", "unknown_page")}


async def test_a_removed_page_is_not_ours_any_more(intake: Intake) -> None:
    def remove(session: Session) -> None:
        session.get_one(Page, PAGE_A).provisioning_state = REMOVED

    await intake.store.write(remove)
    assert (await take(intake, "text_single.json")).threads == []
    (event,) = await rows(intake.store, UnroutedEvent)
    assert (event.disposition, event.reason) == ("quarantined", "unknown_page")


async def test_the_first_of_two_contents_wins_and_the_other_is_noted(intake: Intake) -> None:
    tampered = payload("text_single.json")
    tampered["entry"][0]["messaging"][0]["message"]["text"] = "something else"
    await take(intake, "text_single.json")
    await intake.receive(json.dumps(tampered).encode())
    await intake.route_new()

    assert (await only(intake.store, Message)).text.startswith("Hello, is the blue jacket")
    assert [event.conflict_ms is not None for event in await intake.events()] == [True]


async def test_a_message_from_the_future_counts_from_its_receipt(intake: Intake) -> None:
    with freeze_time(clock.from_milliseconds(SENT_AT_MS - 3_600_000)):
        await intake.receive(body_of("text_single.json")[0])
    await intake.route_new()
    message = await only(intake.store, Message)
    opening = await only(intake.store, Opening)
    assert message.occurred_at == message.received_at == opening.at
    assert opening.occurred_at == clock.from_milliseconds(SENT_AT_MS)


async def test_an_echo_with_a_forged_id_is_a_message_from_outside(intake: Intake) -> None:
    forged = payload("echo_own_app.json")
    forged["entry"][0]["messaging"][0]["message"]["metadata"] = "pd1:" + "0" * 32
    await intake.receive(json.dumps(forged).encode())
    await intake.route_new()
    assert (await only(intake.store, Message)).sender_kind == "outside"
    assert (await only(intake.store, Message)).page_id == PAGE_A


OWN_APP, BOT = "1187452390011223", "2045518837702214"


@pytest.mark.parametrize(
    ("names", "owner", "app_id"),
    [
        (["text_single.json"], "unknown", None),
        (["standby_message.json"], "another_app", None),
        (["standby_read.json"], "another_app", None),
        (["handover_pass_thread_control.json"], "us", OWN_APP),
        (["handover_take_thread_control.json"], "page_inbox", "263902037430900"),
        (["handover_request_thread_control.json"], "unknown", None),
        (["handover_take_thread_control.json", "standby_message.json"], "page_inbox", "263902037430900"),
        (["handover_take_thread_control.json", "text_single.json"], "unknown", None),
        (["handover_pass_thread_control.json", "text_single.json"], "us", OWN_APP),
        (["standby_message.json", "reaction_love.json"], "another_app", None),
    ],
)
async def test_what_tells_who_controls_the_thread(
    intake: Intake, names: list[str], owner: str, app_id: str | None
) -> None:
    await take(intake, *names)
    thread = await only(intake.store, Thread)
    assert (thread.owner, thread.owner_app_id) == (owner, app_id)


async def test_an_older_sign_of_an_owner_that_comes_late_changes_nothing(intake: Intake) -> None:
    late = payload("standby_message.json")
    late["entry"][0]["standby"][0]["timestamp"] = SENT_AT_MS - 1000
    await take(intake, "handover_pass_thread_control.json")
    await intake.receive(json.dumps(late).encode(), received_ms=SENT_AT_MS + 5000)
    await intake.route_new()
    assert (await only(intake.store, Thread)).owner == "us"


async def test_a_change_of_control_is_told_with_the_apps(intake: Intake) -> None:
    await take(intake, "handover_pass_thread_control.json")
    event = await only(intake.store, Event)
    assert event.kind == "customer.pass_thread_control"
    assert (event.data["previous_owner_app_id"], event.data["new_owner_app_id"]) == (BOT, OWN_APP)


async def test_a_batch_locks_messages_then_the_health_of_pages_and_appends_events_last(
    intake: Intake,
) -> None:
    """Sends lock in this order too: two transactions never wait for each other on PostgreSQL."""
    await take(intake, "text_single.json")
    customer = await only(intake.store, Customer)
    at = clock.from_milliseconds(SENT_AT_MS)
    await intake.store.write(
        lambda session: add_message(session, "ours", customer.id, at, status="sending", attempt=1)
    )
    echo, later = payload("echo_own_app.json"), payload("text_reply_to.json")
    echo["entry"][0]["messaging"][0]["message"]["metadata"] = "pd1:ours"
    for delivery in (later, echo):
        delivery["entry"][0]["messaging"][0]["timestamp"] += 60_000
        await intake.receive(json.dumps(delivery).encode(), received_ms=SENT_AT_MS + 90_000)
    statements = said_to(intake.store)
    await intake.route_new()

    wrote = [
        words[1]
        for words in (each.replace("INSERT INTO", "INSERT").split() for each in statements)
        if words[0] in ("UPDATE", "INSERT")
    ]
    assert "message" in wrote
    assert wrote[-2:] == ["page_health", "event"]
    assert wrote.count("page_health") == wrote.count("event") == 1
    assert (await intake.store.read(lambda session: session.get_one(Message, "ours"))).status == "sent"
    kinds = [each.kind for each in await rows(intake.store, Event) if each.message_id == "ours"]
    assert kinds == ["message.sent"]


async def test_receipts_of_many_threads_cost_no_look_at_each_and_know_their_conversations(
    intake: Intake,
) -> None:
    people = [str(7421908834567000 + number) for number in range(6)]
    for psid in people:
        await intake.receive(body_of_text(psid), received_ms=SENT_AT_MS + 1500)
    await intake.route_new()

    def live(session: Session) -> None:
        for thread in session.exec(select(Thread)).all():
            thread.state = {"conversation": {"id": f"of-{thread.customer_id}"}}

    await intake.store.write(live)
    one = await statements_of_receipts(intake, people[:1])
    assert await statements_of_receipts(intake, people[1:]) == one
    told = [event for event in await rows(intake.store, Event) if event.kind == "messages.delivered"]
    assert [event.conversation_id for event in told] == [f"of-{event.customer_id}" for event in told]
    assert len(told) == len(people)


def body_of_text(psid: str) -> bytes:
    delivery = payload("text_single.json")
    (item,) = delivery["entry"][0]["messaging"]
    item["sender"]["id"], item["message"]["mid"] = psid, f"m_{psid}"
    return json.dumps(delivery).encode()


async def statements_of_receipts(intake: Intake, people: list[str]) -> int:
    """How many statements one batch of delivery receipts takes, but for the threads' own updates."""
    for psid in people:
        delivery = payload("delivery.json")
        (item,) = delivery["entry"][0]["messaging"]
        item["sender"]["id"] = psid
        await intake.receive(json.dumps(delivery).encode(), received_ms=SENT_AT_MS + 1500)
    said = said_to(intake.store)
    await intake.route_new()
    return sum(not statement.startswith("UPDATE thread ") for statement in said)


async def test_new_messages_are_looked_up_at_once_and_not_one_by_one(intake: Intake) -> None:
    reads: list[int] = []
    for count in (5, 50):
        for number in range(count):
            delivery = payload("text_single.json")
            delivery["entry"][0]["messaging"][0]["message"]["mid"] = f"m_{count}_{number}"
            await intake.receive(json.dumps(delivery).encode(), received_ms=SENT_AT_MS + 1500)
        said = said_to(intake.store)
        await intake.route_new()
        reads.append(sum(statement.startswith("SELECT") for statement in said))
    assert reads[1] <= reads[0]  # of a new thread the settings are read, too
    assert len(await rows(intake.store, Message)) == 55


def said_to(database: Database) -> list[str]:
    """The statements that are written through the store from now on."""
    statements: list[str] = []
    event.listen(
        database._write_engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: statements.append(statement),
    )
    return statements
