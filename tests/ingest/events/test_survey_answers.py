"""Answers to surveys on the way in: W50 and W51, what they open, what they leave behind."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from base import clock
from domain.conversations.state import ThreadEventKind
from store.conversations.thread_events import event_of
from store.surveys.answer_signatures import payload_of, question_id_of
from store.tables import Conversation, Customer, Event, Message, Opening, Survey, Thread
from store.tables import ThreadEvent as ThreadEventRow
from support.intake import Intake
from support.store import PAGE_A, PSID, payload, rows
from support.surveys import answers

SENT_AT = clock.from_milliseconds(1795166112000)
STRANGER = "999888777"


@pytest.fixture
async def survey(intake: Intake) -> Survey:
    """A survey that has been sent to the customer, whose conversation is over."""
    row = Survey(
        id="surveyone",
        page_id=PAGE_A,
        customer_id="customer",
        conversation_id="conversation",
        token="a-token-that-only-the-store-knows",
        question="csat",
        way="buttons",
        status="sent",
        message_id="invitation",
        ended_at=SENT_AT,
        due_at=SENT_AT,
        sent_at=SENT_AT,
        expires_at=SENT_AT + timedelta(days=7),
    )

    def work(session: Session) -> None:
        session.add(Customer(id="customer", page_id=PAGE_A, psid=PSID, created_at=SENT_AT))
        session.flush()
        session.add(Thread(customer_id="customer", page_id=PAGE_A))
        session.add(
            Conversation(
                id="conversation",
                page_id=PAGE_A,
                customer_id="customer",
                status="closed",
                status_reason="agent_ended",
                status_changed_at=SENT_AT,
                opened_at=SENT_AT,
            )
        )
        session.flush()
        session.add(row.model_copy())

    await intake.store.write(work)
    return row


async def tap(intake: Intake, given: str, mid: str = "m_tap", psid: str = PSID, title: str = "5") -> Any:
    body = payload("text_quick_reply.json")
    event = body["entry"][0]["messaging"][0]
    event["sender"]["id"] = psid
    event["message"] |= {"mid": mid, "text": title, "quick_reply": {"payload": given}}
    await intake.receive(json.dumps(body).encode())
    return await intake.route_new()


async def feedback(intake: Intake, question_id: str, score: str, *, key: str = "") -> Any:
    body = payload("feedback_csat_with_comment.json")
    event = body["entry"][0]["messaging"][0]
    given = {"type": "csat", "payload": score, "follow_up": {"type": "free_form", "payload": "Great" + key}}
    event["messaging_feedback"]["feedback_screens"][0]["questions"] = {question_id: given}
    await intake.receive(json.dumps(body).encode())
    return await intake.route_new()


def told(routed: Any) -> list[tuple[ThreadEventKind, str | None, bool]]:
    return [
        (event.kind, event.survey_id, event.opens_work)
        for thread in routed.threads
        for event in thread.events
    ]


async def received(intake: Intake) -> list[Event]:
    return [event for event in await rows(intake.store, Event) if event.kind == "survey.answer_received"]


async def test_a_tap_answers_opens_the_window_and_is_no_work(intake: Intake, survey: Survey) -> None:
    routed = await tap(intake, payload_of(survey, 5))

    assert told(routed) == [(ThreadEventKind.SURVEY_ANSWER, "surveyone", False)]
    (answer,) = await answers(intake.store)
    assert (answer.survey_id, answer.score, answer.source, answer.late) == ("surveyone", 5, "buttons", False)
    (message,) = await rows(intake.store, Message)
    assert (message.kind, message.text, message.conversation_id) == ("survey_answer", "5", "conversation")
    (opening,) = await rows(intake.store, Opening)
    assert opening.kind == "quick_reply"
    (row,) = await rows(intake.store, ThreadEventRow)
    assert row.route == "join"
    assert event_of(row).survey_id == "surveyone"  # as it is signalled after a restart
    (event,) = await received(intake)
    assert event.conversation_id == "conversation"
    assert event.data == {"survey_id": "surveyone", "source": "buttons", "ignored": None, "late": False}


async def test_two_taps_at_once_are_one_answer(intake: Intake, survey: Survey) -> None:
    """W51: also when both come in one batch."""
    for mid, score in (("m_1", 5), ("m_2", 1)):
        body = payload("text_quick_reply.json")
        body["entry"][0]["messaging"][0]["message"] |= {
            "mid": mid,
            "quick_reply": {"payload": payload_of(survey, score)},
        }
        await intake.receive(json.dumps(body).encode())
    assert [survey_id for _, survey_id, _ in told(await intake.route_new())] == ["surveyone", None]
    (answer,) = await answers(intake.store)
    assert answer.score == 5
    assert [event.data["ignored"] for event in await received(intake)] == [None, "repeated"]


async def test_the_same_delivery_again_changes_nothing(intake: Intake, survey: Survey) -> None:
    await tap(intake, payload_of(survey, 5))
    assert told(await tap(intake, payload_of(survey, 5))) == []
    assert len(await answers(intake.store)) == len(await received(intake)) == 1


@pytest.mark.parametrize(
    "given",
    [
        "pd-survey:surveyone:5:" + "0" * 32,
        "pd-survey:unknown:5:" + "0" * 32,
        "pd-survey:",
        "pd-survey:" + "x" * 2000,
        "pd-survey:surveyone:99999999999999999999:" + "0" * 32,
    ],
)
async def test_a_forged_answer_is_kept_as_a_message_and_no_more(
    intake: Intake, survey: Survey, given: str
) -> None:
    """W50."""
    assert told(await tap(intake, given)) == [(ThreadEventKind.SURVEY_ANSWER, None, False)]
    assert await answers(intake.store) == []
    (message,) = await rows(intake.store, Message)
    assert message.kind == "survey_answer"
    (event,) = await received(intake)
    assert (event.data["ignored"], event.data["survey_id"]) == ("forged", None)
    assert survey.token not in str(event.data)


async def test_somebody_elses_answer_does_not_count(intake: Intake, survey: Survey) -> None:
    """W50."""
    assert told(await tap(intake, payload_of(survey, 5), psid=STRANGER)) == [
        (ThreadEventKind.SURVEY_ANSWER, None, False)
    ]
    assert await answers(intake.store) == []
    (message,) = await rows(intake.store, Message)
    assert message.conversation_id is None
    (event,) = await received(intake)
    assert (event.data["ignored"], event.data["survey_id"], event.conversation_id) == ("foreign", None, None)


async def test_another_quick_reply_is_work_as_ever(intake: Intake, survey: Survey) -> None:
    assert told(await tap(intake, f"survey:{survey.id}:5")) == [(ThreadEventKind.MESSAGE, None, True)]


async def test_an_answer_in_the_template_opens_nothing(intake: Intake, survey: Survey) -> None:
    routed = await feedback(intake, question_id_of(survey), "4")
    assert told(routed) == [(ThreadEventKind.SURVEY_ANSWER, "surveyone", False)]
    (answer,) = await answers(intake.store)
    assert (answer.score, answer.text, answer.source) == (4, "Great", "template")
    assert await rows(intake.store, Opening) == []
    assert await rows(intake.store, Message) == []

    again = await feedback(intake, question_id_of(survey), "1", key=" again")
    assert told(again) == [(ThreadEventKind.SURVEY_ANSWER, None, False)]
    assert len(await answers(intake.store)) == 1


async def test_a_forged_template_answer_does_not_count(intake: Intake, survey: Survey) -> None:
    routed = await feedback(intake, f"pdsurvey_{survey.id}_" + "0" * 32, "4")
    assert told(routed) == [(ThreadEventKind.SURVEY_ANSWER, None, False)]
    assert await answers(intake.store) == []


async def test_a_template_of_another_app_is_noted(intake: Intake, survey: Survey) -> None:  # noqa: ARG001
    routed = await feedback(intake, "q_csat_2291", "5")
    assert told(routed) == []
    assert "customer.messaging_feedback" in [event.kind for event in await rows(intake.store, Event)]


async def test_what_comes_after_the_end_is_late(intake: Intake, survey: Survey) -> None:
    def expire(session: Session) -> None:
        session.get_one(Survey, survey.id).status = "expired"

    await intake.store.write(expire)
    await tap(intake, payload_of(survey, 2))
    (answer,) = await answers(intake.store)
    assert answer.late
    assert answer.at < datetime.now(UTC)
