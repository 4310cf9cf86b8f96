"""What a deadline is, and what those of a status, the window, the rules and the routing share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from domain.conversations.changes import Draft
from domain.conversations.lifecycle import Status
from domain.conversations.state import ThreadState

Act = Callable[[Draft], None]
"""Acts on a deadline."""
WORKABLE = (Status.OPEN, Status.ACTIVE, Status.WAITING)
"""The states in which somebody may still answer the customer."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """What is to happen `at` an instant. `kind` is stable.

    `once_for`, where acting leaves no other mark in the state: the closing or the silence that it stands for.
    It is acted on once for each, however settings move its instant.
    """

    at: datetime
    kind: str
    act: Act
    once_for: datetime | None = None


def by_setting(state: ThreadState, at: datetime) -> datetime:
    """An instant that a setting decides: never one before that setting came to be."""
    return at if state.settings_since is None else max(at, state.settings_since)


def newest(one: datetime | None, *others: datetime | None) -> datetime:
    """The latest of those that are known."""
    return max(each for each in (one, *others) if each is not None)
