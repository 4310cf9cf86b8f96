"""What the public page of a deletion request says. It shows nothing about the person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from babel.dates import format_date

from domain.surveys.texts import spoken
from store.privacy.erasures import ErasureStatus, Outcome
from store.tables import Erasure


@dataclass(frozen=True, slots=True)
class DeletionTexts:
    """The texts of one language."""

    title: str
    received: str
    erased: str
    nobody: str
    unknown: str
    too_fast: str
    away: str

    def of(self, erasure: Erasure | None, language: str) -> str:
        """What is to be said of a request, its dates as they are written in the language."""
        if erasure is None:
            return self.unknown
        if erasure.status != ErasureStatus.DONE:
            return self.received.format(asked=_day(erasure.requested_at, language))
        said = self.erased if erasure.outcome == Outcome.ERASED else self.nobody
        asked, done = _day(erasure.requested_at, language), _day(erasure.done_at, language)
        return said.format(asked=asked, done=done)


def _day(at: datetime | None, language: str) -> str:
    """The day in UTC: "30 November 2026"."""
    if at is None:
        return ""
    return format_date(at.astimezone(UTC), "long", locale="en_GB" if language == "en" else language)


_TEXTS: Mapping[str, DeletionTexts] = {
    "en": DeletionTexts(
        title="Deletion of your data",
        received="Your request of {asked} has been received and is being worked on.",
        erased="Your request of {asked} was carried out on {done}: your messages and everything else that "
        "was stored about you have been deleted.",
        nobody="Your request of {asked} was looked into on {done}. Facebook tells us no conversation that "
        "belongs to it, so nothing was stored under it or we cannot find it this way. If you have written to "
        "a page, ask there for your messages to be deleted.",
        unknown="There is no request with this code.",
        too_fast="Too many requests. Please wait a moment.",
        away="This cannot be looked up now. Please try again later.",
    ),
    "de": DeletionTexts(
        title="Löschung Ihrer Daten",
        received="Ihr Antrag vom {asked} ist eingegangen und wird bearbeitet.",
        erased="Ihr Antrag vom {asked} wurde am {done} ausgeführt: Ihre Nachrichten und alles andere, was "
        "über Sie gespeichert war, sind gelöscht.",
        nobody="Ihr Antrag vom {asked} wurde am {done} geprüft. Facebook nennt uns dazu kein Gespräch: "
        "entweder war nichts gespeichert, oder wir können es so nicht finden. Wenn Sie einer Seite "
        "geschrieben haben, bitten Sie dort um die Löschung Ihrer Nachrichten.",
        unknown="Es gibt keinen Antrag mit diesem Code.",
        too_fast="Zu viele Anfragen. Bitte warten Sie einen Augenblick.",
        away="Das lässt sich gerade nicht nachsehen. Bitte versuchen Sie es später noch einmal.",
    ),
    "es": DeletionTexts(
        title="Eliminación de sus datos",
        received="Su solicitud del {asked} se ha recibido y está en curso.",
        erased="Su solicitud del {asked} se cumplió el {done}: se han eliminado sus mensajes y todo lo "
        "demás que se guardaba sobre usted.",
        nobody="Su solicitud del {asked} se examinó el {done}. Facebook no nos indica ninguna conversación "
        "que le corresponda: o no había nada guardado, o no podemos encontrarlo así. Si ha escrito a una "
        "página, pida allí que se eliminen sus mensajes.",
        unknown="No hay ninguna solicitud con este código.",
        too_fast="Demasiadas solicitudes. Espere un momento, por favor.",
        away="Ahora no se puede consultar. Inténtelo de nuevo más tarde, por favor.",
    ),
}


def texts_for(headers: Mapping[str, str]) -> tuple[DeletionTexts, str]:
    """The texts in the language that the browser asks for, and that language."""
    accepted = headers.get("accept-language", "")[:200].split(",")
    language = spoken(*(each.partition(";")[0].strip() for each in accepted))
    return _TEXTS.get(language, _TEXTS["en"]), language if language in _TEXTS else "en"
