"""When queues open: what waited outside their hours is to be looked at then."""

from datetime import datetime

from domain.routing.operating_hours import ALWAYS_OPEN, OperatingHours
from store.routing.dispatch_settings import DispatchSettings


class Timetable:
    """The next opening or closing of each queue that has hours, as of one version of the settings."""

    def __init__(self, settings: DispatchSettings, now: datetime) -> None:
        self._hours = {
            queue.id: queue.hours for queue in settings.queues.values() if queue.hours != ALWAYS_OPEN
        }
        self._changes = _next_changes(self._hours, now)

    @property
    def is_empty(self) -> bool:
        """Whether nothing ever opens or closes."""
        return not self._changes

    def opened(self, now: datetime) -> list[str]:
        """The queues that have opened since this was asked last, or the table was made."""
        changed = {queue_id: self._hours[queue_id] for queue_id, at in self._changes.items() if at <= now}
        for queue_id in changed:
            del self._changes[queue_id]
        self._changes |= _next_changes(changed, now)
        return [queue_id for queue_id, hours in changed.items() if hours.is_open(now)]


def _next_changes(hours: dict[str, OperatingHours], now: datetime) -> dict[str, datetime]:
    found = {queue_id: each.next_change(now) for queue_id, each in hours.items()}
    return {queue_id: at for queue_id, at in found.items() if at is not None}
