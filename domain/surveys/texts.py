"""What surveys say, in every language that Pagedesk speaks by itself: one table.

A question is 5 to 85 characters and a button's title at most 20: Meta's limits for its feedback template and
its quick replies.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.workstreams.automated_texts import FALLBACK_LANGUAGE, in_language
from domain.workstreams.conversation_settings import Question

SCORES: Mapping[Question, range] = {
    Question.CSAT: range(1, 6),
    Question.NPS: range(11),
    Question.CES: range(1, 8),
    Question.COMMENT: range(0),
}
"""The scores that a question can have, worst first."""


@dataclass(frozen=True, slots=True)
class SurveyTexts:
    """The texts of one language. `ends`: what the lowest and the highest score mean.

    `{limit}` stands for a number of characters.
    """

    questions: Mapping[Question, str]
    ends: Mapping[Question, tuple[str, str]]
    satisfaction: tuple[str, ...]
    link: str
    reminder: str
    template_title: str
    template_button: str
    template_comment: str
    page_title: str
    comment: str
    comment_hint: str
    send: str
    late: str
    choose: str
    write: str
    too_long: str
    not_saved: str
    thanks: str
    thanks_more: str
    already: str
    already_more: str
    unknown: str
    unknown_more: str
    too_fast: str
    away: str

    def scale(self, question: Question) -> str:
        """The ends of a scale in one line; nothing where the scores have names."""
        if question is Question.CSAT or question not in self.ends:
            return ""
        worst, best = self.ends[question]
        return f"{SCORES[question][0]} = {worst}, {SCORES[question][-1]} = {best}"

    def score(self, question: Question, score: int) -> str:
        """The name of one score."""
        if question is Question.CSAT:
            return f"{score} {self.satisfaction[score - 1]}"
        return str(score)


TEXTS: Mapping[str, SurveyTexts] = {
    "en": SurveyTexts(
        questions={
            Question.CSAT: "How satisfied are you with our help?",
            Question.NPS: "How likely are you to recommend us to a friend or colleague?",
            Question.CES: "How easy was it to get help from us?",
            Question.COMMENT: "What did we do well, and what can we do better?",
        },
        ends={
            Question.CSAT: ("very unsatisfied", "very satisfied"),
            Question.NPS: ("not at all likely", "very likely"),
            Question.CES: ("very hard", "very easy"),
        },
        satisfaction=("Very unsatisfied", "Unsatisfied", "Neutral", "Satisfied", "Very satisfied"),
        link="Please tell us here:",
        reminder="We would still like to know:",
        template_title="Your opinion counts",
        template_button="Give feedback",
        template_comment="Anything you would like to add?",
        page_title="Your opinion",
        comment="Your comment",
        comment_hint="Optional, at most {limit} characters",
        send="Send my answer",
        late="The time for this survey is over, but we still read every answer.",
        choose="Please choose one of the scores.",
        write="Please write something before you send.",
        too_long="The comment is too long. Please shorten it to {limit} characters.",
        not_saved="Your answer is not saved yet.",
        thanks="Thank you!",
        thanks_more="We have your answer. You can close this page.",
        already="You have answered already",
        already_more="We have your answer. Thank you!",
        unknown="This survey does not exist",
        unknown_more="Please check that the whole link was opened.",
        too_fast="Too many tries. Please wait a moment, then go back and send it again.",
        away="We cannot save your answer right now. Please go back in a moment and send it again.",
    ),
    "de": SurveyTexts(
        questions={
            Question.CSAT: "Wie zufrieden sind Sie mit unserer Hilfe?",
            Question.NPS: "Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?",
            Question.CES: "Wie einfach war es, bei uns Hilfe zu bekommen?",
            Question.COMMENT: "Was haben wir gut gemacht, und was können wir besser machen?",
        },
        ends={
            Question.CSAT: ("sehr unzufrieden", "sehr zufrieden"),
            Question.NPS: ("sehr unwahrscheinlich", "sehr wahrscheinlich"),
            Question.CES: ("sehr schwierig", "sehr einfach"),
        },
        satisfaction=("Sehr unzufrieden", "Unzufrieden", "Neutral", "Zufrieden", "Sehr zufrieden"),
        link="Bitte sagen Sie es uns hier:",
        reminder="Wir wüssten es immer noch gern:",
        template_title="Ihre Meinung zählt",
        template_button="Bewerten",
        template_comment="Möchten Sie etwas hinzufügen?",
        page_title="Ihre Meinung",
        comment="Ihr Kommentar",
        comment_hint="Freiwillig, höchstens {limit} Zeichen",
        send="Antwort absenden",
        late="Die Zeit für diese Umfrage ist vorbei, aber wir lesen trotzdem jede Antwort.",
        choose="Bitte wählen Sie eine der Bewertungen.",
        write="Bitte schreiben Sie etwas, bevor Sie absenden.",
        too_long="Der Kommentar ist zu lang. Bitte kürzen Sie ihn auf {limit} Zeichen.",
        not_saved="Ihre Antwort ist noch nicht gespeichert.",
        thanks="Vielen Dank!",
        thanks_more="Wir haben Ihre Antwort. Sie können diese Seite schließen.",
        already="Sie haben schon geantwortet",
        already_more="Wir haben Ihre Antwort. Vielen Dank!",
        unknown="Diese Umfrage gibt es nicht",
        unknown_more="Bitte prüfen Sie, ob der ganze Link geöffnet wurde.",
        too_fast="Zu viele Versuche. Bitte warten Sie kurz, gehen Sie zurück und senden Sie noch einmal.",
        away="Wir können Ihre Antwort gerade nicht speichern. Bitte gehen Sie gleich zurück und senden Sie "
        "noch einmal.",
    ),
    "es": SurveyTexts(
        questions={
            Question.CSAT: "¿Qué tan satisfecho está con nuestra ayuda?",
            Question.NPS: "¿Qué probabilidad hay de que nos recomiende?",
            Question.CES: "¿Qué tan fácil fue recibir nuestra ayuda?",
            Question.COMMENT: "¿Qué hicimos bien y qué podemos mejorar?",
        },
        ends={
            Question.CSAT: ("muy insatisfecho", "muy satisfecho"),
            Question.NPS: ("nada probable", "muy probable"),
            Question.CES: ("muy difícil", "muy fácil"),
        },
        satisfaction=("Muy insatisfecho", "Insatisfecho", "Neutral", "Satisfecho", "Muy satisfecho"),
        link="Cuéntenoslo aquí:",
        reminder="Todavía nos gustaría saberlo:",
        template_title="Su opinión cuenta",
        template_button="Dar mi opinión",
        template_comment="¿Desea añadir algo?",
        page_title="Su opinión",
        comment="Su comentario",
        comment_hint="Opcional, {limit} caracteres como máximo",
        send="Enviar mi respuesta",
        late="El plazo de esta encuesta ha terminado, pero leemos todas las respuestas.",
        choose="Por favor, elija una de las puntuaciones.",
        write="Por favor, escriba algo antes de enviar.",
        too_long="El comentario es demasiado largo. Por favor, acórtelo a {limit} caracteres.",
        not_saved="Su respuesta aún no está guardada.",
        thanks="¡Muchas gracias!",
        thanks_more="Tenemos su respuesta. Puede cerrar esta página.",
        already="Ya ha respondido",
        already_more="Tenemos su respuesta. ¡Muchas gracias!",
        unknown="Esta encuesta no existe",
        unknown_more="Por favor, compruebe que se abrió el enlace completo.",
        too_fast="Demasiados intentos. Espere un momento, vuelva atrás y envíela de nuevo.",
        away="Ahora no podemos guardar su respuesta. Vuelva atrás en un momento y envíela de nuevo.",
    ),
}


def spoken(*wanted: str | None) -> str:
    """The first of the wanted languages (`de-AT`, `es_MX`) that Pagedesk speaks; else English."""
    return next((primary for each in wanted if (primary := _primary(each)) in TEXTS), FALLBACK_LANGUAGE)


def own_text(texts: Mapping[str, str], *wanted: str | None) -> str | None:
    """A page's own text in the first of the wanted languages that it has.

    None where a stock text comes first: in the customer's language it is better than an own one in another.
    """
    for language in (*wanted, FALLBACK_LANGUAGE):
        if language is None:
            continue
        if found := in_language(texts, (language,)):
            return found
        if _primary(language) in TEXTS:
            return None
    return None


def _primary(language: str | None) -> str:
    return (language or "").replace("_", "-").split("-", 1)[0].lower()
