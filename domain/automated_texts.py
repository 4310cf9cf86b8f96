"""What automated messages say: the stock texts, the choice of language, and the placeholders.

A page's own text comes before the channel's, the channel's before the stock text (service behaviour 4.1).
"""

import re
from collections.abc import Mapping

from domain.settings import AutomatedTrigger

FALLBACK_LANGUAGE = "en"
MOST_UNITS = 2000
"""The length of a text, in UTF-16 code units: Meta's limit for a message."""

_T = AutomatedTrigger

DEFAULT_TEXTS: dict[AutomatedTrigger, dict[str, str]] = {
    _T.GREETING: {
        "en": "Hello, and thank you for your message. Somebody from our team will answer you here shortly.",
        "de": "Hallo und danke für Ihre Nachricht. Jemand aus unserem Team antwortet Ihnen hier in Kürze.",
        "es": "Hola, gracias por su mensaje. Alguien de nuestro equipo le responderá aquí en breve.",
    },
    _T.PRIVACY_NOTICE: {
        "en": "What you write here is stored so that our team can help you. Please send no passwords or "
        "payment data.",
        "de": "Was Sie hier schreiben, wird gespeichert, damit unser Team Ihnen helfen kann. Bitte senden "
        "Sie keine Passwörter oder Zahlungsdaten.",
        "es": "Lo que escriba aquí se guarda para que nuestro equipo pueda ayudarle. Por favor, no envíe "
        "contraseñas ni datos de pago.",
    },
    _T.AGENT_JOINED: {
        "en": "{AgentName} is here for you now.",
        "de": "{AgentName} ist jetzt für Sie da.",
        "es": "{AgentName} ya está aquí para ayudarle.",
    },
    _T.AGENT_ENDED: {
        "en": "Thank you for talking to us. Just write again whenever you need us.",
        "de": "Danke für das Gespräch. Schreiben Sie uns einfach wieder, wenn Sie uns brauchen.",
        "es": "Gracias por hablar con nosotros. Escríbanos de nuevo cuando nos necesite.",
    },
    _T.SESSION_ENDED: {
        "en": "This conversation is closed now. Your next message opens a new one.",
        "de": "Dieses Gespräch ist jetzt abgeschlossen. Ihre nächste Nachricht beginnt ein neues.",
        "es": "Esta conversación queda cerrada. Su próximo mensaje abrirá una nueva.",
    },
    _T.MESSAGE_NOT_SENT: {
        "en": "A message could not be sent to the customer. The message itself shows the reason.",
        "de": "Eine Nachricht konnte nicht zugestellt werden. Der Grund steht bei der Nachricht.",
        "es": "Un mensaje no se pudo enviar al cliente. El motivo figura en el propio mensaje.",
    },
    _T.OUTSIDE_WINDOW: {
        "en": "The message was not sent: Meta's messaging window is closed until the customer writes again.",
        "de": "Die Nachricht wurde nicht gesendet: Metas Zeitfenster ist geschlossen, bis der Kunde wieder "
        "schreibt.",
        "es": "El mensaje no se envió: la ventana de Meta está cerrada hasta que el cliente escriba de "
        "nuevo.",
    },
    _T.FILE_TOO_LARGE: {
        "en": "Your file is too large for us to receive. Please send a smaller one.",
        "de": "Ihre Datei ist zu groß und konnte nicht angenommen werden. Bitte senden Sie eine kleinere.",
        "es": "Su archivo es demasiado grande y no se pudo recibir. Por favor, envíe uno más pequeño.",
    },
    _T.UNSUPPORTED_MESSAGE: {
        "en": "We cannot receive this kind of file here. Please tell us in words.",
        "de": "Diese Art von Datei können wir hier nicht empfangen. Bitte schreiben Sie uns in Worten.",
        "es": "No podemos recibir este tipo de archivo aquí. Por favor, escríbanos con palabras.",
    },
}

_PLACEHOLDER = re.compile(r"\{(\$?)([A-Za-z0-9_]+)(\$?)\}")
NAMES = ("AgentName", "QueueName", "PageName", "CustomerName")
"""The placeholders besides `{$Variable$}`, which stands for a context variable of the conversation."""


def placeholder_names(agent: str | None, customer: str | None, page: str) -> dict[str, str]:
    """What the placeholders besides the context variables stand for. There are no queues yet."""
    return {"AgentName": agent or "", "CustomerName": customer or "", "PageName": page}


def default_text(trigger: AutomatedTrigger, language: str) -> str:
    """The stock text in `language`, else in English."""
    return in_language(DEFAULT_TEXTS[trigger], language) or DEFAULT_TEXTS[trigger][FALLBACK_LANGUAGE]


def in_language(texts: Mapping[str, str], language: str, fallback: str = FALLBACK_LANGUAGE) -> str | None:
    """The text for `language` (`de-AT`), for its primary language (`de`), or for `fallback`; else None."""
    wanted = language.replace("_", "-").lower()
    found = {tag.replace("_", "-").lower(): text for tag, text in texts.items()}
    for tag in (wanted, wanted.split("-", 1)[0], fallback.replace("_", "-").lower()):
        if tag in found:
            return found[tag]
    return None


def fill_in(text: str, names: Mapping[str, str], variables: Mapping[str, str]) -> str:
    """Replace `{AgentName}` and its kin, and `{$Variable$}` by the context variable of that exact name.

    What is known but has no value here, and an unknown variable, become nothing; other braces stay. The
    result is cut to `MOST_UNITS`.
    """

    def value(match: re.Match[str]) -> str:
        before, name, after = match.groups()
        if before and after:
            return variables.get(name, "")
        return names.get(name, "") if name in NAMES and not before and not after else match.group()

    return _cut(_PLACEHOLDER.sub(value, text))


def _cut(text: str) -> str:
    # Half a pair, cut off here or sent to us broken, is no character and is left out.
    encoded = text.encode("utf-16-le", errors="surrogatepass")
    return encoded[: MOST_UNITS * 2].decode("utf-16-le", errors="ignore")
