"""How near a page or an app is to Meta's limits, as the headers of its answers say.

Source: docs/reference/messenger-limits.md. The headers are advice: they may be absent, and one of another
form advises nothing.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

_OF_PAGE = "x-business-use-case-usage"
_OF_PAGE_FORMERLY = "x-page-usage"
_OF_APP = "x-app-usage"
_SHARES = ("call_count", "total_cputime", "total_time")
_FOR_MESSAGES = "messenger"
_LARGEST = 1_000_000
_MAX_REGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of what Meta allows is used, in per cent; `regain`: how long until calls are allowed again."""

    percent: int
    regain: timedelta = timedelta(0)


def usage_of_page(headers: Mapping[str, str]) -> Usage | None:
    """What an answer says of the messages of the page whose token made the call.

    Meta keys the entries by page in practice and by business in its reference, so the key tells nothing.
    """
    entries = [each for each in _entries(headers) if each.get("type", _FOR_MESSAGES) == _FOR_MESSAGES]
    formerly = _json(headers.get(_OF_PAGE_FORMERLY))
    if isinstance(formerly, dict):
        entries.append(formerly)
    return _worst(entries)


def usage_of_app(headers: Mapping[str, str]) -> Usage | None:
    """What an answer says of the app."""
    told = _json(headers.get(_OF_APP))
    return _worst([told]) if isinstance(told, dict) else None


def regain_of(headers: Mapping[str, str]) -> timedelta:
    """How long until calls of any kind are allowed again."""
    return max((_regain(each) for each in _entries(headers)), default=timedelta(0))


def _entries(headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    told = _json(headers.get(_OF_PAGE))
    for listed in told.values() if isinstance(told, dict) else ():
        yield from (each for each in listed if isinstance(each, dict)) if isinstance(listed, list) else ()


def _worst(entries: list[Mapping[str, Any]]) -> Usage | None:
    if not entries:
        return None
    shares = [_number(each.get(name)) for each in entries for name in _SHARES]
    return Usage(max(shares), max(_regain(each) for each in entries))


def _regain(entry: Mapping[str, Any]) -> timedelta:
    """Meta tells minutes. More than a day is no advice that can be followed."""
    return min(_MAX_REGAIN, timedelta(minutes=_number(entry.get("estimated_time_to_regain_access"))))


def _number(value: Any) -> int:
    if not isinstance(value, int | float) or (isinstance(value, float) and not math.isfinite(value)):
        return 0
    return round(min(max(0, value), _LARGEST))


def _json(value: str | None) -> Any:
    try:
        return json.loads(value or "null")
    except (ValueError, RecursionError):
        return None
