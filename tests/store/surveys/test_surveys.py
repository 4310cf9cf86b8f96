"""The rows of surveys: written again they stay, and what they say goes out with signed names."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from domain.conversations.changes import Change, Fact
from domain.conversations.lifecycle import ActorKind
from domain.conversations.projection import LastWritten
from domain.conversations.state import QueuedSend, Survey, SurveyStatus, ThreadState
from domain.events.kinds import FactKind
from domain.sending.decide_send import ContentKind, SenderKind
from domain.workstreams.conversation_settings import Question, SurveySettings, SurveyWay
from sandbox.graph_payload import check_message
from store import tables
from store.access.visibility import Reader
from store.conversations.projection import project
from store.db.database import Database
from store.db.ranges import Span
from store.surveys.answers import Ignored, is_answered_reminder, take_feedback, take_from_page, take_tap
from store.surveys.results import SurveyFilter, listed, summarize
from support.store import (
    PAGE_A,
    PUBLIC_URL,
    add_conversation,
    add_customer,
    rows,
    seeded_store,
)
from support.surveys import PRIVACY_URL, answers, link_token, surveys, switch_on

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL = Reader("admin", sees_all=True, at=NOON)
CUSTOMER, STRANGER = "customer-a", "customer-b"
CONVERSATION = "conversation-a"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    """A customer with a conversation, and another customer."""

    def work(session: Session) -> None:
        add_customer(session, CUSTOMER, NOON)
        add_customer(session, STRANGER, NOON, psid="1")
        add_conversation(session, CONVERSATION, CUSTOMER, NOON, status="closed", reason="agent_ended")

    async with seeded_store(tmp_path, work) as store:
        yield store


def survey(id_: str = "survey1", **values: Any) -> Survey:
    chosen: dict[str, Any] = {
        "id": id_,
        "conversation_id": CONVERSATION,
        "session_id": "session1",
        "status": SurveyStatus.SCHEDULED,
        "settings": SurveySettings(),
        "ended_at": NOON,
        "due_at": NOON,
    }
    return Survey(**chosen | values)


async def projected(
    store: Database,
    *decided: Survey,
    version: int = 1,
    after: int | None = None,
    send: QueuedSend | None = None,
) -> None:
    """`after`: the version of the last projection that counts; the one before this one's, unless told."""
    state = ThreadState(survey=decided[-1], version=version, written_at=_date(version))
    change = Change(
        state,
        facts=(
            Fact(
                FactKind.SURVEY_SENDING,
                NOON,
                ActorKind.SYSTEM,
                data={"survey_id": decided[-1].id},
                cause=f"{decided[-1].id}/{version}",
            ),
        ),
        created_sends=(send,) if send else (),
        surveys=decided,
    )
    before = LastWritten(_date(version - 1 if after is None else after))
    await store.write(
        lambda session: project(session, PAGE_A, CUSTOMER, change, before, public_url=PUBLIC_URL)
    )


def _date(version: int) -> datetime:
    return NOON + timedelta(seconds=version)


async def invited(
    store: Database, question: Question, way: SurveyWay, id_: str = "survey1"
) -> tables.Message:
    """A survey on its way, with the row of its message."""
    template = way is SurveyWay.TEMPLATE
    send = QueuedSend(
        f"message-of-{id_}",
        SenderKind.SURVEY,
        CONVERSATION,
        content_kind=ContentKind.FEEDBACK_TEMPLATE if template else ContentKind.MESSAGE,
        trigger="survey",
        cause_id=id_,
    )
    sending = survey(
        id_,
        status=SurveyStatus.SENDING,
        settings=SurveySettings(question, way),
        way=way,
        message_id=send.message_id,
    )
    await projected(store, sending, send=send)
    return await store.read(lambda session: session.get_one(tables.Message, send.message_id))


async def test_a_projection_written_twice_keeps_the_token(store: Database) -> None:
    await projected(store, survey())
    (first,) = await surveys(store)
    await projected(store, survey())
    await projected(store, survey(status=SurveyStatus.SKIPPED, reason="cool_down"), version=2)
    (last,) = await surveys(store)
    assert (last.token, last.status, last.reason) == (first.token, "skipped", "cool_down")
    assert len(first.token) >= 43


