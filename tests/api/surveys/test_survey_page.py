"""The survey page: what customers see, what is kept, and what it must never do."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from api.http.public_page import HEADERS
from api.http.rate_limit import RateLimit
from domain.surveys.texts import TEXTS
from domain.workstreams.conversation_settings import Question
from ingest.inbox.inbox import InboxUnavailableError
from store import tables
from support.api import NOW, Api, Seed
from support.store import rows
from support.surveys import answers

TOKEN = "a-token-of-thirty-characters--"


@dataclass
class Html(HTMLParser):
    """A page taken apart: elements with their attributes, ids, and text."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def parsed(response: httpx.Response) -> Html:
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = Html()
    page.feed(response.text)
    return page


async def make_survey(api: Api, seed: Seed, **values: Any) -> tables.Survey:
    """A survey that was sent by link on a page whose name needs escaping."""
    page_id = await seed.page()
    await api.admin.patch(f"/v1/pages/{page_id}", json={"name": "Tea & <b>Co</b>"})
    thread = await seed.conversation(page_id=page_id)
    chosen: dict[str, Any] = {
        "id": "survey1",
        "token": TOKEN,
        "question": "csat",
        "way": "link",
        "status": "sent",
        "message_id": "invitation",
        "sent_at": NOW,
        "expires_at": datetime.now(UTC) + timedelta(days=7),
    }
    row = tables.Survey(
        page_id=thread.page_id,
        customer_id=thread.customer_id,
        conversation_id=thread.conversation_id,
        ended_at=NOW,
        due_at=NOW,
        **chosen | values,
    )
    await seed.add(row.model_copy())
    return row


async def show(api: Api, **headers: str) -> httpx.Response:
    return await api.client().get(f"/survey/{TOKEN}", headers=headers)


