"""Why a webhook event is set aside, for the log and for its row."""

from base.log import get_logger
from base.tracebacks import place_of, without_values
from store.tables import InboxEvent

_log = get_logger("ingest")


def log_quarantine(event: InboxEvent, error: Exception) -> str:
    """Log that routing an event failed. Returns the reason that its row shows: no value of the event."""
    _log.error(
        "event_quarantined",
        inbox_id=event.id,
        kind=event.kind,
        error=without_values(error),
        at=place_of(error),
    )
    return f"{type(error).__name__} in routing"
