"""Reading the settings for a process: each wrong one is said in one line, before anything starts."""

import contextlib
import difflib
import os
import sys
from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from base import failpoints
from base.settings import PREFIX, Settings

# What tests use; see base.failpoints and tests/support.
_NOT_SETTINGS = (failpoints.VARIABLE, f"{PREFIX}TEST_")
_CLOSE = 0.75
_WORDS = {
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_parsing": "must be true or false",
    "url_parsing": "must be an address that begins with https:// or http://",
    "url_scheme": "must be an address that begins with https:// or http://",
}


class SettingsError(Exception):
    """What is wrong with the settings, or with what they name: one line each, without secrets."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@contextlib.contextmanager
def ending_on_wrong_settings() -> Iterator[None]:
    """For the block that starts a process: a SettingsError ends it with its lines and exit status 2."""
    try:
        yield
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None


def read_settings() -> Settings:
    """The settings of this process. Raises SettingsError."""
    lines = [*_armed_outside_of_tests(), *_misspelt()]
    try:
        settings = Settings()
    except ValidationError as error:
        lines = [*_wrong(error), *lines]
    if lines:
        raise SettingsError(*lines)
    for name in unknown_names():
        sys.stderr.write(f"{name} is no setting of Pagedesk's and is ignored.\n")
    return settings


def unknown_names() -> list[str]:
    """The `PAGEDESK_…` variables that are no settings, and like none: another program's, perhaps."""
    return [name for name, nearest in _unknown() if nearest is None]


def _armed_outside_of_tests() -> Iterator[str]:
    if os.environ.get(failpoints.VARIABLE) and not failpoints.is_test_mode():
        yield (
            f"{failpoints.VARIABLE} makes processes die: it is for tests, "
            f"with {failpoints.TEST_MODE_VARIABLE}=1. Remove it."
        )


def _misspelt() -> Iterator[str]:
    for name, nearest in _unknown():
        if nearest is not None:
            yield f"{name} is no setting. Is {nearest} meant? (docs/settings.md has all)"


def _unknown() -> Iterator[tuple[str, str | None]]:
    """Each unknown name, and the setting that is written nearly the same."""
    known = {name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        own = name.upper().removeprefix(PREFIX)
        if own == name.upper() or own in known or name.startswith(_NOT_SETTINGS):
            continue
        near = difflib.get_close_matches(own, known, n=1, cutoff=_CLOSE)
        yield name, PREFIX + near[0] if near else None


def _wrong(error: ValidationError) -> Iterator[str]:
    for problem in error.errors():
        name = PREFIX + str(problem["loc"][0]).upper() if problem["loc"] else None
        reason = _reason(problem["type"], problem["msg"], problem.get("ctx", {}))
        yield f"{name} {reason}." if name else f"{reason}."


def _reason(kind: str, message: str, context: Mapping[str, object]) -> str:
    match kind:
        case "value_error":
            return message.removeprefix("Value error, ")
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "less_than_equal":
            return f"must be at most {context['le']}"
        case "string_pattern_mismatch":
            return f"must match {context['pattern']}"
        case "literal_error":
            return f"must be one of {context['expected']}"
    return _WORDS.get(kind, f"is wrong: {message[0].lower()}{message[1:]}")
