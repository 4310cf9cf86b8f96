"""`pagedesk replay-event`: have a webhook event routed again that went to no thread."""

from sqlmodel import Session

from base import clock
from base.settings import Settings
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from local.start_checks import require_schema
from store.db.database import Database
from store.events.events import append_events, event_row
from store.inbox.unrouted import request_replay


def request_event_replay(settings: Settings, inbox_id: int) -> bool:
    """Ask the relay for it, and record that; False where no such event is unrouted. Raises SettingsError."""
    require_schema(settings)

    def work(session: Session) -> bool:
        if not request_replay(session, inbox_id):
            return False
        fact = Fact(
            FactKind.WEBHOOK_REPLAY_REQUESTED,
            clock.now(),
            ActorKind.SYSTEM,
            data={"inbox_id": str(inbox_id), "cause": "pagedesk replay-event"},
        )
        append_events(session, [event_row(fact, None, None, None)])
        return True

    store = Database(settings.store_url)
    try:
        return store.write_now(work)
    finally:
        store.close()
