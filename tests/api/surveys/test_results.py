"""A page's survey settings, and the results over the API."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from domain.workstreams.conversation_settings import Question, SurveySettings, SurveyWay
from store import tables
from store.conversations.conversation_settings import conversation_settings
from support.api import NOW, Api, Seed, Thread

PRIVACY = "https://shop.test/privacy"
DEFAULTS = {
    "active": False,
    "question": "csat",
    "way": "link",
    "late_by_template": False,
    "texts": {},
    "delay_minutes": 0,
    "cool_down_days": 0,
    "reminder_after_minutes": None,
    "expires_after_hours": 168,
    "privacy_url": None,
}


async def test_a_page_begins_without_a_survey(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    assert (await api.admin.get(f"/v1/pages/{page_id}/survey")).json() == DEFAULTS
    assert (await api.database.read(lambda s: conversation_settings(s, page_id))).survey is None


async def test_what_is_set_is_shown_and_lived_by(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    wanted = DEFAULTS | {
        "active": True,
        "question": "nps",
        "way": "buttons",
        "late_by_template": True,
        "texts": {"de-AT": "Na, wie war's?"},
        "delay_minutes": 5,
        "cool_down_days": 30,
        "reminder_after_minutes": 60,
        "expires_after_hours": 48,
        "privacy_url": PRIVACY,
    }
    put = await api.admin.put(f"/v1/pages/{page_id}/survey", json=wanted)
    assert put.status_code == 200, put.text
    assert put.json() == (await api.admin.get(f"/v1/pages/{page_id}/survey")).json() == wanted
    assert (await api.database.read(lambda s: conversation_settings(s, page_id))).survey == SurveySettings(
        Question.NPS,
        SurveyWay.BUTTONS,
        late_by_template=True,
        delay_seconds=300,
        cool_down_seconds=30 * 86400,
        reminder_after_seconds=3600,
        expires_after_seconds=48 * 3600,
    )

    await api.admin.put(f"/v1/pages/{page_id}/survey", json={"active": False})
    assert (await api.database.read(lambda s: conversation_settings(s, page_id))).survey is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"question": "comment", "way": "buttons"}, "by link"),
        ({"question": "comment", "way": "template", "privacy_url": PRIVACY}, "by link"),
        ({"question": "comment", "late_by_template": True, "privacy_url": PRIVACY}, "by link"),
        ({"way": "template"}, "privacy_url"),
        ({"late_by_template": True}, "privacy_url"),
        ({"way": "template", "privacy_url": PRIVACY, "expires_after_hours": 23}, "1 to 7 days"),
        ({"way": "template", "privacy_url": PRIVACY, "expires_after_hours": 169}, "1 to 7 days"),
        ({"reminder_after_minutes": 120, "expires_after_hours": 2}, "before the survey expires"),
        ({"privacy_url": "http://shop.test"}, "https"),
        ({"privacy_url": "javascript:alert(1)"}, "https"),
        ({"texts": {"en": "x" * 201}}, "200"),
        ({"texts": {"en": "  "}}, "blank"),
        ({"texts": {"xx-nowhere": "hello"}}, "language"),
        ({"question": "stars"}, "csat"),
        ({"delay_minutes": -1}, "0"),
        ({"delay_minutes": True}, "whole number"),
        ({"unknown": 1}, "Nothing of this name"),
    ],
)
async def test_what_does_not_fit_is_refused(api: Api, seed: Seed, wrong: dict[str, Any], says: str) -> None:
    page_id = await seed.page()
    answer = await api.admin.put(f"/v1/pages/{page_id}/survey", json={"active": True, **wrong})
    assert answer.status_code == 422, answer.text
    assert says in answer.text
    assert (await api.admin.get(f"/v1/pages/{page_id}/survey")).json() == DEFAULTS


async def make(
    seed: Seed,
    thread: Thread,
    number: int,
    survey: Mapping[str, Any],
    answer: Mapping[str, Any] | None = None,
) -> None:
    ended_at = NOW + timedelta(hours=number)
    chosen: dict[str, Any] = {
        "question": "nps",
        "way": "link",
        "status": "sent",
        "sent_at": ended_at,
        "message_id": f"m{number}",
    }
    row: list[Any] = [
        tables.Survey(
            id=f"s{number}",
            page_id=thread.page_id,
            customer_id=thread.customer_id,
            conversation_id=thread.conversation_id,
            token=f"secret-{number}",
            ended_at=ended_at,
            due_at=ended_at,
            **{**chosen, **survey},
        )
    ]
    if answer is not None:
        given: dict[str, Any] = {"question": "nps", "source": "link", "at": ended_at, **answer}
        row.append(tables.SurveyAnswer(survey_id=f"s{number}", **given))
    await seed.add(*row)


@pytest.fixture
async def thread(seed: Seed) -> Thread:
    """Nine surveys of one page: scores 10, 9, 7, 6 and 0, a late comment, and three without an answer."""
    thread = await seed.conversation()
    for number, score in enumerate((10, 9, 7, 6, 0)):
        await make(seed, thread, number, {"status": "answered"}, {"score": score})
    comment = {"question": "comment", "text": "Fine", "late": True}
    await make(seed, thread, 5, {"question": "comment", "status": "expired"}, comment)
    await make(seed, thread, 6, {})
    unsent = {"sent_at": None, "message_id": None}
    await make(seed, thread, 7, {"status": "skipped", "reason": "cool_down", **unsent})
    await make(seed, thread, 8, {"status": "not_allowed", "reason": "window_closed", **unsent})
    return thread


async def ids(api: Api, query: str) -> list[str]:
    answer = await api.admin.get(f"/v1/surveys?{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_results_are_listed_newest_first_and_narrowed(api: Api, seed: Seed, thread: Thread) -> None:
    other = await seed.conversation()
    await make(seed, other, 9, {"status": "failed"})
    assert await api.walk("/v1/surveys", limit=4) == [f"s{number}" for number in range(9, -1, -1)]
    assert await ids(api, f"page_id={thread.page_id}&status=sent") == ["s6"]
    assert await ids(api, "status=answered&question=comment") == ["s5"]
    assert await ids(api, "status=expired") == []
    assert await ids(api, "question=csat") == []
    start, end = (NOW + timedelta(hours=1)).isoformat(), (NOW + timedelta(hours=3)).isoformat()
    assert await ids(api, f"from={start.replace('+', '%2B')}&until={end.replace('+', '%2B')}") == ["s2", "s1"]


async def test_one_survey_is_shown_with_its_answer_and_without_its_secret(api: Api, thread: Thread) -> None:
    answer = await api.admin.get("/v1/surveys/s5")
    shown = answer.json()
    assert (shown["status"], shown["conversation_id"]) == ("answered", thread.conversation_id)
    assert [(each["text"], each["score"], each["late"]) for each in shown["answers"]] == [
        ("Fine", None, True)
    ]
    assert "secret" not in answer.text
    assert (await api.admin.get("/v1/surveys/unknown")).json()["code"] == "not_found"


async def test_a_survey_is_about_the_agent_of_its_session(api: Api, seed: Seed) -> None:
    agent_id, _ = await api.somebody("agent", "Mia")
    thread = await seed.conversation()
    await seed.add(
        tables.AgentSession(
            id="session1", conversation_id=thread.conversation_id, number=1, agent_id=agent_id, started_at=NOW
        )
    )
    await make(seed, thread, 1, {"session_id": "session1"})
    assert (await api.admin.get("/v1/surveys/s1")).json()["agent_id"] == agent_id


async def test_the_summary_counts_outcomes_and_scores(api: Api, thread: Thread) -> None:
    summary = (await api.admin.get(f"/v1/surveys/summary?page_id={thread.page_id}")).json()
    assert {name: count for name, count in summary["outcomes"].items() if count} == {
        "answered": 6,
        "sent": 1,
        "skipped": 1,
        "not_allowed": 1,
    }
    assert (summary["invited"], summary["answered"], summary["late"]) == (7, 6, 1)
    assert summary["response_rate"] == round(6 / 7, 4)
    nps = next(each for each in summary["questions"] if each["question"] == "nps")
    assert (nps["answered"], nps["average"], nps["nps"]) == (5, 6.4, 0.0)
    assert nps["distribution"] == {str(score): int(score in (10, 9, 7, 6, 0)) for score in range(11)}
    comment = next(each for each in summary["questions"] if each["question"] == "comment")
    assert (comment["answered"], comment["average"], comment["nps"]) == (1, None, None)


async def test_nothing_at_all_has_no_rate(api: Api) -> None:
    summary = (await api.admin.get("/v1/surveys/summary?question=nps")).json()
    assert (summary["invited"], summary["response_rate"]) == (0, None)
