"""What agents may ask for, and why not."""

from dataclasses import replace

from domain.conversations import held_messages as held
from domain.conversations import outbox, participants, surveys
from domain.conversations.changes import Draft, FactValue, Refusal
from domain.conversations.command_types import (
    AgentCommand,
    CancelMessage,
    ChangeParticipant,
    Command,
    CompleteConversation,
    EndConversation,
    EndingCommand,
    GiveToAgent,
    GiveToQueue,
    MovingCommand,
    ParticipationCommand,
    PickConversation,
    Reply,
    SendHeldMessage,
    StartConversation,
    TakePart,
)
from domain.conversations.lifecycle import (
    ActorKind,
    Phase,
    Status,
    Transition,
    Trigger,
    allowed_commands,
    transition,
)
from domain.conversations.sessions import Assignee
from domain.conversations.state import Conversation, QueuedSend, Side
from domain.conversations.transitions import (
    apply_transition,
    may_be_reopened,
    required,
    start_conversation,
)
from domain.events.kinds import FactKind
from domain.routing import offers
from domain.sending.decide_send import ContentKind, RefusalCode, SenderKind, SendRefusal, decide_send
from domain.sending.delivery import MessageStatus

_WHY_NOT: dict[RefusalCode, str] = {
    RefusalCode.WINDOW_NEVER_OPENED: "The customer has not written yet; Meta allows no message before that.",
    RefusalCode.WINDOW_CLOSED: "Meta's messaging window is closed until the customer writes again.",
    RefusalCode.HUMAN_AGENT_TAG_DISABLED: (
        "Meta's 24-hour window is closed and this session does not have the human agent tag."
    ),
    RefusalCode.AUTOMATED_MESSAGE_OUTSIDE_WINDOW: "Outside Meta's 24-hour window only a person may write.",
}
_NO_ANSWER: dict[offers.Refusal, str] = {
    offers.Refusal.NOT_OFFERED_TO_YOU: "The conversation is not offered to you.",
    offers.Refusal.OFFER_OVER: "The time for an answer is over.",
    offers.Refusal.CANNOT_BE_DECLINED: "The workstream lets nobody decline its offers.",
}
_CLOSED = Refusal("conversation_closed", "This conversation is closed.", Status.CLOSED)


def execute(draft: Draft, command: Command) -> Refusal | None:
    """Do what a command asks, or say why it is refused; then the draft is not to be used."""
    match command:
        case StartConversation():
            return _start(draft, command)
        case SendHeldMessage():
            return _send_held(draft, command)
        case CancelMessage():
            return _cancel_message(draft, command)
        case _:
            return _act_on_conversation(draft, command)


def _act_on_conversation(
    draft: Draft, command: MovingCommand | ParticipationCommand | Reply
) -> Refusal | None:
    conversation = _target_conversation(draft, command)
    if conversation is None:
        return _CLOSED
    match command:
        case Reply():
            return _reply(draft, conversation, command)
        case ChangeParticipant() | TakePart():
            return participants.change_participation(draft, conversation, command)
    return _answer_or_move(draft, conversation, command)


def _answer_or_move(draft: Draft, conversation: Conversation, command: MovingCommand) -> Refusal | None:
    invitation = participants.find_invitation(conversation, command.agent_id)
    if invitation is not None and command.action in _ANSWERS:
        participants.answer_invitation(draft, conversation, invitation, _ANSWERS[command.action])
        return None
    is_answer = command.action in _ANSWERS or _picks_own_offer(conversation, command)
    return (_answer if is_answer else _move)(draft, conversation, command)


def _target_conversation(draft: Draft, command: Command) -> Conversation | None:
    """The live conversation, or the closed one while it may be reopened, if the command names it."""
    conversation = draft.conversation
    if conversation is not None:
        return conversation if conversation.id == command.conversation_id else None
    last_closed = draft.state.last_closed
    if last_closed is None or last_closed.id != command.conversation_id:
        return None
    return last_closed if may_be_reopened(draft, last_closed, draft.now) else None