async def test_an_overtaken_projection_does_not_put_the_old_status_back(store: Database) -> None:
    await projected(store, survey(status=SurveyStatus.EXPIRED), version=5)
    await projected(store, survey(), version=4)
    (row,) = await surveys(store)
    assert row.status == "expired"


async def test_what_a_discarded_attempt_scheduled_never_was(store: Database) -> None:
    await projected(store, survey("survey1"), version=3)
    await projected(store, survey("survey2"), version=4, after=2)
    assert [(row.id, row.status, row.reason) for row in await surveys(store)] == [
        ("survey1", "cancelled", "never_was"),
        ("survey2", "scheduled", None),
    ]
    found = await store.read(lambda s: listed(s, SurveyFilter(), ALL, Span(10)))
    assert [each.survey.id for each in found] == ["survey2"]
    summary = await store.read(lambda s: summarize(s, SurveyFilter(), ALL))
    assert summary.outcomes["cancelled"] == 0


async def test_a_link_is_sent_but_not_shown(store: Database) -> None:
    for language, question in product(("en", "de", "es", "fr"), Question):
        await store.write(partial(_speak, language=language))
        message = await invited(store, question, SurveyWay.LINK, f"{language}{question}")
        row = await store.read(partial(_survey_of, message_id=message.id))
        assert message.content is not None
        assert message.content["text"].endswith(f" {PUBLIC_URL}/survey/{row.token}")
        assert link_token(message.content["text"]) == row.token
        assert row.token not in str(message.text)
        assert str(message.text).endswith(f" {PUBLIC_URL}/survey/…")


def _speak(session: Session, language: str) -> None:
    session.get_one(tables.Page, PAGE_A).language = language


def _survey_of(session: Session, message_id: str) -> tables.Survey:
    return session.exec(select(tables.Survey).where(tables.Survey.message_id == message_id)).one()


async def test_meta_takes_every_message(store: Database) -> None:
    scored = (Question.CSAT, Question.NPS, Question.CES)
    await switch_on(store, PAGE_A, way="template", privacy_url=PRIVACY_URL)
    for language, question, way in product(
        ("en", "de", "es"), scored, (SurveyWay.BUTTONS, SurveyWay.TEMPLATE)
    ):
        await store.write(partial(_speak, language=language))
        message = await invited(store, question, way, f"{language}{question}{way}")
        content = {"text": message.text} | (message.content or {})
        check_message({name: value for name, value in content.items() if value is not None}, "utf16")
        row = await store.read(partial(_survey_of, message_id=message.id))
        assert row.token not in str(content)


async def test_the_pages_own_text_comes_first(store: Database) -> None:
    await switch_on(store, PAGE_A, texts={"en": "How was it?"}, way="buttons", question="nps")
    message = await invited(store, Question.NPS, SurveyWay.BUTTONS)
    assert message.text == "How was it?\n(0 = not at all likely, 10 = very likely)"


async def test_the_customers_language_comes_before_the_pages(store: Database) -> None:
    def work(session: Session) -> None:
        session.get_one(tables.Customer, CUSTOMER).locale = "es_LA"

    await store.write(work)
    message = await invited(store, Question.CSAT, SurveyWay.BUTTONS)
    assert message.text == "¿Qué tan satisfecho está con nuestra ayuda?"


async def tap(
    store: Database, payload: str, customer_id: str = CUSTOMER, at: datetime = NOON
) -> Ignored | None:
    taken = await store.write(lambda session: take_tap(session, payload, customer_id, at))
    return taken.ignored


async def buttons(store: Database, id_: str = "survey1") -> list[str]:
    message = await invited(store, Question.CSAT, SurveyWay.BUTTONS, id_)
    assert message.content is not None
    return [reply["payload"] for reply in message.content["quick_replies"]]


async def test_the_first_answer_counts_and_the_second_does_not(store: Database) -> None:
    payloads = await buttons(store)
    assert [await tap(store, payloads[3]), await tap(store, payloads[0])] == [None, Ignored.REPEATED]
    (answer,) = await answers(store)
    assert (answer.survey_id, answer.question, answer.score) == ("survey1", "csat", 4)


async def test_a_forged_or_foreign_answer_is_none(store: Database) -> None:
    first, other = await buttons(store), await buttons(store, "survey2")
    score_changed = first[0].replace(":1:", ":5:")
    signature_of_another = ":".join([*first[0].split(":")[:3], other[0].rpartition(":")[2]])
    unknown = first[0].replace("survey1", "survey9")
    for payload in (
        score_changed,
        signature_of_another,
        unknown,
        "pd-survey:",
        "pd-survey:survey1:5:" + "0" * 32,
    ):
        assert await tap(store, payload) is Ignored.FORGED, payload
    assert await tap(store, first[0], STRANGER) is Ignored.FOREIGN
    assert await answers(store) == []


