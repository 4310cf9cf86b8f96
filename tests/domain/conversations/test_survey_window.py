"""A tapped survey button opens the window like any quick reply, for those who wait for it too."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from domain.conversations.conversation import apply_event
from domain.conversations.state import HeldMessage, ThreadEvent, ThreadEventKind, ThreadState
from domain.sending.window import Opening, OpeningKind, opening

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_numbers = count(1)


def new_id() -> str:
    return f"id{next(_numbers)}"


def opened(kind: OpeningKind, at: datetime) -> Opening:
    return opening(kind, occurred_at=at, received_at=at)


def test_a_tap_offers_what_was_held_for_the_next_window() -> None:
    message = ThreadEvent(1, ThreadEventKind.MESSAGE, NOW, opened(OpeningKind.MESSAGE, NOW), "m1")
    state = apply_event(ThreadState(), message, NOW, new_id).state
    assert state.conversation is not None
    later = NOW + timedelta(hours=25)
    held = HeldMessage("m2", state.conversation.id, "mia", later, later + timedelta(days=7))
    waiting = replace(state, held=(held,))

    tap = ThreadEvent(2, ThreadEventKind.SURVEY_ANSWER, later, opened(OpeningKind.QUICK_REPLY, later), "m3")
    change = apply_event(waiting, tap, later, new_id)

    assert [each.offered for each in change.state.held] == [True]
    assert "message.held_offered" in [fact.kind for fact in change.facts]
    assert change.state.conversation is not None
    assert change.state.conversation.id == state.conversation.id
