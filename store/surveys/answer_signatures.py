"""How an answer proves that it is one: buttons and templates carry names signed with the survey's token.

A name says which survey is meant and holds no secret; without the token nobody can make one up.
"""

import hashlib
import hmac
import re

from domain.surveys.names import PAYLOAD_PREFIX, QUESTION_PREFIX
from store.tables import Survey

_PAYLOAD = re.compile(PAYLOAD_PREFIX + r"([A-Za-z0-9_-]{1,64}):([0-9]{1,2}):([0-9a-f]{32})")
_QUESTION = re.compile(QUESTION_PREFIX + r"([A-Za-z0-9]{1,37})_([0-9a-f]{32})")


def payload_of(survey: Survey, score: int) -> str:
    """The payload of the quick reply that stands for a score."""
    return f"{PAYLOAD_PREFIX}{survey.id}:{score}:{_signature(survey, f'score {score}')}"


def read_payload(payload: str) -> tuple[str, int] | None:
    """The survey's id and the score that a payload names, genuine or not."""
    match = _PAYLOAD.fullmatch(payload)
    return (match[1], int(match[2])) if match else None


def is_genuine_payload(survey: Survey, payload: str, score: int) -> bool:
    """Whether we made the payload for this survey and score."""
    return hmac.compare_digest(payload_of(survey, score), payload)


def question_id_of(survey: Survey) -> str:
    """The question id in Meta's template: letters, digits and underscores, at most 80."""
    return f"{QUESTION_PREFIX}{survey.id}_{_signature(survey, 'question')}"


def read_question_id(question_id: str) -> str | None:
    """The survey's id that a question id names, genuine or not."""
    match = _QUESTION.fullmatch(question_id)
    return match[1] if match else None


def is_genuine_question_id(survey: Survey, question_id: str) -> bool:
    """Whether we made the question id for this survey."""
    return hmac.compare_digest(question_id_of(survey), question_id)


def _signature(survey: Survey, what: str) -> str:
    return hmac.new(survey.token.encode(), f"{survey.id} {what}".encode(), hashlib.sha256).hexdigest()[:32]
