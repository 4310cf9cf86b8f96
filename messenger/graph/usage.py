"""How much of Meta's limits a Page or an app has used, as the headers of its answers say.

Source: docs/reference/messenger-limits.md. The headers are advice: they may be absent, and one of another
form is ignored.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

_PAGE_HEADER = "x-business-use-case-usage"
_FORMER_PAGE_HEADER = "x-page-usage"
_APP_HEADER = "x-app-usage"
_SHARES = ("call_count", "total_cputime", "total_time")
_FOR_MESSAGES = "messenger"
_MAX_VALUE = 1_000_000
_MAX_REGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of what Meta allows is used, in per cent; `regain`: how long until calls are allowed again."""

    percent: int
    regain: timedelta = timedelta(0)


def page_usage(headers: Mapping[str, str]) -> Usage | None:
    """What an answer says of the messages of the Page whose token made the call.

    Meta keys the entries by page in practice and by business in its reference, so the key tells nothing.
    """
    entries = [each for each in _entries(headers) if each.get("type", _FOR_MESSAGES) == _FOR_MESSAGES]
    former = _json(headers.get(_FORMER_PAGE_HEADER))
    if isinstance(former, dict):
        entries.append(former)
    return _worst(entries)


def app_usage(headers: Mapping[str, str]) -> Usage | None:
    """What an answer says of the app."""
    header = _json(headers.get(_APP_HEADER))
    return _worst([header]) if isinstance(header, dict) else None


def regain_time(headers: Mapping[str, str]) -> timedelta:
    """How long until calls of any kind are allowed again."""
    return max((_regain(each) for each in _entries(headers)), default=timedelta(0))


def _entries(headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    header = _json(headers.get(_PAGE_HEADER))
    for listed in header.values() if isinstance(header, dict) else ():
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
    return round(min(max(0, value), _MAX_VALUE))


def _json(value: str | None) -> Any:
    try:
        return json.loads(value or "null")
    except (ValueError, RecursionError):
        return None