async def test_the_template_is_answered_by_its_signed_question(store: Database) -> None:
    await switch_on(store, PAGE_A, way="template", question="ces", privacy_url=PRIVACY_URL)
    message = await invited(store, Question.CES, SurveyWay.TEMPLATE)
    assert message.content is not None
    screen = message.content["attachment"]["payload"]["feedback_screens"][0]
    question_id = screen["questions"][0]["id"]

    async def give(id_: str, score: str | None) -> Ignored | None:
        taken = await store.write(
            lambda session: take_feedback(session, id_, CUSTOMER, NOON, score=score, comment="Fine")
        )
        return taken.ignored

    assert await give(question_id[:-1] + "x", "7") is Ignored.FORGED
    for score in (None, "", "8", "-1", "٣", "999999999999"):
        assert await give(question_id, score) is Ignored.NO_ANSWER, score
    assert await give(question_id, "7") is None
    assert await give(question_id, "1") is Ignored.REPEATED
    (answer,) = await answers(store)
    assert (answer.score, answer.text, answer.source) == (7, "Fine", "template")


async def test_an_answer_after_the_end_is_late(store: Database) -> None:
    payloads = await buttons(store)
    sent = survey(
        status=SurveyStatus.SENT,
        message_id="message-of-survey1",
        way=SurveyWay.BUTTONS,
        sent_at=NOON,
        expires_at=NOON + timedelta(hours=1),
    )
    await projected(store, sent, version=2)
    assert await tap(store, payloads[0], at=NOON + timedelta(hours=1)) is None
    (answer,) = await answers(store)
    assert answer.late


async def test_a_reminder_knows_that_it_is_not_needed(store: Database) -> None:
    await buttons(store)
    reminder = QueuedSend(
        "reminder1", SenderKind.SURVEY, CONVERSATION, trigger="survey_reminder", cause_id="survey1"
    )
    sent = survey(
        status=SurveyStatus.SENT, message_id="message-of-survey1", way=SurveyWay.BUTTONS, sent_at=NOON
    )
    await projected(store, sent, version=2, send=reminder)
    assert not await store.read(lambda session: is_answered_reminder(session, "reminder1"))

    def work(session: Session) -> None:
        take_from_page(session, "survey1", CUSTOMER, NOON, score=2, text=None)

    await store.write(work)
    assert await store.read(lambda session: is_answered_reminder(session, "reminder1"))
    row = await store.read(lambda session: session.get_one(tables.Message, "reminder1"))
    assert str(row.text).startswith("We would still like to know:")


async def test_results_count_a_late_answer_that_no_workflow_took_note_of(store: Database) -> None:
    payloads = await buttons(store)
    decided = survey(
        status=SurveyStatus.EXPIRED,
        message_id="message-of-survey1",
        way=SurveyWay.BUTTONS,
        sent_at=NOON,
        expires_at=NOON + timedelta(hours=1),
    )
    await projected(store, decided, version=2)
    await projected(
        store, replace(survey("survey2"), status=SurveyStatus.SKIPPED, reason="no_agent"), version=3
    )
    await tap(store, payloads[4], at=NOON + timedelta(days=1))

    summary = await store.read(lambda session: summarize(session, SurveyFilter(page_id=PAGE_A), ALL))
    assert {name: count for name, count in summary.outcomes.items() if count} == {"answered": 1, "skipped": 1}
    assert (summary.invited, summary.answered, summary.late, summary.response_rate) == (1, 1, 1, 1.0)
    found = await store.read(
        lambda session: listed(session, SurveyFilter(status=SurveyStatus.ANSWERED), ALL, Span(9))
    )
    assert [record.survey.id for record in found] == ["survey1"]


async def test_no_event_holds_a_token(store: Database) -> None:
    payloads = await buttons(store)
    await tap(store, payloads[0])
    (row,) = await surveys(store)
    assert row.token not in str([event.model_dump() for event in await rows(store, tables.Event)])
    assert row.token not in str([thread.state for thread in await rows(store, tables.Thread)])
