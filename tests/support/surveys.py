"""Pages with surveys, and surveys with what customers need to answer them."""

from typing import Any

from sqlmodel import Session, col, select

from api.pages.survey_settings import PageSurvey
from store.db.database import Database
from store.surveys.messages import SURVEY_PATH
from store.tables import Page, Survey, SurveyAnswer

PRIVACY_URL = "https://shop.test/privacy"


async def switch_on(store: Database, page_id: str, **settings: Any) -> None:
    """Give a page a survey, as its administrator would."""
    kept = PageSurvey.model_validate({"active": True, **settings}).model_dump(mode="json")

    def work(session: Session) -> None:
        session.get_one(Page, page_id).survey = kept

    await store.write(work)


async def surveys(store: Database) -> list[Survey]:
    """All surveys, oldest ending first."""
    ordered = select(Survey).order_by(col(Survey.ended_at))
    return await store.read(lambda session: list(session.exec(ordered)))


async def answers(store: Database) -> list[SurveyAnswer]:
    """All answers."""
    ordered = select(SurveyAnswer).order_by(col(SurveyAnswer.at))
    return await store.read(lambda session: list(session.exec(ordered)))


def link_token(text: str) -> str:
    """The token in the link of an invitation."""
    return text.rpartition(SURVEY_PATH)[2]
