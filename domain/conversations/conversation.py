"""The front door of the rules: how events, commands and outcomes of sends change a thread.

Every function takes a state and returns a `Change` (the next state and the facts to record, nothing done yet)
or a `Refusal` (nothing changed). The shell applies the state at once and performs the effects afterwards.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from domain.conversations import held_messages as held
from domain.conversations import outbox, surveys
from domain.conversations.automated_messages import say
from domain.conversations.changes import Change, Draft, FactValue, NewId, Refusal
from domain.conversations.command_types import Command, Reply
from domain.conversations.commands import execute
from domain.conversations.deadlines import fire_due, reopenable_until
from domain.conversations.lifecycle import ActorKind, Status, Trigger, transition
from domain.conversations.state import (
    AppliedCommand,
    Conversation,
    Side,
    ThreadEvent,
    ThreadEventKind,
    ThreadState,
)
from domain.conversations.transitions import apply_transition, may_be_reopened, open_conversation
from domain.events.kinds import FactKind
from domain.workstreams.conversation_settings import ConversationSettings

PERSON_NEEDS = timedelta(seconds=5)
"""Nobody reads what a customer wrote and answers it in the Page inbox in less."""

_REMEMBERED_COMMANDS = 50
_OF_ANOTHER_APP = (ThreadEventKind.STANDBY_MESSAGE, ThreadEventKind.STANDBY_OPENING)
"""They open the window, but it is for another app to speak until the thread is handed to us."""


def apply_event(state: ThreadState, event: ThreadEvent, now: datetime, new_id: NewId) -> Change:
    """Apply one event of the thread; events already seen change nothing.

    What was due before the customer wrote happens first; what comes due by the time we learn of it does not:
    a message that was on its way is no silence.
    """
    if event.seq <= state.applied_seq:
        return Change(state)
    draft = Draft(state, now, new_id)
    fire_due(draft, min(event.at, now))
    draft.set(applied_seq=event.seq)
    if event.opening is not None:
        draft.set(window=draft.state.window.extended_by(event.opening))
    if event.kind is ThreadEventKind.SURVEY_ANSWER:
        _take_answer(draft, event)
    if event.kind is ThreadEventKind.OWN_ECHO:
        outbox.echoed(draft, event.message_id)
    if event.opens_work:
        surveys.cancel_or_silence(draft, "customer_wrote")
        _want_conversation(draft, event)
    if event.kind is ThreadEventKind.HANDED_OVER and draft.conversation is not None:
        _customer_waits(draft, draft.conversation, event)
    if event.is_message and draft.conversation is not None:
        _take_message(draft, draft.conversation, event)
    if event.refused_files is not None and draft.conversation is not None:
        say(draft, draft.conversation, event.refused_files)
    if (event.opening is not None and event.kind not in _OF_ANOTHER_APP) or (
        event.kind is ThreadEventKind.HANDED_OVER
    ):
        held.window_opened(draft)
    return draft.done()


def decide(state: ThreadState, command: Command, now: datetime, new_id: NewId) -> Change | Refusal:
    """Answer an agent's command. The same command id again changes nothing.

    The state must know settings at least as new as the command's `settings_version`.
    """
    if applied_before(state, command.command_id) or _holds_already(state, command):
        return Change(state)
    draft = Draft(state, now, new_id)
    fire_due(draft, now)
    refusal = execute(draft, command)
    if refusal is not None:
        return refusal
    _remember(draft, command)
    return draft.done()


def with_settings(state: ThreadState, settings: ConversationSettings, now: datetime) -> ThreadState:
    """The state under these settings; its deadlines follow them, none into the past.

    Settings that are no newer than those that it has change nothing, whatever they say.
    """
    if settings.version <= state.settings.version:
        return state
    if settings == state.settings:
        return replace(state, settings=settings)
    return replace(state, settings=settings, settings_since=now)


def applied_before(state: ThreadState, command_id: str) -> AppliedCommand | None:
    """The remembered answer of a command, if it was applied."""
    return next((one for one in state.applied_commands if one.command_id == command_id), None)


def needs_workflow(state: ThreadState, now: datetime) -> bool:
    """Whether anything in the thread still needs its workflow."""
    until = reopenable_until(state)
    return (
        state.conversation is not None
        or bool(state.outbox)
        or bool(state.held)
        or surveys.is_under_way(state)
        or (until is not None and now < until)
    )


def _holds_already(state: ThreadState, command: Command) -> bool:
    """Whether a reply is held, and is asked for again after its command was forgotten."""
    return isinstance(command, Reply) and any(one.message_id == command.message_id for one in state.held)


def _take_answer(draft: Draft, event: ThreadEvent) -> None:
    if event.survey_id is not None:
        surveys.answered(draft, event.survey_id, event.at)
        return
    draft.note(
        FactKind.SURVEY_ANSWER_IGNORED,
        ActorKind.CUSTOMER,
        at=event.at,
        message_id=event.message_id,
        data={"seq": event.seq},
    )


def _want_conversation(draft: Draft, event: ThreadEvent) -> None:
    """Have a conversation for the customer's words: the live one, the one last closed, or a new one."""
    handed_over = event.kind is ThreadEventKind.HANDED_OVER
    trigger = Trigger.HANDED_OVER if handed_over else Trigger.CUSTOMER_MESSAGE
    conversation = draft.conversation
    last_closed = draft.state.last_closed
    settings = draft.state.settings
    if conversation is None and last_closed is not None and may_be_reopened(settings, last_closed, event.at):
        conversation = last_closed
    if conversation is not None:
        returns = may_be_reopened(settings, conversation, event.at)
        row = transition(conversation.status, Trigger.CUSTOMER_RETURNED) if returns else None
        why: dict[str, FactValue] = {"setting": "reopen_closed_within_minutes"} if row else {}
        row = row or transition(conversation.status, trigger)
        if row is None:
            return
        if apply_transition(draft, conversation, row, why=why).status is not Status.CLOSED:
            _count_wait_from(draft, event)
            return
    open_conversation(draft, trigger, message_id=event.message_id)
    _count_wait_from(draft, event)


