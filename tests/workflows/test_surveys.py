"""Surveys after an ending, on the time-skipping server with the real store: when, how, and what ends them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session
from temporalio.testing import WorkflowEnvironment

from domain.conversations.state import SurveyStatus
from store.tables import Workstream
from support.desk import Desk
from support.eventually import eventually
from support.surveys import PRIVACY_URL, answers, link_token, surveys, switch_on
from workflows.messages import CommandResult

pytestmark = pytest.mark.time_skipping


async def served(desk: Desk, env: WorkflowEnvironment) -> datetime:
    """A customer wrote and was picked."""
    now = await env.get_current_time()
    await desk.customer_writes(now)
    await eventually(lambda: has_sent(desk, 1))
    await desk.command("pick")
    return now


async def ended(desk: Desk, env: WorkflowEnvironment, **settings: Any) -> datetime:
    """A customer was served, and the agent ended it on a page with a survey. Returns when they wrote."""
    await switch_on(desk.store, desk.page_id, **settings)
    wrote_at = await served(desk, env)
    await desk.command("end")
    await desk.command("complete")
    return wrote_at


async def has_sent(desk: Desk, count: int) -> bool:
    return len(desk.meta.sent) == count and all(
        message.status == "sent" for message in await desk.messages("outbound")
    )


async def survey_is(desk: Desk, status: SurveyStatus) -> bool:
    found = await surveys(desk.store)
    return bool(found) and found[-1].status == status.value


async def answered_by_link(desk: Desk, env: WorkflowEnvironment, score: int, *, told: bool = True) -> None:
    """What the survey page does, and then the relay."""
    (survey, *_) = reversed(await surveys(desk.store))
    for thread in await desk.answers_by_link(survey.id, await env.get_current_time(), score=score):
        if told:
            await desk.signal(thread)


async def tapped(desk: Desk, env: WorkflowEnvironment, number: int, mid: str = "m_tap") -> None:
    """The customer taps a button of the last message with buttons."""
    offered = next(sent for sent in reversed(desk.meta.sent) if "quick_replies" in sent["message"])
    button = offered["message"]["quick_replies"][number]
    message = {"mid": mid, "text": button["title"], "quick_reply": {"payload": button["payload"]}}
    await desk.event({"message": message}, await env.get_current_time())


async def test_after_its_delay_the_survey_goes_as_a_link(desk: Desk, env: WorkflowEnvironment) -> None:
    await ended(desk, env, delay_minutes=60)
    assert await survey_is(desk, SurveyStatus.SCHEDULED)
    await env.sleep(timedelta(minutes=58))
    assert len(desk.meta.sent) == 1

    await env.sleep(timedelta(minutes=3))
    await eventually(lambda: has_sent(desk, 2))
    sent, (survey,) = desk.meta.sent[-1], await surveys(desk.store)
    assert sent["messaging_type"] == "RESPONSE"
    assert link_token(sent["message"]["text"]) == survey.token
    assert await survey_is(desk, SurveyStatus.SENT)
    history = await (await desk.handle()).fetch_history()
    assert survey.token not in history.to_json()
    assert survey.token not in str([event.data for event in await desk.events("survey.sent")])


async def test_an_answer_by_button_opens_the_window_and_no_conversation(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await ended(desk, env, way="buttons", question="csat")
    await eventually(lambda: has_sent(desk, 2))
    await env.sleep(timedelta(hours=2))
    await tapped(desk, env, 4)
    await (await desk.handle()).result()

    (answer,), (survey,) = await answers(desk.store), await surveys(desk.store)
    assert (answer.score, answer.source, answer.late) == (5, "buttons", False)
    assert survey.status == SurveyStatus.ANSWERED
    (conversation,) = await desk.conversations()
    assert conversation.status == "closed"
    tap = (await desk.messages("inbound"))[-1]
    assert (tap.kind, tap.conversation_id) == ("survey_answer", conversation.id)
    thread = await desk.thread()
    assert thread.opened_by == "quick_reply"
    assert len(desk.meta.sent) == 2


async def test_the_second_tap_changes_nothing(desk: Desk, env: WorkflowEnvironment) -> None:
    await ended(desk, env, way="buttons", question="csat")
    await eventually(lambda: has_sent(desk, 2))
    await tapped(desk, env, 4)
    await eventually(lambda: survey_is(desk, SurveyStatus.ANSWERED))
    await tapped(desk, env, 0, mid="m_again")
    await eventually(lambda: desk.happened("survey.answer_ignored"))
    (answer,) = await answers(desk.store)
    assert answer.score == 5
    assert len(await desk.conversations()) == 1


async def test_an_answer_in_the_template_opens_no_window(desk: Desk, env: WorkflowEnvironment) -> None:
    wrote_at = await ended(desk, env, way="template", privacy_url=PRIVACY_URL, question="nps")
    await eventually(lambda: has_sent(desk, 2))
    payload = desk.meta.sent[-1]["message"]["attachment"]["payload"]
    (question,) = payload["feedback_screens"][0]["questions"]
    before = (await desk.thread()).standard_until
    given = {"type": "nps", "payload": "9", "follow_up": {"type": "free_form", "payload": "Quick!"}}
    feedback = {"feedback_screens": [{"screen_id": 0, "questions": {question["id"]: given}}]}
    await desk.event({"messaging_feedback": feedback}, wrote_at + timedelta(hours=1))
    await (await desk.handle()).result()

    (answer,) = await answers(desk.store)
    assert (answer.score, answer.text, answer.source) == (9, "Quick!", "template")
    assert await survey_is(desk, SurveyStatus.ANSWERED)
    assert (await desk.thread()).standard_until == before
    assert len(await desk.conversations()) == 1


async def test_one_reminder_and_no_more(desk: Desk, env: WorkflowEnvironment) -> None:
    await ended(desk, env, reminder_after_minutes=120)
    await eventually(lambda: has_sent(desk, 2))
    await env.sleep(timedelta(hours=2, minutes=1))
    await eventually(lambda: has_sent(desk, 3))
    tokens = [link_token(sent["message"]["text"]) for sent in desk.meta.sent[1:]]
    assert tokens[0] == tokens[1]
    await env.sleep(timedelta(days=2))
    assert len(desk.meta.sent) == 3


async def test_who_answered_is_not_reminded_even_if_nobody_told(desk: Desk, env: WorkflowEnvironment) -> None:
    await ended(desk, env, reminder_after_minutes=120)
    await eventually(lambda: has_sent(desk, 2))
    await answered_by_link(desk, env, 3, told=False)
    await env.sleep(timedelta(hours=2, minutes=1))

    async def cancelled() -> bool:
        return [message.status for message in await desk.messages("outbound")] == [
            "sent",
            "sent",
            "cancelled",
        ]

    await eventually(cancelled)
    assert len(desk.meta.sent) == 2


async def test_nobody_answers_and_a_late_answer_is_kept(desk: Desk, env: WorkflowEnvironment) -> None:
    await ended(desk, env, way="buttons", expires_after_hours=5)
    await eventually(lambda: has_sent(desk, 2))
    await env.sleep(timedelta(hours=5, minutes=1))
    await (await desk.handle()).result()
    assert await survey_is(desk, SurveyStatus.EXPIRED)

    await desk.take(await tap_body(desk, 2), await env.get_current_time())
    (answer,) = await answers(desk.store)
    assert (answer.score, answer.late) == (3, True)


async def tap_body(desk: Desk, number: int) -> dict[str, Any]:
    button = desk.meta.sent[-1]["message"]["quick_replies"][number]
    return {"message": {"mid": "m_late", "text": "3", "quick_reply": {"payload": button["payload"]}}}


async def test_an_answer_on_the_page_ends_the_run(desk: Desk, env: WorkflowEnvironment) -> None:
    await ended(desk, env)
    await eventually(lambda: has_sent(desk, 2))
    await answered_by_link(desk, env, 4)
    await (await desk.handle()).result()
    assert await survey_is(desk, SurveyStatus.ANSWERED)


async def test_one_person_gets_no_second_survey_within_the_cool_down(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await ended(desk, env, cool_down_days=7, expires_after_hours=1)
    await eventually(lambda: has_sent(desk, 2))
    await env.sleep(timedelta(hours=2))
    await (await desk.handle()).result()

    await desk.customer_writes(await env.get_current_time(), "another question")
    await eventually(lambda: has_sent(desk, 3))
    await desk.command("pick")
    await desk.command("end")
    await desk.command("complete")
    await (await desk.handle()).result()
    second = (await surveys(desk.store))[-1]
    assert (second.status, second.reason) == (SurveyStatus.SKIPPED, "cool_down")
    assert len(desk.meta.sent) == 3


async def test_the_agent_may_skip_it(desk: Desk, env: WorkflowEnvironment) -> None:
    await switch_on(desk.store, desk.page_id)
    await served(desk, env)
    await desk.command("end", skip_survey=True)
    await desk.command("complete")
    await (await desk.handle()).result()
    (survey,) = await surveys(desk.store)
    assert survey.status == SurveyStatus.SKIPPED
    assert len(desk.meta.sent) == 1


async def test_a_new_message_cancels_what_is_not_sent_yet(desk: Desk, env: WorkflowEnvironment) -> None:
    await ended(desk, env, delay_minutes=60)
    await env.sleep(timedelta(minutes=30))
    await desk.customer_writes(await env.get_current_time(), "one more thing")
    await eventually(lambda: survey_is(desk, SurveyStatus.CANCELLED))
    await env.sleep(timedelta(hours=1))
    assert [sent["message"].get("text", "").count("/survey/") for sent in desk.meta.sent] == [0, 0]


async def test_after_24_hours_it_goes_by_template_with_its_own_tag(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await ended(desk, env, delay_minutes=25 * 60, late_by_template=True, privacy_url=PRIVACY_URL)
    await env.sleep(timedelta(hours=25, minutes=1))
    await eventually(lambda: has_sent(desk, 2))
    sent, (survey,) = desk.meta.sent[-1], await surveys(desk.store)
    assert (sent["messaging_type"], sent["tag"]) == ("MESSAGE_TAG", "CUSTOMER_FEEDBACK")
    payload = sent["message"]["attachment"]["payload"]
    assert "text" not in sent["message"]
    assert payload["business_privacy"] == {"url": PRIVACY_URL}
    assert survey.way == "template"


async def test_after_24_hours_without_the_template_it_is_not_allowed(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await ended(desk, env, delay_minutes=25 * 60)
    await env.sleep(timedelta(hours=25, minutes=1))
    await (await desk.handle()).result()
    (survey,) = await surveys(desk.store)
    assert (survey.status, survey.reason) == (SurveyStatus.NOT_ALLOWED, "automated_message_outside_window")
    assert len(desk.meta.sent) == 1


async def test_every_ending_of_one_conversation_has_its_survey(desk: Desk, env: WorkflowEnvironment) -> None:
    """Complaint 4: one survey per conversation for ever."""
    await desk.store.write(_make_reopenable)
    await ended(desk, env)
    await eventually(lambda: has_sent(desk, 2))
    assert isinstance(await desk.command("reopen"), CommandResult)
    await desk.command("end")
    await desk.command("complete")
    await eventually(lambda: has_sent(desk, 3))
    first, second = await surveys(desk.store)
    assert first.conversation_id == second.conversation_id
    assert first.session_id != second.session_id
    assert first.token != second.token


def _make_reopenable(session: Session) -> None:
    session.get_one(Workstream, "messenger").reopen_closed_within_seconds = 3600
