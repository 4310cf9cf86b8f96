"""What automated messages say: the stock texts, the choice of language, and the placeholders.

A page's own text comes before the channel's, the channel's before the stock text
(docs/reference/service-behaviour.md, "Automated messages").
`docs/automated-messages.md` tells administrators the rules.
"""

import re
from collections.abc import Iterable, Mapping

from domain.workstreams.conversation_settings import AutomatedTrigger

FALLBACK_LANGUAGE = "en"
MAX_UTF16_UNITS = 2000
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
    _T.OUT_OF_HOURS: {
        "en": "You have written to us outside our opening hours. We will answer you here as soon as we are "
        "back.",
        "de": "Sie schreiben uns außerhalb unserer Öffnungszeiten. Wir antworten Ihnen hier, sobald wir "
        "wieder da sind.",
        "es": "Nos escribe fuera de nuestro horario. Le responderemos aquí en cuanto volvamos.",
    },
    _T.HOLIDAY: {
        "en": "We are closed today because of a holiday. We will answer you here as soon as we are back.",
        "de": "Heute ist bei uns wegen eines Feiertags geschlossen. Wir antworten Ihnen hier, sobald wir "
        "wieder da sind.",
        "es": "Hoy está cerrado por ser festivo. Le responderemos aquí en cuanto volvamos.",
    },
    _T.OVERFLOW_ENDED: {
        "en": "We are sorry: we cannot take your request right now, and this conversation is closed. Please "
        "write to us again later.",
        "de": "Es tut uns leid: Wir können Ihr Anliegen gerade nicht annehmen, und dieses Gespräch ist "
        "beendet. Bitte schreiben Sie uns später noch einmal.",
        "es": "Lo sentimos: ahora no podemos atenderle y esta conversación queda cerrada. Por favor, "
        "escríbanos más tarde.",
    },
    _T.AGENT_NOT_ASSIGNED: {
        "en": "Nobody can be found for your request right now. Your message is kept, and we will answer you "
        "here.",
        "de": "Für Ihr Anliegen ist gerade niemand zu finden. Ihre Nachricht bleibt erhalten, und wir "
        "antworten Ihnen hier.",
        "es": "Ahora no hay nadie disponible para su consulta. Su mensaje queda guardado y le responderemos "
        "aquí.",
    },
    _T.AGENT_ASSIGNED: {
        "en": "Somebody will be with you in a moment.",
        "de": "Gleich ist jemand für Sie da.",
        "es": "Enseguida le atenderán.",
    },
    _T.AGENT_JOINED: {
        "en": "{AgentName} is here for you now.",
        "de": "{AgentName} ist jetzt für Sie da.",
        "es": "{AgentName} ya está aquí para ayudarle.",
    },
    _T.TRANSFER_ACCEPTED: {
        "en": "{AgentName} goes on with your request now.",
        "de": "{AgentName} kümmert sich jetzt weiter um Ihr Anliegen.",
        "es": "{AgentName} continúa ahora con su consulta.",
    },
    _T.AGENT_DISCONNECTED: {
        "en": "The connection to {AgentName|us} was interrupted. Somebody will be with you as soon as "
        "possible.",
        "de": "Die Verbindung zu {AgentName|uns} ist unterbrochen. Es ist so bald wie möglich jemand für "
        "Sie da.",
        "es": "Se ha interrumpido la conexión con {AgentName|nosotros}. Le atenderán lo antes posible.",
    },
    _T.CONSULT_ACCEPTED: {
        "en": "{AgentName} is helping us with your request.",
        "de": "{AgentName} hilft uns bei Ihrem Anliegen.",
        "es": "{AgentName} nos ayuda con su consulta.",
    },
    _T.CONSULT_ENDED: {
        "en": "{AgentName} has finished helping us with your request.",
        "de": "{AgentName} hat die Beratung zu Ihrem Anliegen beendet.",
        "es": "{AgentName} ha terminado de ayudarnos con su consulta.",
    },
    _T.COLLEAGUE_JOINED: {
        "en": "{AgentName} has joined this conversation.",
        "de": "{AgentName} ist jetzt auch in diesem Gespräch.",
        "es": "{AgentName} se ha unido a esta conversación.",
    },
    _T.COLLEAGUE_LEFT: {
        "en": "{AgentName} has left this conversation.",
        "de": "{AgentName} hat dieses Gespräch verlassen.",
        "es": "{AgentName} ha salido de esta conversación.",
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

WHY_OUTSIDE_WINDOW: dict[str, dict[str, str]] = {
    "human_agent_tag_disabled": {
        "en": "The message was not sent: Meta's 24 hours are over. With the human agent tag people may still "
        "answer for 7 days, but it is off in this session.",
        "de": "Die Nachricht wurde nicht gesendet: Metas 24 Stunden sind vorbei. Mit dem Human-Agent-Tag "
        "dürfen Menschen noch 7 Tage lang antworten, doch in dieser Sitzung ist es aus.",
        "es": "El mensaje no se envió: las 24 horas de Meta han pasado. Con la etiqueta de agente humano las "
        "personas aún pueden responder durante 7 días, pero en esta sesión está desactivada.",
    },
    "window_never_opened": {
        "en": "The message was not sent: the customer has done nothing yet that Meta lets a page answer.",
        "de": "Die Nachricht wurde nicht gesendet: Der Kunde hat noch nichts getan, worauf eine Seite nach "
        "Metas Regeln antworten darf.",
        "es": "El mensaje no se envió: el cliente aún no ha hecho nada a lo que Meta permita responder.",
    },
    "held": {
        "en": "Meta's messaging window is closed: the message is held. When the customer writes again, it is "
        "offered to you; after 7 days it expires.",
        "de": "Metas Zeitfenster ist geschlossen: Die Nachricht wird zurückgehalten. Schreibt der Kunde "
        "wieder, wird sie Ihnen vorgelegt; nach 7 Tagen verfällt sie.",
        "es": "La ventana de Meta está cerrada: el mensaje queda retenido. Cuando el cliente escriba de "
        "nuevo, se le propondrá a usted; a los 7 días caduca.",
    },
    "held_unseen": {
        "en": "Meta's messaging window is closed: the message is held. It is sent when the customer writes "
        "again; after 7 days it expires.",
        "de": "Metas Zeitfenster ist geschlossen: Die Nachricht wird zurückgehalten. Sie wird gesendet, wenn "
        "der Kunde wieder schreibt; nach 7 Tagen verfällt sie.",
        "es": "La ventana de Meta está cerrada: el mensaje queda retenido. Se enviará cuando el cliente "
        "escriba de nuevo; a los 7 días caduca.",
    },
}
"""The stock texts of `outside_window` by its cause; any other is that the window is closed for everybody."""

_PLACEHOLDER = re.compile(r"\{(\$?)([A-Za-z0-9_]+)(\$?)(?:\|([^{}]*))?\}")
_IN_BRACES = re.compile(r"\{(?!\s)[^{}\n]+(?<!\s)\}")
NAMES = ("AgentName", "QueueName", "PageName", "CustomerName")
"""The placeholders besides `{$Variable$}`, which stands for a context variable of the conversation."""

_EMPTY = "\udfff"
"""Where a placeholder came out empty: half a pair, which no text holds."""
_AROUND_EMPTY: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\udfff[^\S\n]*[,;:]?[^\S\n]*(?=\udfff)"), ""),
    # Brackets and quotation marks with nothing else in them.
    (re.compile(r"[(\[«“„\"]\s*\udfff\s*[)\]»”“\"]"), _EMPTY),
    # "Hallo {CustomerName}!", "¡Hola, {CustomerName}!": what led to the name goes with it.
    (re.compile(r"[^\S\n]*[,;:]?[^\S\n]*\udfff(?=[^\S\n]*[!?.…])"), ""),
    # "{CustomerName}, we are here": so does what followed it at the beginning of a line.
    (re.compile(r"^\udfff[^\S\n]*[,;:!?.…-]*[^\S\n]*", re.MULTILINE), _EMPTY),
    # "Hello {CustomerName}, we are here", and the end of a line.
    (re.compile(r"[^\S\n]+\udfff(?=[^\S\n]*(?:[,;:]|$))", re.MULTILINE), ""),
    # "from {QueueName} to you": one blank of two.
    (re.compile(r"(?<=\s)\udfff[^\S\n]+"), ""),
)
_NOTHING_SAID = re.compile(r"[\s!?.,;:…-]*")


