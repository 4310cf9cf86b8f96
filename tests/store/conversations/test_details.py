"""What lists show beside a conversation's row is counted among its newest messages, on both databases."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from store.conversations import listing
from store.conversations.details import (
    LOOKED_AT,
    DetailedConversation,
    unread_of_readers,
    with_details,
)
from store.tables import ReadPosition
from support.discarding import CUSTOMER
from support.steps import START
from support.store import add_conversation, add_message

pytestmark = pytest.mark.any_store

_OF_CUSTOMER = {"direction": "inbound", "sender_kind": "customer", "status": None}


def _say(session: Session, conversation_id: str, number: int, at: datetime, **values: Any) -> None:
    add_message(
        session,
        f"{conversation_id}-{number:03}",
        CUSTOMER,
        at,
        conversation_id=conversation_id,
        thread_seq=number,
        **values,
    )


def _details(session: Session, conversation_id: str) -> DetailedConversation:
    record = listing.find(session, conversation_id)
    assert record is not None
    (found,) = with_details(session, [record], "mia")
    return found


def test_of_one_instant_the_newest_by_arrival_are_looked_at(stores: list[Engine]) -> None:
    with Session(stores[0]) as session:
        add_conversation(session, "many", CUSTOMER, START, status="open", reason="message")
        session.flush()
        for number in range(1, LOOKED_AT + 4):
            status = {"status": "failed"} if number <= 5 else {}
            _say(session, "many", number, START, **_OF_CUSTOMER | status)
        found = _details(session, "many")
        assert (found.unread, found.failed) == (LOOKED_AT, 2)
        assert found.last_message is not None
        assert found.last_message.id == f"many-{LOOKED_AT + 3:03}"
        session.add(ReadPosition(agent_id="mia", customer_id=CUSTOMER, thread_seq=LOOKED_AT))
        session.flush()
        assert _details(session, "many").unread == 3
        assert unread_of_readers(session, ["many"], ["mia", "tom"]) == {("many", "mia"): 3}
        session.rollback()


def test_what_is_held_and_of_unknown_outcome_is_counted(stores: list[Engine]) -> None:
    with Session(stores[0]) as session:
        add_conversation(session, "owed", CUSTOMER, START, status="open", reason="message")
        session.flush()
        _say(session, "owed", 1, START, **_OF_CUSTOMER)
        _say(session, "owed", 2, START, direction="outbound", sender_kind="agent", status="held")
        _say(session, "owed", 3, START, direction="outbound", sender_kind="automatic", status="unknown")
        found = _details(session, "owed")
        assert (found.held, found.failed, found.unknown) == (1, 0, 1)
        session.rollback()


def test_a_conversation_without_messages_owes_nothing(stores: list[Engine]) -> None:
    with Session(stores[0]) as session:
        add_conversation(session, "empty", CUSTOMER, START, status="open", reason="message")
        session.flush()
        found = _details(session, "empty")
        assert (found.unread, found.owed_since, found.last_message) == (0, None, None)
        session.rollback()


def test_the_last_line_is_what_somebody_said_or_else_what_pagedesk_says_by_itself(
    stores: list[Engine],
) -> None:
    with Session(stores[0]) as session:
        add_conversation(session, "greeted", CUSTOMER, START, status="open", reason="message")
        session.flush()
        seconds = [START + timedelta(seconds=second) for second in range(5)]
        said: list[str | None] = []
        for number, (direction, sender) in enumerate(
            [
                ("outbound", "automatic"),
                ("inbound", "customer"),
                ("outbound", "automatic"),
                ("outbound", "survey"),
                ("internal", "agent"),
            ]
        ):
            _say(session, "greeted", number + 1, seconds[number], direction=direction, sender_kind=sender)
            last = _details(session, "greeted").last_message
            said.append(last.id if last is not None else None)
        assert said == ["greeted-001", *["greeted-002"] * 4]
        session.rollback()
