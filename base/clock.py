"""The one home of process time.

Workflows take their time from the engine (`workflow.now()`), send activities from the activity's start;
everything else asks here.
"""

from datetime import UTC, datetime


def now() -> datetime:
    """The current instant, timezone-aware in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the one place that may


def from_milliseconds(value: int) -> datetime:
    """An instant from Meta's wire form: milliseconds since the epoch."""
    seconds, millis = divmod(value, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=millis * 1000)


def from_iso(value: str) -> datetime:
    """An instant from its ISO 8601 form."""
    return datetime.fromisoformat(value)
