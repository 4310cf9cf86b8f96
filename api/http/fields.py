"""The kinds of input fields. Inputs are strict: unknown members, `true` for 1 and `"1"` for 1 are refused."""

import re
from datetime import UTC, datetime
from typing import Annotated

from babel import Locale, UnknownLocaleError
from fastapi import Header, Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from domain.workstreams.automated_texts import NAMES, unknown_placeholders
from messenger.graph.text_limits import TEXT, units

MAX_TEXT_UNITS = TEXT
_ID = r"^[A-Za-z0-9_-]{1,64}$"
MAX_ACCESS_TOKEN = 10_000
"""Meta names no longest token; servers on the way take 16 KiB of headers and less."""
_MINUTES_A_YEAR = 366 * 24 * 60
_FIRST_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_INSTANT = datetime(9999, 1, 1, tzinfo=UTC)
_NOT_IN_CALENDAR = "This must be an instant from the year 1970 to the year 9998."


class Input(BaseModel):
    """The base of every request body."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def storable(value: str) -> str:
    """Refuse what no database keeps: NUL on PostgreSQL, and half a surrogate pair, which is no Unicode."""
    if "\x00" in value or not (value.isascii() or _is_unicode(value)):
        raise ValueError("NUL characters and halves of a surrogate pair are not allowed.")
    return value


def is_id(value: str) -> bool:
    """Whether a part of a path may be an id of ours; for routes that FastAPI does not serve."""
    return re.fullmatch(_ID.rstrip("$"), value) is not None


def _is_unicode(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _in_calendar(value: datetime) -> datetime:
    """In UTC, which an instant at either edge of the calendar does not reach."""
    try:
        instant = value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(_NOT_IN_CALENDAR) from error
    if not _FIRST_INSTANT <= instant < _LAST_INSTANT:
        raise ValueError(_NOT_IN_CALENDAR)
    return instant


def _without_controls(value: str) -> str:
    if any(ord(character) < ord(" ") or ord(character) == 0x7F for character in value):  # noqa: PLR2004 - DEL
        raise ValueError("Control characters are not allowed.")
    return value


def _secret_token(value: SecretStr) -> SecretStr:
    plain = value.get_secret_value()
    if not (plain.isascii() and plain.isprintable()) or " " in plain:
        raise ValueError("Only printable ASCII characters without spaces are allowed.")
    return value


def _known_language(value: str) -> str:
    try:
        Locale.parse(value, sep="-")
    except (ValueError, UnknownLocaleError) as error:
        raise ValueError(
            "This is no language tag that is known here, such as en, de-AT or zh-Hant."
        ) from error
    return value


def displayed_text(most: int) -> AfterValidator:
    """The rule of a text that a customer sees: storable, not blank, no longer than this in UTF-16 units."""

    def check(value: str) -> str:
        if not storable(value).strip():
            raise ValueError("The text must not be blank.")
        if units(value) > most:
            raise ValueError(f"The text must not be longer than {most} UTF-16 code units.")
        return value

    return AfterValidator(check)


def _check_languages_differ(value: dict[str, str]) -> dict[str, str]:
    if len({tag.lower() for tag in value}) < len(value):
        raise ValueError("There are two texts for one language.")
    return value


def _check_placeholders(value: str) -> str:
    """A text in which everything in braces is a placeholder: anything else would be sent as it is."""
    if unknown := unknown_placeholders(value):
        names = ", ".join(f"{{{name}}}" for name in NAMES)
        raise ValueError(
            f"There is no placeholder {unknown[0]}. There are {names}, and {{$Name$}} for a context "
            "variable; what is said without a value follows a bar, as in {CustomerName|there}."
        )
    return value


KNOWN_PLACEHOLDERS = AfterValidator(_check_placeholders)


def _check_all_placeholders(value: dict[str, str]) -> dict[str, str]:
    for text in value.values():
        _check_placeholders(text)
    return value


def refuse_fallback_without_text(texts: dict[str, str], fallback_language: str | None) -> None:
    """A fallback language must be one of those that there are texts for."""
    if fallback_language is not None and fallback_language.lower() not in {tag.lower() for tag in texts}:
        raise ValueError("There is no text in the fallback language.")


STORABLE = AfterValidator(storable)
"""Belongs to every text that comes in, unless its pattern lists what it may hold."""

Text = Annotated[str, STORABLE]

Instant = Annotated[AwareDatetime, AfterValidator(_in_calendar)]
"""An instant that comes in, in UTC."""

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    STORABLE,
    AfterValidator(_without_controls),
]
Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,100}$")]
AppSecret = Annotated[SecretStr, Field(min_length=8, max_length=100), AfterValidator(_secret_token)]
AccessToken = Annotated[
    SecretStr, Field(min_length=1, max_length=MAX_ACCESS_TOKEN), AfterValidator(_secret_token)
]
Password = Annotated[SecretStr, Field(min_length=8, max_length=200)]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$"
    ),
    STORABLE,
]
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{2,35}$"), AfterValidator(_known_language)]
Flag = Annotated[bool, Field(strict=True)]
AutoCloseMinutes = Annotated[int, Field(strict=True, ge=1, le=_MINUTES_A_YEAR)]
SilenceMinutes = AutoCloseMinutes
WarningMinutes = Annotated[int, Field(strict=True, ge=1, le=7 * 24 * 60)]
ReopenMinutes = Annotated[int, Field(strict=True, ge=0, le=_MINUTES_A_YEAR)]
Id = Annotated[str, StringConstraints(pattern=_ID)]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,100}$")]
"""The name of a context variable."""

MessageText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_TEXT_UNITS,
        description="1 to 2000 characters, counted as UTF-16 code units: an emoji counts as two or more. "
        "Meta says characters only, so this is the careful reading.",
    ),
    displayed_text(MAX_TEXT_UNITS),
]
Description = Annotated[str, StringConstraints(max_length=MAX_TEXT_UNITS), STORABLE]
Texts = Annotated[
    dict[Language, MessageText],
    Field(max_length=100, description="A text by language tag, such as `en` or `de-AT`."),
    AfterValidator(_check_languages_differ),
    AfterValidator(_check_all_placeholders),
]
SearchText = Annotated[str, StringConstraints(min_length=1, max_length=100), STORABLE]

PathId = Annotated[Id, Path()]
PathPageId = Annotated[Digits, Path()]
PathNumber = Annotated[int, Path(ge=0, lt=2**63)]

_KEY_DESCRIPTION = "1 to 200 printable ASCII characters. The same key again gets the same answer."
IdempotencyText = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,200}$")]
IdempotencyKey = Annotated[IdempotencyText, Header(alias="Idempotency-Key", description=_KEY_DESCRIPTION)]
OptionalIdempotencyKey = Annotated[
    IdempotencyText | None, Header(alias="Idempotency-Key", description=_KEY_DESCRIPTION)
]
