"""The names by which an answer in Messenger is known as one to our survey, genuine or not."""

PAYLOAD_PREFIX = "pd-survey:"
"""Begins the payload of every quick reply that stands for a score."""
QUESTION_PREFIX = "pdsurvey_"
"""Begins the id of the question in Meta's feedback template."""


def is_survey_payload(payload: str | None) -> bool:
    """Whether a quick reply calls itself one of ours."""
    return payload is not None and payload.startswith(PAYLOAD_PREFIX)


def is_survey_question(question_id: str) -> bool:
    """Whether a template's question calls itself one of ours."""
    return question_id.startswith(QUESTION_PREFIX)
