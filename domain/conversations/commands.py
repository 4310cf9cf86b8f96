"""Doing what agents ask for, where `judge_command` does not refuse it."""

from dataclasses import replace

from domain.conversations import held_messages as held
from domain.conversations import outbox, participants, surveys
from domain.conversations.changes import Draft, FactValue, Refusal
from domain.conversations.command_types import (
    AnswerOffer,
    CancelMessage,
    ChangeParticipant,
    Command,
    CompleteConversation,
    EndConversation,
    GiveToAgent,
    GiveToQueue,
    MovingCommand,
    PickConversation,
    Reply,
    SendHeldMessage,
    StartConversation,
    TakePart,
)
from domain.conversations.judge_command import (
    answer_of,
    answers_offer,
    find_held,
    is_done_already,
    judge_command,
    target_conversation,
    window_verdict,
)
from domain.conversations.lifecycle import ActorKind, Status, Trigger
from domain.conversations.sessions import Assignee
from domain.conversations.state import Conversation, QueuedSend, Side
from domain.conversations.transitions import apply_transition, required, start_conversation
from domain.events.kinds import FactKind
from domain.sending.decide_send import SenderKind, SendRefusal
from domain.sending.delivery import MessageStatus


def execute(draft: Draft, command: Command) -> Refusal | None:
    """Do what a command asks, or say why it is refused; then the draft is unchanged."""
    refusal = judge_command(draft.state, command, draft.now)
    if refusal is not None:
        return refusal
    match command:
        case StartConversation():
            surveys.cancel_or_silence(draft, "agent_started_conversation")
            start_conversation(draft, command.conversation_id, command.agent_id)
        case SendHeldMessage():
            _send_held(draft, command)
        case CancelMessage():
            _cancel_message(draft, command)
        case _:
            conversation = target_conversation(draft.state, command, draft.now)
            if conversation is not None:
                _act_on_conversation(draft, conversation, command)
    return None


def _act_on_conversation(
    draft: Draft, conversation: Conversation, command: MovingCommand | ChangeParticipant | TakePart | Reply
) -> None:
    match command:
        case Reply():
            _reply(draft, conversation, command)
            return
        case ChangeParticipant() | TakePart():
            participants.change_participation(draft, conversation, command)
            return
    invitation = participants.find_invitation(conversation, command.agent_id)
    if invitation is not None and isinstance(command, AnswerOffer):
        participants.answer_invitation(draft, conversation, invitation, answer_of(command))
    elif not is_done_already(conversation, command):
        (_answer if answers_offer(conversation, command) else _move)(draft, conversation, command)


def _reply(draft: Draft, conversation: Conversation, command: Reply) -> None:
    message_id, session = command.message_id, conversation.session
    human_agent_tag = session is not None and session.human_agent_tag
    verdict = window_verdict(draft.state, draft.now, human_agent_tag=human_agent_tag)
    if command.resends is not None:
        outbox.forget(draft, command.resends)
        draft.change_status(command.resends, MessageStatus.RESENT)
    draft.attach(conversation.id, message_id)
    if isinstance(verdict, SendRefusal):
        held.hold(draft, conversation, message_id, command.agent_id, verdict)
        return
    _mark_agent_spoke(draft, conversation)
    if command.hold:
        # A task that Temporal discarded may have held it already, and the window has opened since.
        draft.change_status(message_id, MessageStatus.QUEUED)
    draft.queue(
        QueuedSend(
            message_id,
            SenderKind.AGENT,
            conversation.id,
            human_agent_tag=human_agent_tag,
            agent_id=command.agent_id,
        )
    )
    draft.note(
        FactKind.MESSAGE_QUEUED,
        ActorKind.AGENT,
        actor_id=command.agent_id,
        conversation_id=conversation.id,
        message_id=message_id,
        data={"resends": command.resends} if command.resends is not None else None,
    )


def _send_held(draft: Draft, command: SendHeldMessage) -> None:
    message, conversation = find_held(draft.state, command.message_id), draft.conversation
    if message is not None and conversation is not None:
        held.release(draft, message, conversation, ActorKind.AGENT, command.agent_id)
        _mark_agent_spoke(draft, conversation)


def _cancel_message(draft: Draft, command: CancelMessage) -> None:
    message = find_held(draft.state, command.message_id)
    if message is None:
        outbox.cancel_held_by_page(draft, command.message_id, command.agent_id)
    else:
        held.cancel(draft, message, command.agent_id)


def _answer(draft: Draft, conversation: Conversation, command: MovingCommand) -> None:
    """Take an agent's answer to what was offered to them."""
    row = required(conversation.status, Trigger(answer_of(command)), conversation.phase)
    apply_transition(draft, conversation, row, actor_id=command.agent_id)


def _move(draft: Draft, conversation: Conversation, command: MovingCommand) -> None:
    row = required(conversation.status, command.action, conversation.phase)
    why: dict[str, FactValue] = {}
    if conversation.status is Status.CLOSED:
        surveys.cancel_or_silence(draft, "conversation_reopened")
        why = {"setting": "reopen_closed_within_minutes"}
    if isinstance(command, EndConversation | CompleteConversation):
        code_id = command.disposition_code_id or conversation.disposition_code_id
        conversation = replace(conversation, disposition_code_id=code_id)
        why = {"disposition_code_id": code_id}
    apply_transition(
        draft,
        conversation,
        row,
        actor_id=command.agent_id,
        to=_assignee(command),
        queue_id=command.queue_id if isinstance(command, GiveToQueue) else None,
        skip_survey=isinstance(command, EndConversation) and command.skip_survey,
        why=why,
    )


def _assignee(command: MovingCommand) -> Assignee:
    match command:
        case PickConversation(slot_id=slot_id):
            return Assignee(command.agent_id, slot_id)
        case GiveToAgent(to_agent_id=to_agent_id, slot_id=slot_id):
            return Assignee(to_agent_id, slot_id)
    return Assignee(command.agent_id)


def _mark_agent_spoke(draft: Draft, conversation: Conversation) -> None:
    """Note that the agent's side has spoken."""
    last = conversation.last_message_at
    draft.set(
        conversation=replace(
            conversation,
            active_at=draft.now,
            last_message_at=draft.now if last is None else max(last, draft.now),
            last_speaker=Side.AGENT,
            last_spoke_at=draft.now,
            owed_since=None,
        )
    )
