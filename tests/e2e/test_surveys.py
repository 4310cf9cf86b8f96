"""A survey by link from outside: the customer is asked, answers on the page, and the outcome is there."""

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from domain.surveys.texts import TEXTS
from support.eventually import eventually
from support.store import PAGE_A
from support.surveys import link_token
from support.whole import Whole

pytestmark = pytest.mark.dev_server


async def asked_by_link(whole: Whole) -> tuple[str, str]:
    """A customer whose conversation has ended and who has the survey's link: conversation id and token."""
    psid = await whole.customer()
    await whole.says(psid)
    conversation_id = str((await whole.conversation_of(psid))["id"])
    for action in ("pick", "end", "complete"):
        (await whole.act(conversation_id, action)).raise_for_status()
    await whole.message_with(conversation_id, sender_kind="survey", status="delivered")
    thread = (await whole.meta.get(f"/_sandbox/threads/{PAGE_A}/{psid}")).json()
    return conversation_id, link_token(thread["messages"][-1]["text"])


async def answers(whole: Whole, token: str, score: str) -> httpx.Response:
    """What a browser sends; it knows no key of ours."""
    return await whole.api.post(
        f"/survey/{token}",
        content=urlencode({"score": score, "comment": "Quick!"}),
        headers={"Content-Type": "application/x-www-form-urlencoded", "Authorization": ""},
    )


async def test_a_survey_by_link_is_answered_once_and_its_conversation_is_told(whole: Whole) -> None:
    active = {"active": True, "question": "csat", "reminder_after_minutes": 60}
    (await whole.api.put(f"/v1/pages/{PAGE_A}/survey", json=active)).raise_for_status()
    conversation_id, token = await asked_by_link(whole)

    thanked = await answers(whole, token, "4")
    assert (thanked.status_code, TEXTS["en"].thanks_more in thanked.text) == (200, True)
    again = await answers(whole, token, "1")
    assert (again.status_code, TEXTS["en"].already in again.text) == (200, True)

    async def outcome() -> dict[str, Any] | None:
        found = (await whole.api.get("/v1/surveys")).raise_for_status().json()["items"]
        (one,) = [each for each in found if each["conversation_id"] == conversation_id]
        return dict(one) if await told("survey.answered") else None

    async def told(kind: str) -> list[dict[str, Any]]:
        timeline = await whole.api.get(f"/v1/conversations/{conversation_id}/timeline")
        events = timeline.raise_for_status().json()["items"]
        return [each["data"] for each in events if each["kind"] == kind]

    found = await eventually(outcome, within=30)
    assert found is not None
    (answer,) = found["answers"]
    assert (found["status"], answer["score"], answer["text"]) == ("answered", 4, "Quick!")
    assert [each["late"] for each in await told("survey.answered")] == [False]
    assert [each["source"] for each in await told("survey.answer_received")] == ["link"]
    assert len(await whole.conversations()) == 1
