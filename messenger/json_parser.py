"""Read Meta's JSON: one parser for every delivery and event, and its loosely typed ids, numbers and times.

The standard library's parser is used on purpose: it keeps integers whole (ids have 64 bits and more), accepts
lone surrogates, and lets the last of two equal keys win. What would come out of it as something that is not
JSON (NaN, numbers beyond all bounds) is kept as the text of the number; bytes that are not UTF-8 become lone
surrogates, so they survive being stored in ASCII.
"""

import json
import math
from hashlib import sha256
from typing import Any

SECONDS_BELOW = 10**11
"""Timestamps below are seconds: lead ads and the dashboard send those."""
MAX_MS = 253_402_300_799_999
"""The last millisecond of year 9999; `datetime` knows no later one."""
MAX_ID_LENGTH = 64


def _finite_or_text(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _integer_or_text(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:  # beyond the interpreter's limit on digits
        return text


_PARSER = json.JSONDecoder(strict=False, parse_float=_finite_or_text, parse_constant=str)
_LONG_INTEGER_PARSER = json.JSONDecoder(
    strict=False, parse_float=_finite_or_text, parse_constant=str, parse_int=_integer_or_text
)
_COMPACT = json.JSONEncoder(separators=(",", ":"), check_circular=False)
_CANONICAL = json.JSONEncoder(separators=(",", ":"), check_circular=False, sort_keys=True)


def decode(text: bytes) -> Any:
    """Parse JSON.

    ValueError: not JSON, or an integer of thousands of digits. RecursionError: nested too deeply.
    """
    return _PARSER.decode(_characters(text))


def decode_with_long_integers(text: bytes) -> Any:
    """As `decode`, but an integer of thousands of digits becomes their text. Slower."""
    return _LONG_INTEGER_PARSER.decode(_characters(text))


def _characters(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def compact(value: Any) -> bytes:
    """JSON without spaces, in ASCII."""
    return _COMPACT.encode(value).encode()


def fingerprint(value: Any) -> str:
    """SHA-256, in hex, of the canonical JSON: keys sorted, no spaces, ASCII."""
    return sha256(_CANONICAL.encode(value).encode()).hexdigest()


def identifier(value: Any) -> str | None:
    """An id as text, sent as string or number. One that no id can look like becomes `invalid:<hash>`."""
    if type(value) is int:
        value = str(value)
    if type(value) is not str or not value:
        return None
    if len(value) <= MAX_ID_LENGTH and value.isascii() and value.isprintable():
        return value
    return "invalid:" + fingerprint(value)[:40]


def integer(value: Any) -> int | None:
    """An integer sent as number or as digits; None for anything else."""
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is str and len(value) <= MAX_ID_LENGTH and value.isascii() and value.isdigit():
        return int(value)
    return None


def milliseconds(timestamp: Any) -> int | None:
    """A timestamp in milliseconds since 1970, sent in milliseconds or seconds, as number or digits.

    None if it is no time: absent, zero, negative, or after the year 9999.
    """
    value = integer(timestamp)
    if value is None or value <= 0:
        return None
    if value < SECONDS_BELOW:
        value *= 1000
    return value if value <= MAX_MS else None
