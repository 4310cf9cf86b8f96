"""Messages on their way: one at a time per thread, in order, and none of unknown outcome sent again.

The Send API has no idempotency key and may deliver and still report an error. So an outcome is sent, not
sent, or unknown. What is unknown waits for its echo, is then looked up in the conversation at Meta, and is
parked if that tells nothing; it holds up what follows for at most a minute.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.conversations import surveys
from domain.conversations.automated_messages import say
from domain.conversations.changes import Change, Draft, NewId, SendOutcome
from domain.conversations.lifecycle import ActorKind
from domain.conversations.state import Conversation, QueuedSend, ThreadState
from domain.events.kinds import FactKind
from domain.sending.decide_send import REFUSED_BY_WINDOW
from domain.sending.delivery import MessageStatus
from domain.workstreams.conversation_settings import AutomatedTrigger

ECHO_GRACE = timedelta(seconds=30)
READ_BACK_INTERVAL = timedelta(seconds=10)
GATE_RECHECK_INTERVAL = timedelta(hours=6)
UNKNOWN_LIMIT = timedelta(seconds=60)
"""The send protocol of docs/reference/reliability.md: wait for the echo, read back, park after 60 s."""


class Step(StrEnum):
    """What is to be done for the message at the head of the outbox."""

    SEND = "send"
    READ_BACK = "read_back"


def next_step(state: ThreadState, now: datetime) -> Step | None:
    """What the head of the outbox needs now; None where there is nothing to do yet."""
    if not state.outbox:
        return None
    head = state.outbox[0]
    if head.not_before is not None and head.not_before > now:
        return None
    return Step.SEND if head.unknown_since is None else Step.READ_BACK


def send_settled(state: ThreadState, outcome: SendOutcome, now: datetime, new_id: NewId) -> Change:
    """Take in how a queued send ended, or that nobody knows."""
    send = _find(state, outcome.message_id)
    if send is None:
        return Change(state)
    if outcome.status is MessageStatus.UNKNOWN and not _is_given_up(send, now):
        return Change(_waiting(state, send, now))
    draft = Draft(state, now, new_id)
    _finish(draft, send, outcome)
    return draft.done()


def send_postponed(
    state: ThreadState, message_id: str, until: datetime, *, tried: bool = True
) -> ThreadState:
    """The state after an attempt that certainly sent nothing: the message waits at the head of the queue.

    `tried`: whether it counts as a try; waiting in line does not.
    """
    send = _find(state, message_id)
    if send is None:
        return state
    tries = send.tries + 1 if tried else send.tries
    later = replace(send, tries=tries, not_before=until, unknown_since=None, held_by_page=False)
    return _replaced(state, send, later)


def send_held_by_page(state: ThreadState, message_id: str, now: datetime) -> ThreadState:
    """The page may send nothing: the message waits until the conversation is told that it may.

    It looks again after a while by itself, should nobody tell.
    """
    send = _find(state, message_id)
    if send is None:
        return state
    held = replace(send, held_by_page=True, not_before=now + GATE_RECHECK_INTERVAL, unknown_since=None)
    return _replaced(state, send, held)


def gate_opened(state: ThreadState) -> ThreadState:
    """The page may send again: what it held is tried, and judged anew, at once."""
    return replace(
        state,
        outbox=tuple(
            replace(send, held_by_page=False, not_before=None) if send.held_by_page else send
            for send in state.outbox
        ),
    )


def waits_for_page(state: ThreadState, message_id: str | None) -> bool:
    """Whether a message waits until its page may send again; nothing of it is under way."""
    send = _find(state, message_id)
    return send is not None and send.held_by_page


def cancel_held_by_page(draft: Draft, message_id: str | None, agent_id: str) -> QueuedSend | None:
    """Give up a message that waits for its page; nothing of it is under way. None where it does not wait."""
    send = _find(draft.state, message_id)
    if send is None or not send.held_by_page:
        return None
    draft.state = _replaced(draft.state, send, None)
    draft.change_status(send.message_id, MessageStatus.CANCELLED)
    draft.note(
        FactKind.MESSAGE_CANCELLED,
        ActorKind.AGENT,
        actor_id=agent_id,
        conversation_id=send.conversation_id,
        message_id=send.message_id,
    )
    return send


def echoed(draft: Draft, message_id: str | None) -> None:
    """Meta shows a message of ours that we did not know to be sent."""
    send = _find(draft.state, message_id)
    if send is not None and send.unknown_since is not None:
        _finish(draft, send, SendOutcome(send.message_id, MessageStatus.SENT))


def forget(draft: Draft, message_id: str) -> None:
    """An agent says a message of unknown outcome again: it is not looked for any more."""
    send = _find(draft.state, message_id)
    if send is not None and send.unknown_since is not None:
        draft.state = _replaced(draft.state, send, None)


def _finish(draft: Draft, send: QueuedSend, outcome: SendOutcome) -> None:
    draft.state = _replaced(draft.state, send, None)
    surveys.after_sending(draft, send, outcome)
    if outcome.status is MessageStatus.UNKNOWN:
        # Nobody comes back to it: its row must not say that it waits.
        draft.change_status(send.message_id, MessageStatus.UNKNOWN, reason=outcome.reason)
        draft.note(
            FactKind.MESSAGE_PARKED,
            ActorKind.SYSTEM,
            conversation_id=send.conversation_id,
            message_id=send.message_id,
            data={"reason": outcome.reason},
        )
    conversation = _conversation_of(draft, send)
    if outcome.status is MessageStatus.FAILED and conversation is not None:
        by_window = outcome.reason in REFUSED_BY_WINDOW
        trigger = AutomatedTrigger.OUTSIDE_WINDOW if by_window else AutomatedTrigger.MESSAGE_NOT_SENT
        cause = outcome.reason if by_window else None
        say(draft, conversation, trigger, agent_id=send.agent_id, cause=cause)


def is_still_waited_for(tried_at: datetime, now: datetime) -> bool:
    """Whether an attempt that was taken for lost may still be followed by another; later it is parked.

    It was taken for lost some seconds after it began, so that at least one look at it is to come.
    """
    return now < tried_at + UNKNOWN_LIMIT


def _is_given_up(send: QueuedSend, now: datetime) -> bool:
    return send.unknown_since is not None and now >= send.unknown_since + UNKNOWN_LIMIT


def _waiting(state: ThreadState, send: QueuedSend, now: datetime) -> ThreadState:
    first = send.unknown_since is None
    wait = ECHO_GRACE if first else READ_BACK_INTERVAL
    since = send.unknown_since or now
    until = min(now + wait, since + UNKNOWN_LIMIT)
    return _replaced(state, send, replace(send, unknown_since=since, not_before=until))


def _find(state: ThreadState, message_id: str | None) -> QueuedSend | None:
    return next((send for send in state.outbox if send.message_id == message_id), None)


def _replaced(state: ThreadState, send: QueuedSend, by: QueuedSend | None) -> ThreadState:
    kept = (by if each == send else each for each in state.outbox)
    return replace(state, outbox=tuple(each for each in kept if each is not None))


def _conversation_of(draft: Draft, send: QueuedSend) -> Conversation | None:
    """The conversation that a message belongs to, live or closed."""
    both = (draft.conversation, draft.state.last_closed)
    return next((each for each in both if each is not None and each.id == send.conversation_id), None)