def _start(draft: Draft, command: StartConversation) -> Refusal | None:
    conversation = draft.conversation
    if conversation is not None:
        return Refusal(
            "conversation_exists",
            "This customer has a conversation already.",
            conversation.status,
            _allowed(draft, conversation, command),
        )
    human_agent_tag = draft.state.settings.human_agent_tag
    verdict = decide_send(
        draft.now, draft.state.window, SenderKind.AGENT, ContentKind.MESSAGE, human_agent_tag=human_agent_tag
    )
    if isinstance(verdict, SendRefusal):
        return _forbidden(draft, verdict, Status.CLOSED)
    surveys.cancel_or_silence(draft, "agent_started_conversation")
    start_conversation(draft, command.conversation_id, command.agent_id)
    return None


def _reply(draft: Draft, conversation: Conversation, command: Reply) -> Refusal | None:
    session = conversation.session
    if conversation.phase is not Phase.IN_CONVERSATION or session is None:
        return _illegal(draft, conversation, command)
    if session.agent_id != command.agent_id and not participants.may_write(conversation, command.agent_id):
        return _not_yours(conversation)
    message_id = command.message_id
    verdict = decide_send(
        draft.now,
        draft.state.window,
        SenderKind.AGENT,
        ContentKind.MESSAGE,
        human_agent_tag=session.human_agent_tag,
    )
    if isinstance(verdict, SendRefusal) and not command.hold:
        return _forbidden(draft, verdict, conversation.status)
    if command.resends is not None:
        outbox.forget(draft, command.resends)
        draft.change_status(command.resends, MessageStatus.RESENT)
    draft.attach(conversation.id, message_id)
    if isinstance(verdict, SendRefusal):
        held.hold(draft, conversation, message_id, command.agent_id, verdict)
        return None
    _mark_agent_spoke(draft, conversation)
    if command.hold:
        # A task that Temporal discarded may have held it already, and the window has opened since.
        draft.change_status(message_id, MessageStatus.QUEUED)
    draft.queue(
        QueuedSend(
            message_id,
            SenderKind.AGENT,
            conversation.id,
            human_agent_tag=session.human_agent_tag,
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
    return None


def _send_held(draft: Draft, command: SendHeldMessage) -> Refusal | None:
    message = held.find(draft, command.message_id)
    if message is None:
        return _not_held()
    conversation = draft.conversation
    if conversation is None:
        return _CLOSED
    if not command.supervises and command.agent_id not in (message.agent_id, conversation.agent_id):
        return _not_yours(conversation)
    refusal = held.release(draft, message, conversation, ActorKind.AGENT, command.agent_id)
    if refusal is not None:
        return _forbidden(draft, refusal, conversation.status)
    _mark_agent_spoke(draft, conversation)
    return None


def _cancel_message(draft: Draft, command: CancelMessage) -> Refusal | None:
    message = held.find(draft, command.message_id)
    if message is None:
        waiting = outbox.cancel_held_by_page(draft, command.message_id, command.agent_id)
        return None if waiting is not None else _not_held()
    conversation = draft.conversation
    owner = conversation.agent_id if conversation is not None else None
    if not command.supervises and command.agent_id not in (message.agent_id, owner):
        return Refusal("not_your_conversation", "Another agent wrote this message.")
    held.cancel(draft, message, command.agent_id)
    return None


_ANSWERS = {Trigger.ACCEPT: offers.Answer.ACCEPT, Trigger.DECLINE: offers.Answer.DECLINE}


def _picks_own_offer(conversation: Conversation, command: MovingCommand) -> bool:
    """Whether somebody picks what is offered to them."""
    offer = conversation.offer
    return isinstance(command, PickConversation) and offer is not None and offer.agent_id == command.agent_id


def _answer(draft: Draft, conversation: Conversation, command: MovingCommand) -> Refusal | None:
    """An agent's answer to what was offered to them."""
    answer = _ANSWERS.get(command.action, offers.Answer.ACCEPT)
    is_theirs = conversation.agent_id == command.agent_id
    if answer is offers.Answer.ACCEPT and is_theirs and conversation.phase is Phase.IN_CONVERSATION:
        return None  # accepted already, or assigned when the time was up
    refusal = offers.judge_answer(conversation.offer, command.agent_id, answer, draft.now)
    if refusal is offers.Refusal.NOT_OFFERED_TO_YOU and command.agent_id in conversation.returns:
        refusal = offers.Refusal.OFFER_OVER
    if refusal is not None:
        return Refusal(
            refusal,
            _NO_ANSWER[refusal],
            conversation.status,
            _allowed(draft, conversation, command),
        )
    row = required(conversation.status, Trigger(answer), conversation.phase)
    apply_transition(draft, conversation, row, actor_id=command.agent_id)
    return None


def _move(draft: Draft, conversation: Conversation, command: MovingCommand) -> Refusal | None:
    row = transition(conversation.status, command.action, conversation.phase)
    refusal = _why_not_moved(draft, conversation, command, row)
    if refusal is not None or row is None or _has_picked(conversation, command):
        return refusal
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
    return None


def _why_not_moved(
    draft: Draft, conversation: Conversation, command: MovingCommand, row: Transition | None
) -> Refusal | None:
    if row is None:
        return _why_no_row(draft, conversation, command)
    if row.actor is ActorKind.SUPERVISOR and not command.supervises:
        return Refusal("not_your_conversation", "Only a supervisor may do this.", conversation.status)
    if isinstance(command, PickConversation):
        return None if _may_pick(draft, command) else _illegal(draft, conversation, command)
    if conversation.agent_id not in (None, command.agent_id) and not command.supervises:
        return _not_yours(conversation)
    if isinstance(command, EndConversation | CompleteConversation):
        return _why_not_ended(draft, conversation, command)
    return _why_not_given(conversation, command)


def _why_not_given(conversation: Conversation, command: MovingCommand) -> Refusal | None:
    if not isinstance(command, GiveToAgent) or command.to_agent_id != conversation.agent_id:
        return None
    detail = "This agent has the conversation, or is offered it, already."
    return Refusal("agent_not_available", detail, conversation.status)


def _why_not_ended(draft: Draft, conversation: Conversation, command: EndingCommand) -> Refusal | None:
    has_code = command.disposition_code_id is not None or conversation.disposition_code_id is not None
    if has_code or not draft.state.settings.disposition_required:
        return None
    detail = "The workstream requires a disposition code: name one as `disposition_code_id`."
    allowed = _allowed(draft, conversation, command)
    return Refusal("disposition_required", detail, conversation.status, allowed)


def _why_no_row(draft: Draft, conversation: Conversation, command: MovingCommand) -> Refusal | None:
    if command.action != Trigger.PICK or conversation.status is not Status.ACTIVE:
        return _illegal(draft, conversation, command)
    if _has_picked(conversation, command):
        return None
    return Refusal("already_picked", "Another agent has picked the conversation.", conversation.status)


def _has_picked(conversation: Conversation, command: MovingCommand) -> bool:
    """Whether they have it already: a click too many."""
    return (
        isinstance(command, PickConversation)
        and conversation.phase is Phase.IN_CONVERSATION
        and conversation.agent_id == command.agent_id
    )


def _assignee(command: MovingCommand) -> Assignee:
    match command:
        case PickConversation(slot_id=slot_id):
            return Assignee(command.agent_id, slot_id)
        case GiveToAgent(to_agent_id=to_agent_id, slot_id=slot_id):
            return Assignee(to_agent_id, slot_id)
    return Assignee(command.agent_id)


def _may_pick(draft: Draft, command: AgentCommand) -> bool:
    return command.supervises or draft.state.settings.distribution.agents_may_pick


def _allowed(draft: Draft, conversation: Conversation, command: AgentCommand) -> tuple[str, ...]:
    moves = allowed_commands(
        conversation.status,
        supervises=command.supervises,
        phase=conversation.phase,
        may_pick=_may_pick(draft, command),
    )
    others = participants.allowed_participation(conversation, command.agent_id, supervises=command.supervises)
    return (*moves, *others)


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
        )
    )


def _forbidden(draft: Draft, refusal: SendRefusal, status: Status) -> Refusal:
    return Refusal(refusal.code, _WHY_NOT[refusal.code], status, window=draft.state.window)


def _not_yours(conversation: Conversation) -> Refusal:
    return Refusal("not_your_conversation", "Another agent has this conversation.", conversation.status)


def _not_held() -> Refusal:
    return Refusal("message_not_held", "This message is not held any more.")


def _illegal(draft: Draft, conversation: Conversation, command: Command) -> Refusal:
    wanted = command.action.replace("_", "-")
    where = conversation.phase or conversation.status
    return Refusal(
        "invalid_state",
        f"{wanted} is not possible while the conversation is {where.replace('_', ' ')}.",
        conversation.status,
        _allowed(draft, conversation, command),
    )
