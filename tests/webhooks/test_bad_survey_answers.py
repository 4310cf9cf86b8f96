"""W50 and W51 of docs/reference/bad-input.md: postbacks of any form, and answers to surveys that are none."""

import json
from typing import Any

import pytest
from sqlmodel import Session

from base import clock
from store.surveys.answer_signatures import payload_of, question_id_of
from store.tables import Conversation, Customer, Message, Survey, SurveyAnswer
from support.deliveries import body_of, event, new_mid, new_psid, text_event
from support.store import PAGE_A
from support.way_in import WayIn

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def asked(way_in: WayIn, psid: str) -> Survey:
    """A survey that was sent to a customer whose conversation is over."""
    await way_in.take(body_of(text_event(psid)))
    customer = await way_in.one(Customer, psid=psid)
    now, key = clock.now(), f"survey{psid}"
    conversation = Conversation(
        id=f"conversation{psid}",
        page_id=PAGE_A,
        customer_id=customer.id,
        status="closed",
        status_reason="agent_ended",
        status_changed_at=now,
        opened_at=now,
    )
    survey = Survey(
        id=key,
        page_id=PAGE_A,
        customer_id=customer.id,
        conversation_id=conversation.id,
        token=f"secret-of-{key}",
        question="csat",
        way="buttons",
        status="sent",
        message_id=f"message-of-{key}",
        ended_at=now,
        due_at=now,
        sent_at=now,
    )

    def work(session: Session) -> None:
        session.add(conversation)
        session.flush()
        session.add(survey.model_copy())

    await way_in.store.write(work)
    return survey


def tap(psid: str, payload: str) -> dict[str, Any]:
    return text_event(psid, quick_reply={"payload": payload})


def feedback(psid: str, question_id: str, score: str) -> dict[str, Any]:
    questions = {question_id: {"type": "csat", "payload": score}}
    return event(psid, messaging_feedback={"feedback_screens": [{"screen_id": 0, "questions": questions}]})


@pytest.mark.parametrize(
    "postback",
    [
        pytest.param({"title": "Go", "payload": "GO"}, id="W50-no-mid"),
        pytest.param({"mid": "m", "title": "Go", "payload": "x" * 1001}, id="W50-long-payload"),
        pytest.param({"mid": "m", "title": "5", "payload": "PAYLOAD"}, id="W50-postback-of-a-survey"),
    ],
)
async def test_a_postback_is_a_message_and_no_answer(way_in: WayIn, postback: dict[str, Any]) -> None:
    psid = new_psid()
    survey = await asked(way_in, psid)
    given = dict(postback)
    if "mid" in given:
        given["mid"] = new_mid()
    if given["payload"] == "PAYLOAD":
        given["payload"] = payload_of(survey, 5)
    (message,) = (await way_in.take(body_of(event(psid, postback=given)))).messages
    assert (message.kind, message.quick_reply_payload) == ("postback", given["payload"])
    assert await way_in.rows(SurveyAnswer, survey_id=survey.id) == []


@pytest.mark.parametrize("form", [pytest.param(form, id=f"W50-{form}") for form in ("tap", "template")])
async def test_an_answer_to_another_customers_survey_is_none(way_in: WayIn, form: str) -> None:
    survey, stranger = await asked(way_in, new_psid()), new_psid()
    told = (
        tap(stranger, payload_of(survey, 5))
        if form == "tap"
        else feedback(stranger, question_id_of(survey), "5")
    )
    taken = await way_in.take(body_of(told))
    assert [noted.data["ignored"] for noted in taken.noted] == ["foreign"]
    assert survey.token not in json.dumps([noted.data for noted in taken.noted])
    assert await way_in.rows(SurveyAnswer, survey_id=survey.id) == []


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda payload: payload.replace(":1:", ":5:"), id="W50-another-score"),
        pytest.param(lambda payload: payload[:-1], id="W50-cut"),
        pytest.param(lambda payload: payload + "0" * 1000, id="W50-too-long"),
    ],
)
async def test_a_forged_answer_is_none(way_in: WayIn, forge: Any) -> None:
    psid = new_psid()
    survey = await asked(way_in, psid)
    taken = await way_in.take(body_of(tap(psid, forge(payload_of(survey, 1)))))
    assert [noted.data["ignored"] for noted in taken.noted] == ["forged"]
    assert [message.kind for message in taken.messages] == ["survey_answer"]
    assert await way_in.rows(SurveyAnswer, survey_id=survey.id) == []


@pytest.mark.parametrize("form", [pytest.param(form, id=f"W51-{form}") for form in ("tap", "template")])
async def test_of_two_answers_the_first_counts(way_in: WayIn, form: str) -> None:
    psid = new_psid()
    survey = await asked(way_in, psid)
    for score in (4, 1):
        told = (
            tap(psid, payload_of(survey, score))
            if form == "tap"
            else feedback(psid, question_id_of(survey), str(score))
        )
        await way_in.take(body_of(told))
    (answer,) = await way_in.rows(SurveyAnswer, survey_id=survey.id)
    assert answer.score == 4


@pytest.mark.parametrize(
    "ended", [pytest.param(status, id=f"W51-{status}") for status in ("expired", "sent")]
)
async def test_an_answer_after_the_conversation_is_no_work(way_in: WayIn, ended: str) -> None:
    psid = new_psid()
    survey = await asked(way_in, psid)

    def work(session: Session) -> None:
        session.get_one(Survey, survey.id).status = ended

    await way_in.store.write(work)
    (message,) = (await way_in.take(body_of(tap(psid, payload_of(survey, 3))))).messages
    assert message.conversation_id == survey.conversation_id
    (answer,) = await way_in.rows(SurveyAnswer, survey_id=survey.id)
    assert answer.late == (ended == "expired")
    assert len(await way_in.rows(Message, customer_id=survey.customer_id)) == 2