def _count_wait_from(draft: Draft, event: ThreadEvent) -> None:
    """A conversation that has become Open waits since the customer wrote, however late we learnt of it."""
    conversation = draft.conversation
    if conversation is not None and conversation.status is Status.OPEN:
        draft.set(conversation=replace(conversation, waits_since=min(event.at, draft.now)))


def _customer_waits(draft: Draft, conversation: Conversation, event: ThreadEvent) -> None:
    """Since now the customer's last words wait for an answer of ours."""
    waits = replace(
        conversation,
        last_message_at=conversation.last_message_at or event.at,
        active_at=max(conversation.active_at, draft.now),
        last_speaker=Side.CUSTOMER,
        last_spoke_at=draft.now,
        owed_since=_earlier(conversation.owed_since, event.at),
    )
    draft.set(conversation=waits)


def _take_message(draft: Draft, conversation: Conversation, event: ThreadEvent) -> None:
    outside = event.kind is ThreadEventKind.OUTSIDE_MESSAGE
    standby = event.kind is ThreadEventKind.STANDBY_MESSAGE
    last = conversation.last_message_at
    # A customer whose message comes late has no answer to it yet; an answer that comes late has been heard.
    answers = outside and _is_by_person(conversation, event) and (last is None or last <= event.at)
    speaks = answers or not (outside or standby)
    touched = replace(
        conversation,
        last_message_at=event.at if last is None else max(last, event.at),
        active_at=max(conversation.active_at, draft.now),
    )
    if speaks:
        touched = replace(
            touched,
            last_speaker=Side.AGENT if outside else Side.CUSTOMER,
            last_spoke_at=draft.now,
            owed_since=None if outside else _earlier(conversation.owed_since, event.at),
        )
    if not outside:
        wrote = conversation.customer_wrote_at
        touched = replace(touched, customer_wrote_at=event.at if wrote is None else max(wrote, event.at))
    draft.set(conversation=touched)
    data: dict[str, FactValue] = {"kind": event.kind, "seq": event.seq}
    if outside:
        data["is_answer"] = answers
    draft.note(
        FactKind.MESSAGE_RECEIVED_FROM_OUTSIDE if outside else FactKind.MESSAGE_RECEIVED,
        ActorKind.SYSTEM if outside else ActorKind.CUSTOMER,
        at=event.at,
        conversation_id=conversation.id,
        message_id=event.message_id,
        data=data,
    )
    if event.message_id is not None:
        draft.attach(conversation.id, event.message_id)


def _earlier(known: datetime | None, at: datetime) -> datetime:
    return at if known is None else min(known, at)


def _is_by_person(conversation: Conversation, event: ThreadEvent) -> bool:
    """Whether a message from outside is a person's, as far as can be told. No other answers the customer.

    Meta names the app of a message, not who wrote it. Another app than the Page inbox is a bot's as a rule.
    The Page's instant reply comes without an app, or with the Page inbox's, before a person could have typed.
    """
    if event.by_program:
        return False
    wrote = conversation.customer_wrote_at
    return wrote is None or not wrote <= event.at < wrote + PERSON_NEEDS


def _remember(draft: Draft, command: Command) -> None:
    conversation = draft.conversation
    ours = conversation is not None and conversation.id == command.conversation_id
    status = conversation.status if conversation is not None and ours else Status.CLOSED
    applied = AppliedCommand(command.command_id, command.conversation_id, status)
    draft.set(applied_commands=(*draft.state.applied_commands, applied)[-_REMEMBERED_COMMANDS:])