async def post(api: Api, token: str = TOKEN, **fields: str) -> httpx.Response:
    return await api.client().post(
        f"/survey/{token}",
        content=urlencode(fields),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


@pytest.mark.parametrize(("question", "scores"), [("csat", 5), ("nps", 11), ("ces", 7), ("comment", 0)])
async def test_the_form_is_labelled_and_in_the_customers_language(
    api: Api, seed: Seed, question: str, scores: int
) -> None:
    survey = await make_survey(api, seed, question=question)
    for language in TEXTS:
        await api.admin.patch(f"/v1/pages/{survey.page_id}", json={"language": language})
        _is_accessible(await show(api), question, scores, language)


def _is_accessible(response: httpx.Response, question: str, scores: int, language: str) -> None:
    page = parsed(response)
    assert response.status_code == 200
    assert page.all("html") == [{"lang": language}]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    radios = [each for each in page.all("input") if each["type"] == "radio"]
    assert len(radios) == scores
    assert len(page.all("fieldset")) == len(page.all("legend")) == (1 if scores else 0)
    controls = {each["id"] for each in (*radios, *page.all("textarea"))}
    assert {label["for"] for label in page.all("label")} == controls
    for described in (each.get("aria-describedby") for _, each in page.elements):
        assert set((described or "").split()) <= set(ids)
    assert TEXTS[language].questions[Question(question)] in page.text
    assert page.all("meta")[1]["content"] == "width=device-width, initial-scale=1"
    assert "Tea & <b>Co</b>" in page.text
    assert "<b>" not in response.text
    assert page.all("form") == [{"method": "post", "accept-charset": "utf-8"}]
    assert page.all("script") == []


async def test_the_page_is_private_and_runs_nothing(api: Api, seed: Seed) -> None:
    await make_survey(api, seed)
    headers = (await show(api)).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-robots-tag"] == "noindex, nofollow"
    assert "set-cookie" not in headers
    policy = headers["content-security-policy"]
    assert policy == HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "script" not in policy


async def test_an_answer_is_durable_before_it_is_thanked_for(api: Api, seed: Seed) -> None:
    survey = await make_survey(api, seed)
    response = await post(api, score="4", comment="Very <quick>!\r\nThanks ☺")
    assert response.status_code == 200
    assert TEXTS["en"].thanks_more in parsed(response).text
    (event,) = await api.inbox()
    assert (event.channel, event.kind) == ("pagedesk", "survey_answered")

    routed = await api.route_inbox()
    assert [told.survey_id for thread in routed.threads for told in thread.events] == [survey.id]
    (answer,) = await answers(api.database)
    assert (answer.survey_id, answer.score, answer.text) == (survey.id, 4, "Very <quick>!\nThanks ☺")
    assert (answer.source, answer.late) == ("link", False)
    (fact,) = await _events(api)
    assert fact.data == {"survey_id": survey.id, "source": "link", "ignored": None, "late": False}


async def _events(api: Api) -> list[tables.Event]:
    return [each for each in await rows(api.database, tables.Event) if each.kind == "survey.answer_received"]


@pytest.mark.parametrize("relay", ["has_read_it", "is_behind"])
async def test_the_first_answer_stays(api: Api, seed: Seed, relay: str) -> None:
    await make_survey(api, seed)
    await post(api, score="4")
    if relay == "has_read_it":
        await api.route_inbox()
    for again in (await post(api, score="1"), await show(api), await post(api)):
        assert again.status_code == 200
        assert TEXTS["en"].already in parsed(again).text
    await api.route_inbox()
    (answer,) = await answers(api.database)
    assert answer.score == 4
    assert len(await _events(api)) == len(await api.inbox()) == 1


async def test_of_answers_that_come_at_once_one_is_kept_and_no_other_is_thanked_for(
    api: Api, seed: Seed
) -> None:
    await make_survey(api, seed)
    given = [str(number % 5 + 1) for number in range(10)]
    pages = await asyncio.gather(*(post(api, score=score) for score in given))
    await api.route_inbox()
    (answer,) = await answers(api.database)
    thanks = TEXTS["en"].thanks_more
    thanked = {score for score, page in zip(given, pages, strict=True) if thanks in page.text}
    assert thanked == {str(answer.score)}
    assert all(TEXTS["en"].thanks_more in page.text or TEXTS["en"].already in page.text for page in pages)


async def test_with_the_inbox_away_the_customer_reads_that_nothing_is_saved(
    api: Api, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_survey(api, seed)

    async def away(_rows: Any) -> None:
        raise InboxUnavailableError("disk full")

    monkeypatch.setattr(api.app.state.internal_inbox._inbox, "store", away)
    response = await post(api, score="5")
    assert response.status_code == 503
    assert TEXTS["en"].away in parsed(response).text
    assert TEXTS["en"].already not in parsed(await show(api)).text


async def test_the_link_of_who_is_being_erased_is_unknown(api: Api, seed: Seed) -> None:
    survey = await make_survey(api, seed)
    (await api.admin.post(f"/v1/customers/{survey.customer_id}/erase")).raise_for_status()
    assert (await show(api)).status_code == 404
    assert (await post(api, score="5")).status_code == 404
    assert await api.inbox() == []


@pytest.mark.parametrize("status", ["expired", "sent"])
async def test_a_late_answer_is_asked_for_and_kept(api: Api, seed: Seed, status: str) -> None:
    await make_survey(api, seed, status=status, expires_at=NOW)
    assert TEXTS["en"].late in parsed(await show(api)).text
    await post(api, score="2")
    await api.route_inbox()
    (answer,) = await answers(api.database)
    assert answer.late


@pytest.mark.parametrize(
    ("question", "fields", "problem"),
    [
        ("csat", {"comment": "so so"}, "choose"),
        ("csat", {"score": "6", "comment": "so so"}, "choose"),
        ("csat", {"score": "٣", "comment": "so so"}, "choose"),
        ("csat", {"score": "3", "comment": "x" * 2001}, "too_long"),
        ("csat", {"score": "3", "comment": "😀" * 1001}, "too_long"),
        ("comment", {"comment": " \r\n "}, "write"),
    ],
)
async def test_what_is_missing_is_said_and_nothing_is_lost(
    api: Api, seed: Seed, question: str, fields: dict[str, str], problem: str
) -> None:
    await make_survey(api, seed, question=question)
    response = await post(api, **fields)
    page = parsed(response)
    assert response.status_code == 422
    said = getattr(TEXTS["en"], problem).format(limit=2000)
    assert f"{said} {TEXTS['en'].not_saved}" in page.text
    alert = next(each for _, each in page.elements if each.get("role") == "alert")
    assert any("problem" in str(each.get("aria-describedby")) for _, each in page.elements)
    assert alert["id"] == "problem"
    assert fields["comment"].strip() in response.text
    if fields.get("score") == "3":
        checked = [each["value"] for each in page.all("input") if "checked" in each]
        assert checked == ["3"]
    assert await api.inbox() == []


async def test_2000_characters_are_not_too_many(api: Api, seed: Seed) -> None:
    await make_survey(api, seed, question="comment")
    assert (await post(api, comment="😀" * 1000)).status_code == 200
    await api.route_inbox()
    (answer,) = await answers(api.database)
    assert (answer.score, answer.text) == (None, "😀" * 1000)


async def test_an_unknown_link_is_a_page_that_says_so(api: Api, seed: Seed) -> None:
    await make_survey(api, seed)
    for token in ("x", "x" * 43, "x" * 101, "%00" * 30, "%2e%2e%5cpasswd", "<script>" * 4, "ü" * 30):
        got = await api.client().get(f"/survey/{token}", headers={"Accept-Language": "fr, de-AT;q=0.8"})
        assert got.status_code == 404, token
        assert parsed(got).all("html") == [{"lang": "de"}]
        assert (await post(api, token=token, score="5")).status_code == 404, token
    assert await api.inbox() == []


async def test_a_survey_that_was_never_sent_has_no_page(api: Api, seed: Seed) -> None:
    await make_survey(api, seed, message_id=None, status="cancelled")
    assert (await show(api)).status_code == 404


async def test_too_many_calls_get_a_page_too(api: Api, seed: Seed) -> None:
    await make_survey(api, seed)
    limit = RateLimit("too_many_requests", per_second=0.01, burst=1)
    api.app.state.public_page_limit = limit
    assert (await show(api)).status_code == 200
    refused = await post(api, score="5")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert TEXTS["en"].too_fast in parsed(refused).text


async def test_a_form_beyond_all_bounds_is_refused(api: Api, seed: Seed) -> None:
    await make_survey(api, seed)
    response = await post(api, score="5", comment="x" * 70_000)
    assert response.status_code == 413
    assert "2000" in parsed(response).text
    assert await api.inbox() == []


async def test_without_the_store_the_page_says_so(
    api: Api, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_survey(api, seed)

    async def away(_work: Any) -> None:
        raise OperationalError("SELECT", {"token": TOKEN}, Exception("away"), hide_parameters=True)

    monkeypatch.setattr(api.database, "read", away)
    with capture_logs() as logged:
        response = await post(api, score="5")
    assert response.status_code == 503
    assert TEXTS["en"].away in parsed(response).text
    assert [entry["event"] for entry in logged if entry["event"] != "request"] == ["store_unavailable"]
    assert TOKEN not in str(logged)


async def test_a_bug_logs_no_link(api: Api, seed: Seed, monkeypatch: pytest.MonkeyPatch) -> None:
    await make_survey(api, seed)

    def broken(*_: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("api.surveys.survey_page.render_survey_form", broken)
    with capture_logs() as logged:
        response = await show(api)
    assert response.status_code == 500
    assert {entry["path"] for entry in logged} == {"/survey/…"}
    assert TOKEN not in str(logged)
