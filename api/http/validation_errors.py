"""What is wrong with a request, in our own words: where, of which kind, and what is right instead.

Pydantic finds the errors. Its names and texts for them change with its releases; these are the API's own.
What was given is never repeated.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.routing.field_errors import FieldError

MAX_ERRORS_SHOWN = 20

_PLAIN = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_INSTANT = "This must be an instant with its time zone, such as 2026-11-20T12:00:00Z."
_DAY = "This must be a day, such as 2026-11-20."
_WHOLE_NUMBER = "This must be a whole number."
_NUMBER = "This must be a number."
_TRUTH = "This must be true or false."
_OBJECT = "This must be an object."
_ADDRESS = "This must be a web address."
_UNKNOWN = "Nothing of this name is known here."

# Pydantic's name of an error: ours, and the text, with what Pydantic tells of the limit.
_MESSAGES: dict[str, tuple[str, str]] = {
    "missing": ("missing", "This is needed."),
    "extra_forbidden": ("unknown", _UNKNOWN),
    "string_type": ("wrong_type", "This must be a text."),
    "int_type": ("wrong_type", _WHOLE_NUMBER),
    "int_parsing": ("wrong_type", _WHOLE_NUMBER),
    "int_parsing_size": ("out_of_range", "This number is too large."),
    "int_from_float": ("wrong_type", _WHOLE_NUMBER),
    "float_type": ("wrong_type", _NUMBER),
    "float_parsing": ("wrong_type", _NUMBER),
    "finite_number": ("out_of_range", _NUMBER),
    "bool_type": ("wrong_type", _TRUTH),
    "bool_parsing": ("wrong_type", _TRUTH),
    "list_type": ("wrong_type", "This must be a list."),
    "dict_type": ("wrong_type", _OBJECT),
    "model_type": ("wrong_type", _OBJECT),
    "model_attributes_type": ("wrong_type", _OBJECT),
    "none_required": ("wrong_type", "This must be null."),
    "string_too_short": ("too_short", "This must have {min_length} characters or more."),
    "string_too_long": ("too_long", "This must have {max_length} characters or fewer."),
    "too_short": ("too_short", "This must have {min_length} entries or more."),
    "too_long": ("too_long", "This must have {max_length} entries or fewer."),
    "greater_than": ("out_of_range", "This must be more than {gt}."),
    "greater_than_equal": ("out_of_range", "This must be {ge} or more."),
    "less_than": ("out_of_range", "This must be less than {lt}."),
    "less_than_equal": ("out_of_range", "This must be {le} or less."),
    "string_pattern_mismatch": (
        "wrong_form",
        "This does not have the form that the API's description gives for it (`pattern`).",
    ),
    "string_unicode": ("wrong_form", "This must be text in UTF-8."),
    "enum": ("not_a_choice", "This must be {expected}."),
    "literal_error": ("not_a_choice", "This must be {expected}."),
    "union_tag_invalid": ("not_a_choice", "Here {discriminator} must be one of {expected_tags}."),
    "union_tag_not_found": ("missing", "Here {discriminator} is needed: it says what the rest means."),
    "timezone_aware": ("wrong_form", _INSTANT),
    "datetime_type": ("wrong_form", _INSTANT),
    "datetime_parsing": ("wrong_form", _INSTANT),
    "datetime_from_date_parsing": ("wrong_form", _INSTANT),
    "datetime_object_invalid": ("wrong_form", _INSTANT),
    "date_type": ("wrong_form", _DAY),
    "date_parsing": ("wrong_form", _DAY),
    "date_from_datetime_parsing": ("wrong_form", _DAY),
    "date_from_datetime_inexact": ("wrong_form", _DAY),
    "url_type": ("wrong_type", _ADDRESS),
    "url_parsing": ("wrong_form", _ADDRESS),
    "url_syntax_violation": ("wrong_form", _ADDRESS),
    "url_scheme": ("wrong_form", "This must be a web address that begins with {expected_schemes}."),
    "url_too_long": ("too_long", "This must have {max_length} characters or fewer."),
    "value_error": ("not_allowed", "{error}"),
}
_NOT_VALID = ("not_valid", "This is not valid.")


def describe_errors(found: Iterable[Mapping[str, Any]], body: Any) -> list[dict[str, Any]]:
    """The errors of a request as a problem shows them, one for each place."""
    by_place: dict[tuple[str | int, ...], list[tuple[str, str]]] = {}
    for each in found:
        place = tuple(_where(each["loc"], body, is_missing=each["type"] == "missing"))
        by_place.setdefault(place, []).append(_describe(each))
    errors = [_error(place, *_merge(said)) for place, said in by_place.items()]
    return errors[:MAX_ERRORS_SHOWN]


def describe_field_errors(errors: Iterable[FieldError]) -> list[dict[str, Any]]:
    """What the rules of a feature find wrong, in the same form."""
    described = [
        _error(["body", *map(_part, filter(None, each.path.split(".")))], each.code, each.message)
        for each in errors
    ]
    return described[:MAX_ERRORS_SHOWN]


def _part(name: str) -> str | int:
    return int(name) if name.isdecimal() else name


def find_wrong_parameters(
    given: Iterable[tuple[str, str]], known: Iterable[str], lists: Iterable[str]
) -> list[dict[str, Any]]:
    """Query parameters that the operation does not know, or that are there twice and are no list."""
    names = [name for name, _ in given]
    known, lists = set(known), set(lists)
    said = "There is no such query parameter."
    if known:
        said += f" Known here: {', '.join(sorted(known))}."
    unknown = {name: ("unknown", said) for name in names if name not in known}
    twice = {
        name: ("given_twice", "This must be given once.") for name in known - lists if names.count(name) > 1
    }
    return [_error(("query", name), *why) for name, why in (unknown | twice).items()][:MAX_ERRORS_SHOWN]


def _error(place: Sequence[str | int], kind: str, message: str) -> dict[str, Any]:
    where = [each if isinstance(each, int) or _PLAIN.fullmatch(each) else "?" for each in place]
    return {"where": where, "type": kind, "message": message}


def _describe(error: Mapping[str, Any]) -> tuple[str, str]:
    kind, message = _MESSAGES.get(error["type"], _NOT_VALID)
    if error["type"] == "string_too_short" and error["ctx"]["min_length"] == 1:
        message = "This must not be empty."
    return kind, message.format(**error.get("ctx") or {})


def _merge(said: list[tuple[str, str]]) -> tuple[str, str]:
    """What several branches of a union say of one value: the branch that its type fits, if there is one."""
    fitting = [each for each in said if each[0] != "wrong_type"]
    if fitting:
        return fitting[0]
    return "wrong_type", " Or: ".join(dict.fromkeys(message for _, message in said))


def _where(loc: Sequence[str | int], body: Any, *, is_missing: bool) -> Iterable[str | int]:
    """The place as the caller knows it: without the branches of unions, which Pydantic puts between."""
    yield loc[0]
    if loc[0] != "body":
        yield from loc[1:2]
        return
    here = body
    for number, part in enumerate(loc[1:], start=1):
        if _has(here, part):
            yield part
            here = here[part]
        elif is_missing and number == len(loc) - 1:
            yield part


def _has(value: Any, part: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value
