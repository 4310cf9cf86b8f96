"""What a survey's invitation and its reminder say: the row's text, and the Send API's `message` parts.

The row's text is what agents see. The link's secret and the signed payloads are in the content alone, so
that nobody can answer in the customer's place.
"""

from typing import Any

from sqlmodel import Session

from domain.conversations.state import QueuedSend
from domain.conversations.surveys import REMINDER
from domain.surveys.texts import SCORES, TEXTS, SurveyTexts, own_text, spoken
from domain.workstreams.conversation_settings import Question, SurveyWay
from store.surveys.answer_signatures import payload_of, question_id_of
from store.surveys.settings import survey_texts, template_facts
from store.tables import Customer, Page, Survey
from store.workstreams.wording import Wording

SURVEY_PATH = "/survey/"
_HIDDEN = "…"

_SCORE_FORMS: dict[Question, dict[str, str]] = {
    Question.CSAT: {"score_label": "dis_sat", "score_option": "five_stars"},
    Question.NPS: {"score_label": "unlike_like", "score_option": "zero_to_ten"},
    Question.CES: {"score_label": "hard_easy", "score_option": "one_to_seven"},
}

Words = tuple[str, dict[str, Any]]


def survey_words(session: Session, page: Page, send: QueuedSend, public_url: str) -> Words:
    """The text and the content of a survey's message; notes with the survey which message reminds of it."""
    survey = session.get_one(Survey, send.cause_id)
    customer = session.get_one(Customer, survey.customer_id)
    languages = (customer.locale, page.language)
    texts = TEXTS[spoken(*languages)]
    way = SurveyWay(survey.way or SurveyWay.LINK)
    question = Question(survey.question)
    if send.trigger == REMINDER:
        survey.reminder_id = send.message_id
        session.flush()
        lead = f"{texts.reminder} {texts.questions[question]}"
        # Meta's template may not go twice for one matter; the link asks the same.
        way = SurveyWay.LINK if way is SurveyWay.TEMPLATE else way
    else:
        own = own_text(survey_texts(page), *languages)
        words = Wording(session, page, customer.id).filled(own, survey.conversation_id, None) if own else None
        lead = words or _stock(texts, question, way)
    match way:
        case SurveyWay.LINK:
            return _link(survey, lead, public_url)
        case SurveyWay.BUTTONS:
            return _buttons(survey, question, texts, lead)
        case SurveyWay.TEMPLATE:
            return _template(survey, question, texts, page)


def _stock(texts: SurveyTexts, question: Question, way: SurveyWay) -> str:
    asked = texts.questions[question]
    return f"{asked} {texts.link}" if way is SurveyWay.LINK else asked


def _link(survey: Survey, lead: str, public_url: str) -> Words:
    address = f"{public_url}{SURVEY_PATH}"
    return f"{lead} {address}{_HIDDEN}", {"text": f"{lead} {address}{survey.token}"}


def _buttons(survey: Survey, question: Question, texts: SurveyTexts, lead: str) -> Words:
    scale = texts.scale(question)
    replies = [
        {
            "content_type": "text",
            "title": texts.score(question, score),
            "payload": payload_of(survey, score),
        }
        for score in SCORES[question]
    ]
    return f"{lead}\n({scale})" if scale else lead, {"quick_replies": replies}


def _template(survey: Survey, question: Question, texts: SurveyTexts, page: Page) -> Words:
    """The words are the stock ones: Meta's template has no room for a page's own."""
    asked = texts.questions[question]
    screen = {
        "questions": [
            {
                "id": question_id_of(survey),
                "type": question.value,
                "title": asked,
                **_SCORE_FORMS[question],
                "follow_up": {"type": "free_form", "placeholder": texts.template_comment},
            }
        ]
    }
    payload = {
        "template_type": "customer_feedback",
        "title": texts.template_title,
        "subtitle": asked[:80],
        "button_title": texts.template_button,
        "feedback_screens": [screen],
        **template_facts(page),
    }
    return asked, {"text": None, "attachment": {"type": "template", "payload": payload}}
