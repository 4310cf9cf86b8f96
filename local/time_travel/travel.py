"""`pagedesk travel 25h`: asks a running Pagedesk to let that much time pass, and tells what happened."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx

from base.settings import Settings

LONGEST = timedelta(days=366)
SHOWN_EVENTS = 30
# The other side gives up by itself before.
TIMEOUT_SECONDS = 660.0
_LENGTH = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", re.ASCII)
_START = "`pagedesk demo --time-travel`"


class TravelError(Exception):
    """Why the journey cannot be made, for the person who wants to make it."""


def length_of(text: str) -> timedelta:
    """`25h`, `7d`, `90m`, `1d2h`, `30s`: at least a second, at most 366 days. Raises TravelError."""
    if text.startswith("-"):
        raise TravelError(f"Time goes forwards only. To be earlier, start {_START} anew.")
    found = _LENGTH.fullmatch(text)
    if found is None or not text:
        raise TravelError(f"{text!r} is no length of time. Write it like 25h, 7d, 90m, 1d2h or 30s.")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < length <= LONGEST:
        raise TravelError(f"{text} is too {'far' if length else 'short'}: choose 1s to {LONGEST.days}d.")
    return length


def travel(length: timedelta, settings: Settings) -> str:
    """Make the journey; what a person reads about it. Raises TravelError."""
    url, wanted = f"{settings.travel_url}/travel", {"seconds": length.total_seconds()}
    try:
        answer = httpx.post(url, json=wanted, timeout=TIMEOUT_SECONDS, trust_env=False)
        body = answer.json()
    except httpx.ConnectError:
        raise TravelError(_nothing_there(settings)) from None
    except httpx.HTTPError as error:
        raise TravelError(f"The journey broke off ({error!r}). Look where Pagedesk runs.") from error
    except ValueError:
        body = {}
    if answer.is_success and "from" in body:
        return _told(body)
    if "error" in body:
        raise TravelError(body["error"])
    raise TravelError(f"What listens on port {settings.travel_port} is no Pagedesk with time travel.")


def _nothing_there(settings: Settings) -> str:
    other = "if its PAGEDESK_TRAVEL_PORT is another, name it with --port."
    if _api_answers(settings):
        return f"The Pagedesk on {settings.local_url} was not started with {_START}; {other}"
    return f"No Pagedesk with time travel answers on port {settings.travel_port}. Start {_START}; {other}"


def _api_answers(settings: Settings) -> bool:
    try:
        return httpx.get(f"{settings.local_url}/healthz", timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _told(journey: dict[str, Any]) -> str:
    start, end = (_shown(journey[name]) for name in ("from", "to"))
    events: Sequence[dict[str, str]] = journey["events"]
    lines = [f"{start}  →  {end} UTC, in {journey['real_seconds']:g} s"]
    lines += [f"  {_shown(event['at'])}  {event['kind']}" for event in events[:SHOWN_EVENTS]]
    if len(events) > SHOWN_EVENTS:
        lines.append(f"  … and {len(events) - SHOWN_EVENTS} more events")
    if not events:
        lines.append("  Nothing happened on the way.")
    return "\n".join([*lines, *_lapsed_told(journey["lapsed_offers"])])


def _lapsed_told(lapsed: Sequence[dict[str, str]]) -> list[str]:
    """The offers that nobody answered in time, whatever else happened; no line where there were none."""
    if not lapsed:
        return []
    lines = [
        f"  {_shown(offer['at'])}  {offer['agent']} did not answer: conversation {offer['conversation_id']}"
        for offer in lapsed[:SHOWN_EVENTS]
    ]
    if len(lapsed) > SHOWN_EVENTS:
        lines.append(f"  … and {len(lapsed) - SHOWN_EVENTS} more")
    return ["Offers that lapsed:", *lines]


def _shown(instant: str) -> str:
    return f"{datetime.fromisoformat(instant):%Y-%m-%d %H:%M:%S}"
