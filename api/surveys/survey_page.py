"""`/survey/{token}`: where a customer answers a survey that came as a link. The token is all they need.

The answer goes into the inbox before the customer is thanked; the relay brings it to the survey, in the order
of all that happens in the thread.
"""

import re

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, Router

from api.http.body import read_form
from api.http.problems import Problem
from api.http.public_page import HEADERS, message_page
from api.http.rate_limit import RateLimit
from api.security.refused_requests import Refused, RefusedRequests, source_of
from api.services.internal_inbox import InternalInbox
from api.surveys.survey_form import MAX_COMMENT_UTF16_UNITS, SurveyForm, render_survey_form
from base import clock
from base.log import get_logger
from domain.surveys.texts import SCORES, TEXTS, SurveyTexts, spoken
from domain.workstreams.conversation_settings import Question
from ingest.inbox.inbox import InboxUnavailableError
from messenger.graph.text_limits import units
from messenger.webhooks.internal_events import survey_answered, survey_answered_key
from store.db.database import Database
from store.db.unavailable import STORE_UNAVAILABLE
from store.surveys.answers import is_late
from store.surveys.rows import by_token
from store.tables import Customer, Page, Survey, SurveyAnswer

MAX_FORM_BYTES = 64 * 1024
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,100}")

_log = get_logger("api")


async def _serve(request: Request) -> Response:
    """Serve the page. Every failure ends on one that the customer can read."""
    limit: RateLimit = request.app.state.public_page_limit
    texts = TEXTS[_requested_language(request)]
    try:
        limit.acquire(request.client.host if request.client else "")
        if request.method == "POST":
            return await _answer(request)
        return await _show(request)
    except Problem as problem:
        said = texts.too_long.format(limit=MAX_COMMENT_UTF16_UNITS)
        said = {"too_many_requests": texts.too_fast, "content_too_large": said}.get(problem.code, texts.away)
        return _message_response(request, said, problem.status_code, **(problem.headers or {}))
    except (InboxUnavailableError, *STORE_UNAVAILABLE) as error:
        _log.warning("store_unavailable", path="/survey/…", error=type(error).__name__)
        return _message_response(request, texts.away, 503, **{"Retry-After": "5"})


async def _show(request: Request) -> Response:
    view = await _find(request)
    if view is None:
        return _refuse_link(request)
    if await view.is_answered(request.app.state.internal_inbox):
        return view.already_answered()
    return _html_response(render_survey_form(view.form(late=is_late(view.survey, clock.now()))))


async def _answer(request: Request) -> Response:
    given = _last_values(await read_form(request, max_bytes=MAX_FORM_BYTES))
    view, inbox = await _find(request), request.app.state.internal_inbox
    if view is None:
        return _refuse_link(request)
    score, comment, problem = view.read(given)
    if await view.is_answered(inbox):
        return view.already_answered()
    if problem is not None:
        late = is_late(view.survey, clock.now())
        return _html_response(render_survey_form(view.form(late=late, problem=problem, given=given)), 422)
    if not await view.store(inbox, score, comment or None):
        return view.already_answered()  # another answer was stored first
    return view.thanks()


async def _find(request: Request) -> "_SurveyView | None":
    database: Database = request.app.state.database
    token = request.path_params["token"]
    return await database.read(lambda session: _SurveyView.of(session, token))


class _SurveyView:
    """A survey as its customer sees it."""

    def __init__(self, survey: Survey, page: Page, customer: Customer, answer: SurveyAnswer | None) -> None:
        self.survey = survey
        self._answer = answer
        self._account_id = page.account_id
        self._psid = customer.psid
        self.question = Question(survey.question)
        self.page_name = page.name
        self.language = spoken(customer.locale, page.language)

    @classmethod
    def of(cls, session: Session, token: str) -> "_SurveyView | None":
        found = by_token(session, token) if _TOKEN.fullmatch(token) else None
        return cls(*found) if found else None

    @property
    def texts(self) -> SurveyTexts:
        return TEXTS[self.language]

    async def is_answered(self, inbox: InternalInbox) -> bool:
        """Whether there is an answer, be it one that the relay has still to bring to the survey."""
        if self._answer is not None:
            return True
        key = survey_answered_key(self.survey.id)
        return await inbox.holds(self._account_id, self.survey.page_id, key)

    async def store(self, inbox: InternalInbox, score: int | None, comment: str | None) -> bool:
        """Return when the answer is durable; False where another one came first."""
        event = survey_answered(
            self.survey.page_id,
            self._psid,
            self.survey.id,
            score=score,
            comment=comment,
            at_ms=int(clock.now().timestamp() * 1000),
        )
        return await inbox.store(self._account_id, event)

    def read(self, given: dict[str, str]) -> tuple[int | None, str, str | None]:
        """Score, comment, and what is wrong with them."""
        score, comment = given.get("score", ""), given.get("comment", "").strip()
        if units(comment) > MAX_COMMENT_UTF16_UNITS:
            return None, comment, self.texts.too_long.format(limit=MAX_COMMENT_UTF16_UNITS)
        if not SCORES[self.question]:
            return None, comment, None if comment else self.texts.write
        chosen = next((each for each in SCORES[self.question] if str(each) == score), None)
        return chosen, comment, self.texts.choose if chosen is None else None

    def form(
        self, *, late: bool, problem: str | None = None, given: dict[str, str] | None = None
    ) -> SurveyForm:
        filled = given or {}
        return SurveyForm(
            self.language,
            self.page_name,
            self.question,
            late=late,
            score=filled.get("score"),
            comment=filled.get("comment", ""),
            problem=problem,
        )

    def already_answered(self) -> Response:
        texts = self.texts
        return _html_response(message_page(self.language, texts.already, texts.already_more, self.page_name))

    def thanks(self) -> Response:
        texts = self.texts
        return _html_response(message_page(self.language, texts.thanks, texts.thanks_more, self.page_name))


def _last_values(fields: dict[str, list[str]]) -> dict[str, str]:
    """The last value of each field, as HTML forms may repeat them."""
    return {name: values[-1].replace("\r\n", "\n").replace("\x00", "") for name, values in fields.items()}


def _refuse_link(request: Request) -> Response:
    refused: RefusedRequests = request.app.state.refused_requests
    refused.note(Refused.LINK, source_of(request), page="survey")
    texts = TEXTS[_requested_language(request)]
    return _html_response(message_page(_requested_language(request), texts.unknown, texts.unknown_more), 404)


def _message_response(request: Request, text: str, status: int, **headers: str) -> Response:
    language = _requested_language(request)
    return _html_response(message_page(language, TEXTS[language].page_title, text), status, headers=headers)


def _requested_language(request: Request) -> str:
    """The language that the browser asks for, where no survey has one."""
    accepted = request.headers.get("accept-language", "")[:200].split(",")
    return spoken(*(each.partition(";")[0].strip() for each in accepted))


def _html_response(content: str, status: int = 200, *, headers: dict[str, str] | None = None) -> Response:
    return HTMLResponse(content, status, {**HEADERS, **(headers or {})})


router = Router([Route("/survey/{token}", _serve, methods=["GET", "POST"])])
