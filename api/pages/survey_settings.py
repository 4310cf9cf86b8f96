"""A page's survey: what it asks after an ending, how, and when."""

from typing import Annotated, Self

from pydantic import AfterValidator, AnyUrl, Field, StringConstraints, UrlConstraints, model_validator
from sqlmodel import Session

from api.http.dependencies import DatabaseDep
from api.http.fields import KNOWN_PLACEHOLDERS, STORABLE, Flag, Input, Language, PathPageId
from api.http.problem_docs import problems
from api.security.audit import record
from api.security.auth import Caller
from api.security.guarded_route import api_router
from domain.events.kinds import FactKind
from domain.workstreams.conversation_settings import Question, SurveyWay
from store.pages import pages
from store.tables import Page

_A_YEAR_OF_MINUTES = 366 * 24 * 60
_TEMPLATE_HOURS = (24, 7 * 24)
MAX_TEXT_LENGTH = 200

router = api_router("surveys")


def _plain(value: str) -> str:
    if not value.strip():
        raise ValueError("The text must not be blank.")
    return value.strip()


OwnText = Annotated[
    str, StringConstraints(max_length=MAX_TEXT_LENGTH), STORABLE, AfterValidator(_plain), KNOWN_PLACEHOLDERS
]
Delay = Annotated[int, Field(strict=True, ge=0, le=_A_YEAR_OF_MINUTES)]
CoolDown = Annotated[int, Field(strict=True, ge=0, le=366)]
ReminderAfter = Annotated[int, Field(strict=True, ge=1, le=_A_YEAR_OF_MINUTES)]
ExpiresAfter = Annotated[int, Field(strict=True, ge=1, le=366 * 24)]
HttpsUrl = Annotated[AnyUrl, UrlConstraints(max_length=2000, allowed_schemes=["https"], host_required=True)]


class PageSurvey(Input):
    """The survey of a page, as a whole: what is left out gets its default.

    `texts` are the page's own by language, before the link or the buttons, with the placeholders of automated
    messages; Meta's template has its stock text. `late_by_template`: what is due after the 24-hour window
    goes by Meta's customer feedback template, which may go for 7 days. `cool_down_days`: one person gets no
    second survey within. Meta's template needs the address of the business's privacy policy.
    """

    active: Flag
    question: Question = Question.CSAT
    way: SurveyWay = SurveyWay.LINK
    late_by_template: Flag = False
    texts: Annotated[dict[Language, OwnText], Field(max_length=100)] = Field(default_factory=dict)
    delay_minutes: Delay = 0
    cool_down_days: CoolDown = 0
    reminder_after_minutes: ReminderAfter | None = None
    expires_after_hours: ExpiresAfter = _TEMPLATE_HOURS[1]
    privacy_url: HttpsUrl | None = None

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        by_template = self.way is SurveyWay.TEMPLATE or self.late_by_template
        if self.question is Question.COMMENT and (by_template or self.way is not SurveyWay.LINK):
            raise ValueError("A comment can only be asked for by link.")
        if by_template and self.privacy_url is None:
            raise ValueError("Meta's template needs privacy_url, the address of your privacy policy.")
        least, most = _TEMPLATE_HOURS
        if by_template and not least <= self.expires_after_hours <= most:
            raise ValueError(f"Meta's template is open for 1 to 7 days: {least} to {most} hours.")
        reminder = self.reminder_after_minutes
        if reminder is not None and reminder >= self.expires_after_hours * 60:
            raise ValueError("The reminder must come before the survey expires.")
        return self

    @classmethod
    def of(cls, page: Page) -> Self:
        """What the page has, or the defaults of one that has none."""
        return cls.model_validate(page.survey or {"active": False})


@router.get("/v1/pages/{page_id}/survey", responses=problems("not_found"))
async def get_page_survey(database: DatabaseDep, page_id: PathPageId) -> PageSurvey:
    """The page's survey."""
    return await database.read(lambda s: PageSurvey.of(pages.get(s, page_id)))


@router.put("/v1/pages/{page_id}/survey", responses=problems("not_found"))
async def set_page_survey(
    database: DatabaseDep, caller: Caller, page_id: PathPageId, body: PageSurvey
) -> PageSurvey:
    """Set the page's survey. It holds from the next ending on; surveys under way keep what they had."""

    def work(session: Session) -> PageSurvey:
        page = pages.change(session, page_id, {"survey": body.model_dump(mode="json")})
        record(session, caller, FactKind.PAGE_SURVEY_CHANGED, page_id=page_id)
        return PageSurvey.of(page)

    return await database.write(work)