def placeholder_names(
    agent: str | None, customer: str | None, page: str, queue: str | None
) -> dict[str, str]:
    """What the placeholders besides the context variables stand for."""
    return {
        "AgentName": agent or "",
        "CustomerName": customer or "",
        "PageName": page,
        "QueueName": queue or "",
    }


def default_text(trigger: AutomatedTrigger, *languages: str | None, cause: str | None = None) -> str:
    """The stock text in the first of the languages that there is one for, else in English."""
    texts = DEFAULT_TEXTS[trigger]
    if trigger is AutomatedTrigger.OUTSIDE_WINDOW:
        texts = WHY_OUTSIDE_WINDOW.get(cause or "", texts)
    return in_language(texts, languages) or texts[FALLBACK_LANGUAGE]


def in_language(texts: Mapping[str, str], languages: Iterable[str | None]) -> str | None:
    """The text in the first of these languages, or its primary language, that there is one for; else None."""
    tag = best_language(texts, languages)
    return None if tag is None else texts[tag]


def best_language(tags: Iterable[str], languages: Iterable[str | None]) -> str | None:
    """The tag of the first of these languages, or its primary language, that is among the tags; else None."""
    found = {tag.replace("_", "-").lower(): tag for tag in tags}
    for language in languages:
        wanted = (language or "").replace("_", "-").lower()
        for tag in (wanted, wanted.split("-", 1)[0]):
            if tag in found:
                return found[tag]
    return None


