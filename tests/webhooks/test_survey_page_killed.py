"""An answer that the survey's page has thanked for survives whatever dies at that moment."""

from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from sqlmodel import Session

from base import clock
from domain.surveys.texts import TEXTS
from store.tables import Conversation, Customer, Event, Survey, SurveyAnswer, ThreadEvent
from support.accounts import write_accounts
from support.deliveries import body_of, new_psid, text_event
from support.store import PAGE_A, make_settings
from support.way_in import WayIn, way_in_of

TOKEN = "a-token-of-thirty-characters--"


async def asked(way_in: WayIn) -> Survey:
    """A survey that went by link to a customer whose conversation is over."""
    psid = new_psid()
    await way_in.take(body_of(text_event(psid)))
    customer, now = await way_in.one(Customer, psid=psid), clock.now()
    survey = Survey(
        id="survey1",
        page_id=PAGE_A,
        customer_id=customer.id,
        conversation_id="over",
        token=TOKEN,
        question="csat",
        way="link",
        status="sent",
        message_id="invitation",
        ended_at=now,
        due_at=now,
        sent_at=now,
    )

    def work(session: Session) -> None:
        session.add(
            Conversation(
                id="over",
                page_id=PAGE_A,
                customer_id=customer.id,
                status="closed",
                status_reason="agent_ended",
                status_changed_at=now,
                opened_at=now,
            )
        )
        session.flush()
        session.add(survey.model_copy())

    await way_in.store.write(work)
    return survey


async def answer(way_in: WayIn, score: str) -> httpx.Response:
    return await way_in.http.post(
        f"/survey/{TOKEN}",
        content=urlencode({"score": score, "comment": "Quick!"}),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


@pytest.mark.slow
async def test_api_and_relay_are_killed_right_after_the_thanks(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    write_accounts(settings)
    async with way_in_of(settings) as way_in:
        survey = await asked(way_in)
        way_in.children["relay"].kill()
        await way_in.children["relay"].wait()

        thanked = await answer(way_in, "4")
        way_in.children["api"].kill()
        await way_in.children["api"].wait()
        assert (thanked.status_code, TEXTS["en"].thanks_more in thanked.text) == (200, True)
        assert await way_in.rows(SurveyAnswer) == []

        for child in way_in.children.values():
            await child.start()
            await child.until_ready()
        again = await answer(way_in, "1")
        assert (again.status_code, TEXTS["en"].already in again.text) == (200, True)
        await way_in.routed()
        kept = await way_in.one(SurveyAnswer)
        assert (kept.survey_id, kept.score, kept.text, kept.late) == (survey.id, 4, "Quick!", False)
        assert len(await way_in.rows(Event, kind="survey.answer_received")) == 1
        told = await way_in.one(ThreadEvent, kind="survey_answer")
        assert told.facts["survey_id"] == survey.id
