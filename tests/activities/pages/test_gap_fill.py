"""F31: Meta drops the page silently. It is found, mended, and what was missed comes in once each."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from sqlmodel import Session, select

from domain.sending.rate_limit import CONVERSATIONS_PACE
from domain.sending.window import OpeningKind
from messenger.graph.errors import GraphError, find_meaning
from messenger.graph.results import GraphUnavailable
from store.installation.backups import begin_restored
from store.privacy import delete_customer as erasing
from store.privacy import erasures
from store.sending.rate_limit import take_reading_slot
from store.tables import Customer, InboxEvent, Opening, Thread
from support.page_desk import PageDesk
from support.store import APP_ID, PAGE_A, TOKEN, add_message

ANN, BEN, CID = "7421908834567012", "7421908834567013", "7421908834567014"
MINUTE = timedelta(minutes=1)
SCOPES = ["pages_messaging", "pages_manage_metadata"]


async def dropped(desk: PageDesk) -> None:
    """A page that was heard, and whose subscription Meta ended an hour later."""
    for psid, name in ((ANN, "Ann"), (BEN, "Ben"), (CID, "Cid")):
        await desk.control("/customers", page_id=PAGE_A, psid=psid, name=name)
    assert (await desk.check()).running
    await desk.says(ANN, "heard")
    await desk.relayed()
    await desk.control("/clock", advance_seconds=3600)
    await desk.unsubscribe()


async def texts(desk: PageDesk) -> list[str | None]:
    return [message.text for message in await desk.messages()]


async def inbox(desk: PageDesk) -> list[InboxEvent]:
    return await desk.inbox.read(lambda session: list(session.exec(select(InboxEvent)).all()))


async def test_it_is_mended_and_filled_and_told_of_once(desk: PageDesk) -> None:
    await dropped(desk)
    mids = [await desk.says(ANN, "one"), await desk.says(BEN, "two"), await desk.says(ANN, "three")]
    assert await desk.relayed() == 0
    report = await desk.after(MINUTE)
    assert (report.running, report.gap) == (True, True)
    assert await desk.codes() == ([], ["unsubscribed"])
    assert await desk.fill()
    assert await desk.relayed() == 3
    messages = await desk.messages()
    assert sorted(str(message.text) for message in messages) == ["heard", "one", "three", "two"]
    assert [message.text for message in messages if message.text in ("one", "three")] == ["one", "three"]
    assert {message.mid for message in messages if message.text != "heard"} == set(mids)
    assert not (await desk.check()).gap
    assert await desk.codes() == ([], [])
    (filled,) = await desk.told("page.gap_filled")
    assert (filled["from_customers"], filled["from_page"], filled["unreadable"]) == (3, 0, 0)
    assert await desk.alarms() == ["unsubscribed"]
    await desk.says(BEN, "and now by webhook")
    assert await desk.relayed() == 1


async def test_neither_a_second_fill_nor_a_late_delivery_changes_anything(desk: PageDesk) -> None:
    await desk.control("/customers", page_id=PAGE_A, psid=ANN, name="Ann")
    assert (await desk.check()).running
    await desk.says(ANN, "heard")
    await desk.relayed()
    await desk.control("/deliveries/hold")
    for number in range(5):
        await desk.says(ANN, f"held {number}")
    since = desk.now() - timedelta(hours=1)
    for _ in range(2):
        await desk.change_health(gap_since=since, subscribed_at=desk.now())
        assert await desk.fill()
    assert await desk.relayed() == 5
    before = [(each.id, each.text, each.occurred_at) for each in await desk.messages()]
    assert len(before) == 6
    await desk.control("/deliveries/release")
    assert await desk.relayed() == 0
    assert before == [(each.id, each.text, each.occurred_at) for each in await desk.messages()]
    assert len(await inbox(desk)) == 6
    assert [event.conflict_ms for event in await inbox(desk)] == [None] * 6


async def test_the_window_opens_when_the_customer_wrote(desk: PageDesk) -> None:
    await dropped(desk)
    at = desk.now()
    await desk.says(BEN, "missed")
    await desk.after(timedelta(hours=5))
    await desk.fill()
    await desk.relayed()

    def work(session: Session) -> tuple[str | None, datetime | None, int]:
        person = session.exec(select(Customer).where(Customer.psid == BEN)).one()
        thread = session.get_one(Thread, person.id)
        openings = session.exec(select(Opening).where(Opening.customer_id == person.id)).all()
        return thread.opened_by, thread.opened_at, len(openings)

    kind, opened_at, count = await desk.store.read(work)
    assert (kind, count) == (OpeningKind.MESSAGE.value, 1)
    assert opened_at == at.replace(microsecond=0)


async def _postback_comes_late(desk: PageDesk, mid: str) -> None:
    event = {
        "sender": {"id": BEN},
        "recipient": {"id": PAGE_A},
        "timestamp": int(desk.now().timestamp() * 1000),
        "postback": {"mid": mid, "title": "Get Started", "payload": "START"},
    }
    body = {"object": "page", "entry": [{"id": PAGE_A, "messaging": [event]}]}
    await desk.control("/raw", app_id=APP_ID, body=body, apply=False)
    await desk.control("/wait", what="delivered_all", timeout=5)


async def test_a_button_that_was_missed_is_one_message_though_its_webhook_comes_late(desk: PageDesk) -> None:
    await dropped(desk)
    mid = await desk.says(BEN, what="postback", payload="START", title="Get Started")
    await desk.check()
    await desk.fill()
    assert await desk.relayed() == 1
    await _postback_comes_late(desk, mid)
    assert await desk.relayed() == 0
    assert [message.mid for message in await desk.messages()].count(mid) == 1


async def test_what_an_erased_person_wrote_before_does_not_come_back(desk: PageDesk) -> None:
    await dropped(desk)
    await desk.says(ANN, "missed, and to be forgotten")
    await desk.control(f"/pages/{PAGE_A}/answer", psid=ANN, text="An answer to it.")
    await desk.says(BEN, "missed")
    await desk.control("/clock", advance_seconds=60)
    vault, at = desk.settings.vault, desk.now()

    def erase(session: Session) -> None:
        ann = session.exec(select(Customer).where(Customer.psid == ANN)).one()
        erasure = erasures.request_for_customer(session, vault, ann.id, agent_id="eve", at=at)
        erasing.erase_customer(session, erasure.id, ann.id)
        erasures.finish(session, erasure.id, at)

    await desk.store.write(erase)
    await desk.control("/clock", advance_seconds=60)
    await desk.says(ANN, "written afterwards")
    await desk.check()
    assert await desk.fill()
    await desk.relayed()
    assert sorted(str(text) for text in await texts(desk)) == ["missed", "written afterwards"]
    (filled,) = await desk.told("page.gap_filled")
    assert (filled["from_customers"], filled["from_page"], filled["unreadable"]) == (2, 0, 0)


@pytest.mark.parametrize("webhook_first", [False, True])
async def test_a_button_in_one_batch_with_its_webhook_is_one_message_and_told_once(
    desk: PageDesk, *, webhook_first: bool
) -> None:
    await dropped(desk)
    mid = await desk.says(BEN, what="postback", payload="START", title="Get Started")
    await desk.check()
    if webhook_first:
        await _postback_comes_late(desk, mid)
    await desk.fill()
    if not webhook_first:
        await _postback_comes_late(desk, mid)
    assert await desk.relayed() == 1
    (message,) = [message for message in await desk.messages() if message.mid == mid]
    assert (message.kind, message.quick_reply_payload) == ("postback", "START")


async def test_what_others_wrote_for_the_page_is_from_outside_and_our_own_is_not(desk: PageDesk) -> None:
    await dropped(desk)
    person = await desk.store.read(
        lambda session: session.exec(select(Customer).where(Customer.psid == ANN)).one()
    )
    await _ours(desk, person.id, "ours-1", "We look into it.", status="unknown")
    await desk.control(f"/pages/{PAGE_A}/answer", psid=ANN, text="This is Mia.")
    await desk.control(f"/pages/{PAGE_A}/answer", psid=ANN, text="We look into it.", app_id=APP_ID)
    sent = await desk.world_send(ANN, "Known already.")
    await _ours(desk, person.id, "ours-2", "Known already.", status="sent", mid=sent)
    await desk.check()
    assert await desk.fill()
    await desk.relayed()
    outside = [message for message in await desk.messages() if message.sender_kind == "outside"]
    assert [(message.text, message.status) for message in outside] == [("This is Mia.", "sent")]
    (filled,) = await desk.told("page.gap_filled")
    assert (filled["from_page"], filled["perhaps_ours"]) == (1, 1)


async def test_a_message_of_ours_is_known_by_the_words_that_were_sent(desk: PageDesk) -> None:
    await dropped(desk)
    person = await desk.store.read(
        lambda session: session.exec(select(Customer).where(Customer.psid == ANN)).one()
    )
    link = {"text": "How was it? https://desk.test/survey/secret"}
    await _ours(desk, person.id, "survey", "How was it? https://desk.test/survey/…", content=link)
    template = {"text": None, "attachment": {"type": "template", "payload": {}}}
    await _ours(desk, person.id, "template", "How was it?", content=template)
    await desk.control(f"/pages/{PAGE_A}/answer", psid=ANN, text=link["text"], app_id=APP_ID)
    await desk.check()
    shown = desk.graph.thread_messages

    async def with_template(credentials: Any, thread_id: str) -> Any:
        messages = await shown(credentials, thread_id)
        mine = next(each for each in messages if each.from_page)
        return [*messages, replace(mine, mid="m_template", text="")]

    with mock.patch.object(desk.graph, "thread_messages", with_template):
        assert await desk.fill()
    await desk.relayed()
    assert [message.id for message in await desk.messages() if message.sender_kind == "outside"] == []
    (filled,) = await desk.told("page.gap_filled")
    assert (filled["from_page"], filled["perhaps_ours"]) == (0, 2)


async def _restored(desk: PageDesk, *messages: tuple[str, str]) -> None:
    """The desk is put back to now, when these messages to Ann (id, text) were on their way."""
    person = await desk.store.read(
        lambda session: session.exec(select(Customer).where(Customer.psid == ANN)).one()
    )
    for id_, text in messages:
        await _ours(desk, person.id, id_, text)
    await desk.store.write(lambda session: begin_restored(session, desk.now(), desk.now()))


async def _said_by_us_and_read_after_the_restore(desk: PageDesk, *texts: str) -> None:
    for text in texts:
        await desk.control("/clock", advance_seconds=5)
        await desk.control(f"/pages/{PAGE_A}/answer", psid=ANN, text=text, app_id=APP_ID)
    await desk.check()
    assert await desk.fill()
    await desk.relayed()


async def _outbound(desk: PageDesk) -> list[tuple[str | None, str, str | None, str | None]]:
    return [
        (each.text, each.sender_kind, each.status, each.reason)
        for each in await desk.messages()
        if each.direction == "outbound"
    ]


async def test_a_message_that_a_restore_made_unknown_is_sent_where_meta_shows_it(desk: PageDesk) -> None:
    await dropped(desk)
    await _restored(desk, ("sent", "We look into it."), ("unsent", "Are you still there?"))
    await _said_by_us_and_read_after_the_restore(desk, "We look  into it.", "This is Mia.")
    assert sorted(await _outbound(desk)) == [
        ("Are you still there?", "agent", "unknown", "restored"),
        ("This is Mia.", "outside", "sent", None),
        ("We look into it.", "agent", "sent", None),
    ]
    (filled,) = await desk.told("page.gap_filled")
    assert (filled["from_page"], filled["perhaps_ours"]) == (2, 0)
    (told,) = await desk.told("message.sent")
    assert told["reason"] is None


async def test_a_failed_message_with_the_same_words_was_not_the_one_that_was_sent(desk: PageDesk) -> None:
    await dropped(desk)
    await _restored(desk, ("again", "We look into it."))
    person = (await desk.messages())[0].customer_id
    await _ours(desk, person, "failed", "We look into it.", status="failed")
    await _said_by_us_and_read_after_the_restore(desk, "We look into it.")
    assert {each.id: each.status for each in await desk.messages() if each.direction == "outbound"} == {
        "failed": "failed",
        "again": "sent",
    }


@pytest.mark.parametrize(
    ("ours", "shown"),
    [(("one", "two"), 1), (("one",), 2), (("one", "two"), 2)],
    ids=["two of ours", "two at Meta", "two of both"],
)
async def test_a_message_that_may_be_one_of_several_stays_unknown(
    desk: PageDesk, ours: tuple[str, ...], shown: int
) -> None:
    await dropped(desk)
    await _restored(desk, *((each, "Hello!") for each in ours))
    await _said_by_us_and_read_after_the_restore(desk, *["Hello!"] * shown)
    assert await _outbound(desk) == [("Hello!", "agent", "unknown", "restored")] * len(ours)
    (filled,) = await desk.told("page.gap_filled")
    assert (filled["from_page"], filled["perhaps_ours"]) == (0, shown)


async def test_what_was_said_before_the_message_was_tried_is_not_it(desk: PageDesk) -> None:
    await dropped(desk)
    await desk.control(f"/pages/{PAGE_A}/answer", psid=ANN, text="Hello!", app_id=APP_ID)
    await desk.control("/clock", advance_seconds=60)
    await _restored(desk, ("later", "Hello!"))
    await _said_by_us_and_read_after_the_restore(desk)
    assert await _outbound(desk) == [("Hello!", "agent", "unknown", "restored")]


async def _ours(desk: PageDesk, customer_id: str, id_: str, text: str, **values: Any) -> None:
    await desk.store.write(
        lambda session: add_message(
            session, id_, customer_id, desk.now(), text=text, **{"mid": None} | values
        )
    )


async def test_what_meta_does_not_show_any_more_is_told(desk: PageDesk) -> None:
    await dropped(desk)
    for number in range(23):
        await desk.says(BEN, f"message {number}")
    await desk.check()
    assert await desk.fill()
    assert await desk.relayed() == 20
    await desk.check()
    assert (await desk.codes())[1] == ["gap_incomplete"]
    assert (await desk.told("page.gap_filled"))[0]["unreadable"] == 3


async def test_a_fill_that_is_broken_off_goes_on_where_it_was(
    desk: PageDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await dropped(desk)
    for psid in (ANN, BEN, CID):
        await desk.control("/clock", advance_seconds=60)
        await desk.says(psid, f"from {psid}")
    await desk.check()
    read = desk.graph.thread_messages
    asked: list[str] = []

    async def failing(credentials: Any, thread_id: str) -> Any:
        asked.append(thread_id)
        if len(asked) == 3:
            raise GraphUnavailable("lost")
        return await read(credentials, thread_id)

    monkeypatch.setattr(desk.graph, "thread_messages", failing)
    assert not await desk.fill()
    assert await desk.relayed() == 2
    assert (await desk.check()).gap
    await desk.says(ANN, "moves ahead in the list")
    assert await desk.fill()
    assert await desk.relayed() == 2
    assert asked.count(asked[0]) <= 2
    assert sorted(str(text) for text in await texts(desk)) == sorted(
        ["heard", "moves ahead in the list", *(f"from {psid}" for psid in (ANN, BEN, CID))]
    )


@pytest.mark.parametrize(("code", "subcode"), [(100, 33), (803, None), (10, 2018336)])
async def test_a_thread_that_meta_does_not_show_holds_up_no_other(
    desk: PageDesk, monkeypatch: pytest.MonkeyPatch, code: int, subcode: int | None
) -> None:
    refused_for_one_thread(desk, monkeypatch, code, subcode)
    await dropped(desk)
    for psid in (ANN, BEN):
        await desk.control("/clock", advance_seconds=60)
        await desk.says(psid, f"from {psid}")
    await desk.check()
    assert await desk.fill()
    await desk.relayed()
    assert await texts(desk) == ["heard", f"from {BEN}"]
    assert (await desk.told("page.gap_filled"))[0]["unreadable"] == 1


@pytest.mark.parametrize(("code", "subcode"), [(190, None), (10, None), (4, None), (2, None), (368, None)])
async def test_what_meta_refuses_of_the_page_leaves_the_gap_open(
    desk: PageDesk, monkeypatch: pytest.MonkeyPatch, code: int, subcode: int | None
) -> None:
    refused_for_one_thread(desk, monkeypatch, code, subcode)
    await dropped(desk)
    await desk.says(ANN, "missed")
    await desk.check()
    assert not await desk.fill()
    assert (await desk.check()).gap


async def test_it_takes_the_pages_reading_slots_which_looks_at_unknown_sends_take_too(desk: PageDesk) -> None:
    await dropped(desk)
    await desk.says(ANN, "missed")
    await desk.check()
    near = timedelta(seconds=2)
    began = desk.now()
    await desk.store.write(lambda session: take_reading_slot(session, PAGE_A, began, near=near))
    assert await desk.fill()
    assert len(desk.pauses) >= 2
    assert desk.pauses[0] > 0  # the look had the slot that was free
    reads_next_at = (await desk.send_state()).reads_next_at
    assert reads_next_at is not None
    assert reads_next_at >= began + CONVERSATIONS_PACE.step * (1 + len(desk.pauses))


def refused_for_one_thread(
    desk: PageDesk, monkeypatch: pytest.MonkeyPatch, code: int, subcode: int | None
) -> None:
    """The first thread that is read is refused, each time that it is."""
    read = desk.graph.thread_messages
    refused: list[str] = []

    async def refusing(credentials: Any, thread_id: str) -> Any:
        refused[:] = refused or [thread_id]
        if thread_id in refused:
            raise GraphError(find_meaning(code, subcode), status=400, code=code, subcode=subcode)
        return await read(credentials, thread_id)

    monkeypatch.setattr(desk.graph, "thread_messages", refusing)


async def test_a_list_in_pieces_is_read_until_it_is_one_picture(
    desk: PageDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messenger.graph.client.THREADS_PER_REQUEST", 2)
    await dropped(desk)
    people = [str(7421908834567100 + number) for number in range(7)]
    for psid in people:
        await desk.control("/customers", page_id=PAGE_A, psid=psid, name=psid)
        await desk.control("/clock", advance_seconds=2)
        await desk.says(psid, psid)
    await desk.check()
    list_threads = desk.graph.list_threads
    listed = 0

    async def moving(credentials: Any, after: str | None = None) -> Any:
        nonlocal listed
        listed += 1
        if listed == 2:  # the last of the list becomes the first, behind the reader's back
            await desk.control("/clock", advance_seconds=2)
            await desk.says(people[0], "once more")
        return await list_threads(credentials, after)

    monkeypatch.setattr(desk.graph, "list_threads", moving)
    assert await desk.fill()
    await desk.relayed()
    found = [message.text for message in await desk.messages()]
    assert sorted(str(text) for text in found) == sorted(["heard", "once more", *people])


async def test_a_permission_that_reading_needs_is_a_warning_until_it_is_there(desk: PageDesk) -> None:
    await dropped(desk)
    await desk.says(BEN, "missed")
    await desk.control("/tokens", access_token=TOKEN, app_id=APP_ID, page_id=PAGE_A, permissions=SCOPES)
    assert (await desk.check()).gap
    assert not await desk.fill()
    assert (await desk.check()).running
    assert (await desk.codes())[1] == ["gap_not_filled", "unsubscribed"]
    await desk.control(
        "/tokens",
        access_token=TOKEN,
        app_id=APP_ID,
        page_id=PAGE_A,
        permissions=[*SCOPES, "pages_read_engagement"],
    )
    assert await desk.fill()
    assert await desk.relayed() == 1
    await desk.check()
    assert await desk.codes() == ([], [])


async def test_what_another_app_had_is_standby(desk: PageDesk) -> None:
    await dropped(desk)
    await desk.control("/apps", app_id="555", app_secret="other-secret")
    await desk.control("/pages", page_id=PAGE_A, default_app_id="555")
    await desk.says(BEN, "for the other app")
    await desk.control(f"/pages/{PAGE_A}/answer", psid=BEN, text="Mine.", app_id="555", take_thread=True)
    await desk.says(BEN, "for the other app too")
    await desk.check()
    assert await desk.fill()
    await desk.relayed()
    missed = [message for message in await desk.messages() if message.text != "heard"]
    assert [message.standby for message in missed] == [True] * 3


async def test_a_page_that_never_was_subscribed_has_no_gap(desk: PageDesk) -> None:
    await desk.unsubscribe()
    report = await desk.check()
    assert (report.running, report.gap) == (True, False)
    assert await desk.fill()