def fill_in(
    text: str, names: Mapping[str, str], variables: Mapping[str, str], *, is_prose: bool = True
) -> str:
    """Replace `{AgentName}` and its kin, and `{$Variable$}` by the context variable of that exact name.

    What is known but has no value here, and an unknown variable, become what follows a bar in the braces
    (`{CustomerName|there}`), else nothing; in prose together with the blanks and marks that led to it. Other
    braces stay. The result is cut to `MAX_UTF16_UNITS`.
    """

    def value(match: re.Match[str]) -> str:
        before, name, after, fallback = match.groups()
        if bool(before) != bool(after) or (not before and name not in NAMES):
            return match.group()
        found = (variables if before else names).get(name, "").replace(_EMPTY, "")
        return found if found.strip() else (fallback or _EMPTY)

    filled = _PLACEHOLDER.sub(value, text)
    return _cut(_close_up(filled) if is_prose else filled.replace(_EMPTY, ""))


def says_nothing(text: str) -> bool:
    """Whether a text that was filled in has come out as blanks and punctuation alone."""
    return _NOTHING_SAID.fullmatch(text) is not None


def uses(text: str, name: str) -> bool:
    """Whether a text has the placeholder of this name."""
    return any(match[2] == name and not match[1] and not match[3] for match in _PLACEHOLDER.finditer(text))


def unknown_placeholders(text: str) -> list[str]:
    """What stands in braces and is no placeholder: it would be said as it stands."""
    return [each for each in _IN_BRACES.findall(text) if not _is_placeholder(each)]


def _is_placeholder(braces: str) -> bool:
    match = _PLACEHOLDER.fullmatch(braces)
    if match is None:
        return False
    before, name, after, _ = match.groups()
    return bool(before and after) or (not before and not after and name in NAMES)


def _close_up(text: str) -> str:
    """A text without the places where a placeholder came out empty."""
    if _EMPTY not in text:
        return text
    for pattern, instead in _AROUND_EMPTY:
        text = pattern.sub(instead, text)
    # What now begins a line began after the name.
    text = re.sub(r"^\udfff+(\w)", lambda match: match[1].upper(), text, flags=re.MULTILINE)
    return text.replace(_EMPTY, "")


def _cut(text: str) -> str:
    # Half a pair, cut off here or sent to us broken, is no character and is left out.
    encoded = text.encode("utf-16-le", errors="surrogatepass")
    return encoded[: MAX_UTF16_UNITS * 2].decode("utf-16-le", errors="ignore")
