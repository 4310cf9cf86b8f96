"""A page's survey as it is kept on the page: in the units and words of the API."""

from collections.abc import Mapping
from typing import Any

from domain.workstreams.conversation_settings import Question, SurveySettings, SurveyWay
from store.tables import Page

_MINUTE = 60
_HOUR = 3600
_DAY = 24 * _HOUR


def active_survey(kept: Mapping[str, Any] | None) -> SurveySettings | None:
    """What the rules need of a page's survey as `kept`; None where it has none, or it is switched off."""
    if not kept or not kept["active"]:
        return None
    reminder = kept["reminder_after_minutes"]
    return SurveySettings(
        question=Question(kept["question"]),
        way=SurveyWay(kept["way"]),
        late_by_template=kept["late_by_template"],
        delay_seconds=kept["delay_minutes"] * _MINUTE,
        cool_down_seconds=kept["cool_down_days"] * _DAY,
        reminder_after_seconds=None if reminder is None else reminder * _MINUTE,
        expires_after_seconds=kept["expires_after_hours"] * _HOUR,
    )


def survey_texts(page: Page) -> dict[str, str]:
    """The page's own texts by language."""
    texts: dict[str, str] = (page.survey or {}).get("texts") or {}
    return texts


def template_facts(page: Page) -> dict[str, Any]:
    """What Meta's template wants to know besides the question: privacy policy and days to live."""
    kept = page.survey or {}
    hours = kept.get("expires_after_hours") or 24
    return {
        "expires_in_days": min(7, max(1, -(-hours // 24))),
        "business_privacy": {"url": kept.get("privacy_url")},
    }
