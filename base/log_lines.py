"""How a person reads the log: one line an event, the time of this machine, what happened, and its facts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

_WIDTH_OF_NAME = 8
_TOLD_OTHERWISE = frozenset({"timestamp", "level", "room", "event", "exception"})
_LOUD = frozenset({"warning", "error", "critical"})
_REQUESTS = frozenset({"request", "webhook"})
_REQUEST_FACTS = frozenset({"method", "path", "status", "ms"})


def readable(entry: Mapping[str, Any], process: str | None = None) -> str:
    """A log entry as one line. `process` is shown in the room's place.

    An error's traceback follows it, indented; of a warning's only what was raised is shown.
    """
    name = process or str(entry.get("room", ""))
    level = str(entry.get("level", ""))
    head = f"{_time_of(entry)} {printable(name):{_WIDTH_OF_NAME}} "
    if level in _LOUD:
        head += f"{level}: "
    line = head + " ".join((_said(entry), *_facts(entry))).rstrip()
    trace = [printable(each) for each in str(entry.get("exception", "")).splitlines()]
    if level == "warning":
        return f"{line} ({trace[-1].strip()})" if trace else line
    return "\n".join((line, *(f"    {each}" for each in trace)))


def printable(text: str) -> str:
    """The text without what would move the cursor or colour the terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _time_of(entry: Mapping[str, Any]) -> str:
    try:
        return f"{datetime.fromisoformat(str(entry['timestamp'])).astimezone():%H:%M:%S}"
    except (KeyError, ValueError):
        return "        "


def _said(entry: Mapping[str, Any]) -> str:
    event = " ".join(str(entry.get("event", "")).split())
    if event in _REQUESTS and entry.keys() >= _REQUEST_FACTS:
        method, path = printable(str(entry["method"])), printable(str(entry["path"]))
        return f"{method} {path} → {entry['status']}, {entry['ms']} ms"
    return printable(event.replace("_", " ") if " " not in event else event)


def _facts(entry: Mapping[str, Any]) -> list[str]:
    told = _TOLD_OTHERWISE | (_REQUEST_FACTS if entry.get("event") in _REQUESTS else frozenset())
    return [
        f"{name}={printable(str(value))}"
        for name, value in entry.items()
        if name not in told and value is not None
    ]
