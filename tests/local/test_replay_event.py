"""`pagedesk replay-event`: the same as the endpoint, where there is a shell and no admin's key."""

from pathlib import Path

import pytest
from sqlmodel import select

from base.settings import Settings
from base.settings_reading import SettingsError
from local.replay_event import request_event_replay
from store.db.database import Database
from store.db.migrate import migrate
from store.inbox.unrouted import requested_replays
from store.tables import Event, UnroutedEvent
from support.api import NOW


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data_dir=tmp_path / "data")
    made.data_dir.mkdir()
    return made


def test_it_marks_the_event_for_the_relay_and_records_that(settings: Settings) -> None:
    migrate(settings)
    event = UnroutedEvent(
        inbox_id=7,
        disposition="quarantined",
        reason="unknown page",
        kind="message",
        account_id="account",
        page_id="999",
        at=NOW,
    )
    store = Database(settings.store_url)
    try:
        store.write_now(lambda session: session.add(event))

        assert request_event_replay(settings, 7)
        assert not request_event_replay(settings, 8)

        assert store.read_now(requested_replays) == [7]
        (recorded,) = store.read_now(lambda session: list(session.exec(select(Event))))
    finally:
        store.close()
    assert (recorded.kind, recorded.actor_kind, recorded.actor_id) == (
        "webhook.replay_requested",
        "system",
        None,
    )
    assert recorded.data == {"inbox_id": "7", "cause": "pagedesk replay-event"}


def test_without_a_database_it_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="pagedesk migrate"):
        request_event_replay(settings, 7)
