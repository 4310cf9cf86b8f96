"""What Meta says of the usage, in the headers of all answers, kept until the next send heeds it.

A page's and an app's newest word is kept, in this process alone: the next answer says it again.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from domain.sending.rate_limit import NEARLY_USED_UP, restraint
from messenger.graph.call import Access
from messenger.graph.usage import Usage, app_usage, page_usage
from store.sending import rate_limit as pace


@dataclass(frozen=True, slots=True)
class _Told:
    usage: Usage
    at: float


class UsageTracker:
    """Noted on the event loop, heeded in the threads of the store."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of_pages: dict[str, _Told] = {}
        self._of_apps: dict[str, _Told] = {}

    def note(self, access: Access, headers: Mapping[str, str]) -> None:
        """Look at the headers of one answer. What is far from any limit is not worth a note."""
        if access.page_id is not None:
            self._keep(self._of_pages, access.page_id, page_usage(headers))
        self._keep(self._of_apps, access.app_id, app_usage(headers))

    @property
    def pending(self) -> bool:
        """Whether there is anything to heed."""
        return bool(self._of_pages or self._of_apps)

    def heed(self, session: Session, page_id: str, now: datetime) -> None:
        """Slow or pause the page if an answer asked for it since the last time. Its send state is locked."""
        if (told := self._take(self._of_pages, page_id)) is not None:
            _restrain(session, [page_id], told, now)

    def heed_of_app(self, session: Session, app_id: str, now: datetime) -> None:
        """As `heed`, for all pages of an app. No event is written before all their send states are locked."""
        if (told := self._take(self._of_apps, app_id)) is not None:
            _restrain(session, pace.lock_pages_of_app(session, app_id), told, now)

    def _take(self, notes: dict[str, _Told], key: str) -> _Told | None:
        with self._lock:
            return notes.pop(key, None)

    def _keep(self, notes: dict[str, _Told], key: str, usage: Usage | None) -> None:
        if usage is not None and (usage.percent >= NEARLY_USED_UP or usage.regain):
            with self._lock:
                notes[key] = _Told(usage, time.monotonic())


def _restrain(session: Session, page_ids: list[str], told: _Told, now: datetime) -> None:
    at = now - timedelta(seconds=time.monotonic() - told.at)
    wanted = restraint(told.usage.percent, told.usage.regain, at)
    if wanted is not None:
        for page_id in page_ids:
            pace.restrain(session, page_id, wanted, now, percent=told.usage.percent)
