"""Which app controls a thread, as far as is known: a fold over what Meta tells of it.

Source: docs/reference/messenger-pages-and-threads.md. An app hears of threads that others control on standby
only. A thread that is idle may be answered by every app; that it became idle is told by nobody, so what is
known lapses 24 hours after the last sign of it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

LAPSES_AFTER = timedelta(hours=24)
PAGE_INBOX_APP_ID = "263902037430900"
PAGE_INBOX_APP_IDS = frozenset({PAGE_INBOX_APP_ID, "26390203743090"})
"""Meta prints two; the first is seen on the wire."""


class OwnerKind(StrEnum):
    """Who controls a thread. UNKNOWN: nobody, or nobody has told."""

    US = "us"
    PAGE_INBOX = "page_inbox"
    ANOTHER_APP = "another_app"
    UNKNOWN = "unknown"


OTHERS = frozenset({OwnerKind.PAGE_INBOX, OwnerKind.ANOTHER_APP})


@dataclass(frozen=True, slots=True)
class ThreadOwner:
    """Who controls a thread, and the instant of the last sign of it. `app_id` is not always told."""

    kind: OwnerKind = OwnerKind.UNKNOWN
    app_id: str | None = None
    known_at: datetime | None = None

    @property
    def is_other(self) -> bool:
        """Whether we may not answer."""
        return self.kind in OTHERS

    def as_of(self, now: datetime) -> "ThreadOwner":
        """What is still known at an instant."""
        lapsed = self.known_at is None or self.known_at + LAPSES_AFTER <= now
        return NOBODY_KNOWN if lapsed else self

    def handed_to(self, app_id: str | None, own_app_id: str, at: datetime) -> "ThreadOwner":
        """Control went to an app, or to nobody (None)."""
        return self._unless_older(ThreadOwner(kind_of(app_id, own_app_id), app_id, at))

    def heard_on_standby(self, at: datetime) -> "ThreadOwner":
        """Another app controls it, without being named."""
        told = self.is_other
        return self._unless_older(
            ThreadOwner(self.kind if told else OwnerKind.ANOTHER_APP, self.app_id if told else None, at)
        )

    def heard_as_ours(self, at: datetime) -> "ThreadOwner":
        """The customer's words came to us: it is ours or idle."""
        return self._unless_older(
            replace(self, known_at=at) if self.kind is OwnerKind.US else ThreadOwner(known_at=at)
        )

    def _unless_older(self, newer: "ThreadOwner") -> "ThreadOwner":
        if self.known_at is not None and newer.known_at is not None and newer.known_at < self.known_at:
            return self
        return newer


NOBODY_KNOWN = ThreadOwner()


def kind_of(app_id: str | None, own_app_id: str) -> OwnerKind:
    """What an app is to us."""
    if app_id is None:
        return OwnerKind.UNKNOWN
    if app_id == own_app_id:
        return OwnerKind.US
    return OwnerKind.PAGE_INBOX if app_id in PAGE_INBOX_APP_IDS else OwnerKind.ANOTHER_APP
