"""A waiting event is read back as it was, also from a row that an older release wrote."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.conversations.state import ThreadEvent, ThreadEventKind
from domain.sending.window import Opening, OpeningKind
from domain.workstreams.conversation_settings import AutomatedTrigger
from store.conversations.thread_events import event_of, thread_event_row
from store.tables import ThreadEvent as ThreadEventRow

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
OPENING = Opening(OpeningKind.MESSAGE, NOON, NOON + timedelta(hours=24), NOON + timedelta(days=7))


@pytest.mark.parametrize(
    ("event", "route"),
    [
        (ThreadEvent(1, ThreadEventKind.MESSAGE, NOON, OPENING, "message-one"), "work"),
        (
            ThreadEvent(
                2,
                ThreadEventKind.POSTBACK,
                NOON + timedelta(microseconds=1),
                message_id="message-two",
                refused_files=AutomatedTrigger.UNSUPPORTED_MESSAGE,
            ),
            "work",
        ),
        (ThreadEvent(3, ThreadEventKind.SURVEY_ANSWER, NOON, survey_id="survey-one"), "join"),
        (ThreadEvent(4, ThreadEventKind.OUTSIDE_MESSAGE, NOON, by_program=True), "join"),
    ],
)
def test_an_event_is_read_back_as_it_was(event: ThreadEvent, route: str) -> None:
    row = thread_event_row("customer-one", 7, event)
    assert (row["customer_id"], row["inbox_id"], row["route"]) == ("customer-one", 7, route)
    assert "seq" not in row["facts"]
    assert event_of(ThreadEventRow(**row)) == event


def test_a_row_of_an_older_release_is_read() -> None:
    facts = {
        "at": "2026-11-20T12:00:00+00:00",
        "opening": {
            "kind": "message",
            "at": "2026-11-20T12:00:00+00:00",
            "standard_until": "2026-11-21T12:00:00+00:00",
            "human_agent_until": "2026-11-27T12:00:00+00:00",
        },
        "message_id": "message-one",
    }
    row = ThreadEventRow(customer_id="c", seq=1, inbox_id=1, kind="message", route="work", facts=facts)
    assert event_of(row) == ThreadEvent(1, ThreadEventKind.MESSAGE, NOON, OPENING, "message-one")
