"""What the customer is told about files that were not taken: once, in the conversation they belong to."""

import itertools
from datetime import UTC, datetime, timedelta

from domain.conversations.changes import Change
from domain.conversations.conversation import apply_event, files_refused
from domain.conversations.state import FilesRefused, ThreadEvent, ThreadEventKind, ThreadState
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


def refusal(change: Change, conversation_id: str | None = None) -> FilesRefused:
    assert change.state.conversation is not None
    return FilesRefused(conversation_id or change.state.conversation.id, "message-1", "saying", TOLD)


def test_a_message_whose_files_are_refused_at_once_is_answered() -> None:
    assert [send.trigger for send in written(refused=TOLD).created_sends] == [TOLD]
    assert written().created_sends == ()


def test_nothing_is_said_where_it_is_switched_off() -> None:
    assert written(refused=TOLD, on=()).created_sends == ()
    began = written(on=())
    assert files_refused(began.state, refusal(began), NOW, new_id).created_sends == ()


def test_a_later_refusal_is_told_once_however_often_it_is_heard() -> None:
    began = written()
    told = files_refused(began.state, refusal(began), NOW, new_id)
    assert [(send.message_id, send.trigger) for send in told.created_sends] == [("saying", TOLD)]
    assert files_refused(told.state, refusal(began), NOW, new_id) == Change(told.state)


def test_a_refusal_for_a_conversation_that_is_over_is_told_nobody() -> None:
    began = written()
    assert files_refused(began.state, refusal(began, "another"), NOW, new_id) == Change(began.state)
    assert files_refused(ThreadState(), refusal(began), NOW, new_id) == Change(ThreadState())


def test_outside_the_window_it_is_recorded_and_not_sent() -> None:
    began = written()
    late = files_refused(began.state, refusal(began), NOW + timedelta(hours=25), new_id)
    assert late.created_sends == ()
    assert [fact.kind for fact in late.facts] == ["message.not_allowed"]
