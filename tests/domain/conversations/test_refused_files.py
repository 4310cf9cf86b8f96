"""What the customer is told about files that were not taken: once, in the conversation they belong to."""

import itertools
from datetime import UTC, datetime, timedelta

from domain.conversations.changes import Change
from domain.conversations.conversation import apply_event
from domain.conversations.state import ThreadEvent, ThreadEventKind, ThreadState
from domain.sending.window import OpeningKind, opening
from domain.workstreams.conversation_settings import AutomatedTrigger, ConversationSettings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOLD = AutomatedTrigger.UNSUPPORTED_MESSAGE
_ids = itertools.count()


def new_id() -> str:
    return f"id-{next(_ids)}"


def written(*, refused: AutomatedTrigger | None = None, on: tuple[AutomatedTrigger, ...] = (TOLD,)) -> Change:
    opened = opening(OpeningKind.MESSAGE, occurred_at=NOW, received_at=NOW)
    event = ThreadEvent(1, ThreadEventKind.MESSAGE, NOW, opened, "message-1", refused_files=refused)
    state = ThreadState(settings=ConversationSettings(automated_messages=on))
    return apply_event(state, event, NOW, new_id)


def refused(state: ThreadState, seq: int = 2, now: datetime = NOW) -> Change:
    """Files of the message turn out to be none that are taken."""
    kind = ThreadEventKind.FILES_REFUSED
    event = ThreadEvent(seq, kind, now, message_id="message-1", refused_files=TOLD)
    return apply_event(state, event, now, new_id)


def test_a_message_whose_files_are_refused_at_once_is_answered() -> None:
    assert [send.trigger for send in written(refused=TOLD).created_sends] == [TOLD]
    assert written().created_sends == ()


def test_nothing_is_said_where_it_is_switched_off() -> None:
    assert written(refused=TOLD, on=()).created_sends == ()
    assert refused(written(on=()).state).created_sends == ()


def test_a_later_refusal_is_told_once_however_often_it_is_heard() -> None:
    told = refused(written().state)
    assert [send.trigger for send in told.created_sends] == [TOLD]
    assert refused(told.state) == Change(told.state)


def test_a_refusal_is_no_word_of_the_customers() -> None:
    began = written().state
    told = refused(began, now=NOW + timedelta(minutes=5)).state
    assert told.conversation == began.conversation
    assert told.window == began.window


def test_without_a_conversation_nobody_is_told_and_none_opens() -> None:
    change = refused(ThreadState(), seq=1)
    assert (change.created_sends, change.facts, change.state.conversation) == ((), (), None)
    assert change.state.applied_seq == 1
    assert not ThreadEventKind.FILES_REFUSED.opens_work


def test_outside_the_window_it_is_recorded_and_not_sent() -> None:
    late = refused(written().state, now=NOW + timedelta(hours=25))
    assert late.created_sends == ()
    assert "message.not_allowed" in [fact.kind for fact in late.facts]
