"""What Pagedesk itself tells a thread, through the inbox: survey answers of the page, files refused."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from domain.conversations.state import ThreadEventKind
from domain.workstreams.conversation_settings import AutomatedTrigger
from ingest.events.conflicts import ConflictWatch
from ingest.events.event_router import RoutedBatch, quarantine, route
from ingest.inbox.inbox import inbox_rows
from ingest.inbox.reader import InboxReader
from ingest.relay.replay import replay
from messenger.webhooks.internal_events import files_refused, survey_answered
from messenger.webhooks.webhook import WebhookEvent
from store.inbox.relay_shares import take_share
from store.inbox.unrouted import request_replay
from store.privacy.redact_inbox import ERASED_CHANNEL
from store.tables import (
    Customer,
    Event,
    Message,
    Opening,
    Page,
    Survey,
    Thread,
    UnroutedEvent,
)
from store.tables.pages import REMOVED
from support.deliveries import body_of, text_event
from support.intake import Intake
from support.store import ACCOUNT, PAGE_A, PSID, add_conversation, add_customer, rows
from support.surveys import answers

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LARGE = AutomatedTrigger.FILE_TOO_LARGE


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def answer(score: int | None = 4, comment: str | None = "Quick!", survey_id: str = "s1") -> WebhookEvent:
    return survey_answered(PAGE_A, PSID, survey_id, score=score, comment=comment, at_ms=ms(NOON))


async def happens(intake: Intake, *events: WebhookEvent, at: datetime = NOON) -> RoutedBatch:
    await intake.inbox.store(inbox_rows(ACCOUNT, events, ms(at)))
    return await intake.route_new()


def told(routed: RoutedBatch) -> list[tuple[ThreadEventKind, str | None, AutomatedTrigger | None]]:
    return [
        (event.kind, event.survey_id, event.refused_files)
        for thread in routed.threads
        for event in thread.events
    ]


async def received(intake: Intake) -> list[Event]:
    return [event for event in await rows(intake.store, Event) if event.kind == "survey.answer_received"]


@pytest.fixture
async def survey(intake: Intake) -> str:
    """A survey that went to the customer by link; the id."""

    def work(session: Session) -> None:
        add_customer(session, "customer", NOON, psid=PSID)
        session.flush()
        add_conversation(session, "over", "customer", NOON, status="closed", reason="agent_ended")
        session.flush()
        session.add(
            Survey(
                id="s1",
                page_id=PAGE_A,
                customer_id="customer",
                conversation_id="over",
                token="a-token-that-only-the-store-knows",
                question="csat",
                way="link",
                status="sent",
                message_id="invitation",
                ended_at=NOON,
                due_at=NOON,
                sent_at=NOON,
                expires_at=NOON + timedelta(days=7),
            )
        )

    await intake.store.write(work)
    return "s1"


async def test_an_answer_is_kept_recorded_and_told_and_opens_nothing(intake: Intake, survey: str) -> None:
    routed = await happens(intake, answer(comment="Süß \u2603 \ud83d \x00"))
    assert told(routed) == [(ThreadEventKind.SURVEY_ANSWER, survey, None)]
    (kept,) = await answers(intake.store)
    assert (kept.score, kept.text, kept.source, kept.late) == (4, "Süß ☃ \ufffd \ufffd", "link", False)
    assert kept.at == NOON
    (event,) = await received(intake)
    assert event.conversation_id == "over"
    assert event.data == {"survey_id": "s1", "source": "link", "ignored": None, "late": False}
    assert await rows(intake.store, Message) == []
    assert await rows(intake.store, Opening) == []


async def test_it_is_no_sign_that_meta_delivers(intake: Intake, survey: str) -> None:  # noqa: ARG001
    before = (await intake.store.read(lambda s: s.get_one(Page, PAGE_A))).model_dump()
    await happens(intake, answer())
    assert (await intake.store.read(lambda s: s.get_one(Page, PAGE_A))).model_dump() == before
    thread = await intake.store.read(lambda s: s.get_one(Thread, "customer"))
    assert (thread.owner, thread.owner_known_at) == ("unknown", None)


async def test_the_same_answer_again_is_nothing_and_another_one_no_alarm(intake: Intake, survey: str) -> None:  # noqa: ARG001
    await happens(intake, answer(4))
    assert told(await happens(intake, answer(4), answer(1))) == []
    (event,) = await intake.events()
    assert event.conflict_ms is None
    await ConflictWatch(intake.store, InboxReader(intake.inbox_store)).check()
    assert [row.kind for row in await rows(intake.store, Event)] == ["survey.answer_received"]


async def test_who_answered_in_another_way_has_answered(intake: Intake, survey: str) -> None:
    await happens(intake, answer(4))
    await intake.inbox.store(inbox_rows("another-account", [answer(1)], ms(NOON)))
    assert told(await intake.route_new()) == [(ThreadEventKind.SURVEY_ANSWER, None, None)]
    (kept,) = await answers(intake.store)
    assert (kept.survey_id, kept.score) == (survey, 4)
    assert [event.data["ignored"] for event in await received(intake)] == [None, "repeated"]


async def test_an_answer_after_the_page_was_removed_is_kept(intake: Intake, survey: str) -> None:
    def remove(session: Session) -> None:
        session.get_one(Page, PAGE_A).provisioning_state = REMOVED

    await intake.store.write(remove)
    await happens(intake, answer())
    assert [kept.survey_id for kept in await answers(intake.store)] == [survey]


async def test_a_late_answer_is_kept_as_late(intake: Intake, survey: str) -> None:  # noqa: ARG001
    late = survey_answered(PAGE_A, PSID, "s1", score=4, comment=None, at_ms=ms(NOON + timedelta(days=7)))
    await happens(intake, late, at=NOON + timedelta(days=8))
    (kept,) = await answers(intake.store)
    assert (kept.late, kept.at) == (True, NOON + timedelta(days=7))


async def test_what_tells_of_an_erased_customer_makes_nobody_and_is_not_set_aside(intake: Intake) -> None:
    assert told(await happens(intake, answer(), files_refused(PAGE_A, PSID, "m", LARGE, at_ms=1))) == []
    assert await rows(intake.store, Customer) == []
    assert await rows(intake.store, UnroutedEvent) == []


async def test_an_answer_that_an_erasure_emptied_before_it_was_routed_is_passed_over(
    intake: Intake,
    survey: str,  # noqa: ARG001
) -> None:
    await intake.inbox.store(inbox_rows(ACCOUNT, [answer()], ms(NOON)))
    (event,) = await intake.events()
    emptied = event.model_copy(update={"raw": b"", "channel": ERASED_CHANNEL, "customer_psid": None})
    assert told(await intake.store.write(lambda session: route(session, [emptied]))) == []
    assert await answers(intake.store) == []
    assert await rows(intake.store, UnroutedEvent) == []


async def test_an_answer_to_a_survey_that_is_gone_is_nothing(intake: Intake, survey: str) -> None:  # noqa: ARG001
    assert told(await happens(intake, answer(survey_id="erased-with-its-customer"))) == []
    assert await rows(intake.store, UnroutedEvent) == []


async def test_one_that_could_not_be_routed_is_replayed(intake: Intake, survey: str) -> None:
    await intake.inbox.store(inbox_rows(ACCOUNT, [answer()], ms(NOON)))
    (event,) = await intake.events()

    def set_aside(session: Session) -> None:
        quarantine(session, event, "a bug, since mended")
        request_replay(session, event.id or 0)

    await intake.store.write(set_aside)
    leases = (await intake.store.write(lambda s: take_share(s, "relay", alone=True))).leases
    lease = next(each for each in leases if each.partition == event.partition)
    assert told(await replay(intake.store, event, lease, "relay")) == [
        (ThreadEventKind.SURVEY_ANSWER, survey, None)
    ]
    assert len(await answers(intake.store)) == 1
    assert await rows(intake.store, UnroutedEvent) == []


async def test_one_in_a_form_of_another_release_is_quarantined(intake: Intake, survey: str) -> None:  # noqa: ARG001
    await intake.inbox.store(inbox_rows(ACCOUNT, [answer()], ms(NOON)))
    (event,) = await intake.events()

    async def quarantined_with(kind: str, raw: bytes) -> list[tuple[str, str]]:
        odd = event.model_copy(update={"kind": kind, "raw": raw})
        await intake.store.write(lambda session: route(session, [odd]))
        (row,) = await rows(intake.store, UnroutedEvent)
        await intake.store.write(lambda session: session.delete(session.get_one(UnroutedEvent, row.inbox_id)))
        return [(row.disposition, row.reason)]

    for kind, raw, reason in (
        ("survey_answered", b"{", "malformed: not JSON that can be read"),
        ("survey_answered", b"[]", "malformed: not an object"),
        ("survey_answered", b"{}", "malformed: survey_id: missing"),
        ("files_refused", b'{"message_id": "m"}', "malformed: trigger: missing"),
        ("files_refused", b'{"message_id": "m", "trigger": "odd"}', "malformed: trigger: not a known one"),
    ):
        assert await quarantined_with(kind, raw) == [("quarantined", reason)]


async def refused(intake: Intake, message_id: str) -> RoutedBatch:
    return await happens(intake, files_refused(PAGE_A, PSID, message_id, LARGE, at_ms=ms(NOON)))


async def wrote(intake: Intake, conversation_id: str | None, live: str | None) -> str:
    """The customer wrote; where the projection says that message and thread are. The message's id."""
    await intake.receive(body_of(text_event(PSID)))
    await intake.route_new()
    (message,) = await rows(intake.store, Message)

    def work(session: Session) -> None:
        session.get_one(Message, message.id).conversation_id = conversation_id
        thread = session.get_one(Thread, message.customer_id)
        thread.state = {"conversation": {"id": live}} if live else {"conversation": None}

    await intake.store.write(work)
    return message.id


@pytest.mark.parametrize(("conversation_id", "live"), [("c1", "c1"), (None, None), (None, "c1")])
async def test_refused_files_are_told_behind_their_message_and_once(
    intake: Intake, conversation_id: str | None, live: str | None
) -> None:
    message_id = await wrote(intake, conversation_id, live)
    routed = await refused(intake, message_id)
    assert told(routed) == [(ThreadEventKind.FILES_REFUSED, None, LARGE)]
    (event,) = routed.threads[0].events
    assert (event.seq, event.message_id, event.opening, event.opens_work) == (2, message_id, None, False)
    assert told(await refused(intake, message_id)) == []


@pytest.mark.parametrize("live", [None, "c2"])
async def test_files_of_a_conversation_that_is_over_are_told_nobody(intake: Intake, live: str | None) -> None:
    assert told(await refused(intake, await wrote(intake, "c1", live))) == []
    assert await rows(intake.store, UnroutedEvent) == []


def test_the_inbox_knows_them_by_their_channel() -> None:
    assert (answer().channel, answer().key) == ("pagedesk", "pagedesk:survey_answered:s1")
    assert files_refused(PAGE_A, PSID, "m", LARGE, at_ms=1).key == "pagedesk:files_refused:m:file_too_large"
