"""Automated messages: what Pagedesk says by itself, and in which language.

Triggers are those of the reference system (service behaviour 4.2) that have a cause so far.
"""

from enum import StrEnum


class AutomatedTrigger(StrEnum):
    """Why an automated message is sent."""

    GREETING = "greeting"


FALLBACK_LANGUAGE = "en"

DEFAULT_TEXTS: dict[AutomatedTrigger, dict[str, str]] = {
    AutomatedTrigger.GREETING: {
        "en": "Hello, and thank you for your message. Somebody from our team will answer you here shortly.",
        "de": "Hallo und danke für Ihre Nachricht. Jemand aus unserem Team antwortet Ihnen hier in Kürze.",
        "es": "Hola, gracias por su mensaje. Alguien de nuestro equipo le responderá aquí en breve.",
    },
}


def default_text(trigger: AutomatedTrigger, language: str) -> str:
    """The stock text in `language` (`de`, `de-AT`, `de_AT`), else in the fallback language."""
    texts = DEFAULT_TEXTS[trigger]
    primary = language.replace("_", "-").split("-", 1)[0].lower()
    return texts.get(primary, texts[FALLBACK_LANGUAGE])
