"""Why a command of an agent's is refused: the one judge, for the workflow and for what the API shows."""

from datetime import datetime

from domain.conversations import participants
from domain.conversations.changes import Refusal
from domain.conversations.command_types import (
    AgentCommand,
    AnswerOffer,
    CancelMessage,
    ChangeParticipant,
    Command,
    CompleteConversation,
    EndConversation,
    EndingCommand,
    GiveToAgent,
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
from domain.conversations.outbox import waits_for_page
from domain.conversations.state import Conversation, HeldMessage, ThreadState
from domain.conversations.transitions import may_be_reopened
from domain.routing import offers
from domain.sending.decide_send import (
    ContentKind,
    Permission,
    RefusalCode,
    SenderKind,
    SendRefusal,
    decide_send,
)

_WHY_NOT: dict[RefusalCode, str] = {
    RefusalCode.WINDOW_NEVER_OPENED: "The customer has not written yet; Meta allows no message before that.",
    RefusalCode.WINDOW_CLOSED: "Meta's messaging window is closed until the customer writes again.",
    RefusalCode.HUMAN_AGENT_TAG_DISABLED: (
        "Meta's 24-hour window is closed and this session does not have the human agent tag."
    ),
    RefusalCode.AUTOMATED_MESSAGE_OUTSIDE_WINDOW: "Outside Meta's 24-hour window only a person may write.",
}
_NO_ANSWER: dict[offers.AnswerRefusal, str] = {
    offers.AnswerRefusal.NOT_OFFERED_TO_YOU: "The conversation is not offered to you.",
    offers.AnswerRefusal.OFFER_OVER: "This offer is over.",
    offers.AnswerRefusal.CANNOT_BE_DECLINED: "The workstream lets nobody decline its offers.",
}
_CLOSED = Refusal("conversation_closed", "This conversation is closed.", Status.CLOSED)

REFUSAL_CODES = frozenset(
    {
        "conversation_closed",
        "conversation_exists",
        "invalid_state",
        "agent_not_available",
        "already_picked",
        "not_your_conversation",
        "message_not_held",
        "already_participating",
        "disposition_required",
        "not_participating",
        "too_many_participants",
        *offers.AnswerRefusal,
        *RefusalCode,
    }
)
"""The codes by which a command is refused. They are part of the API."""


def judge_command(state: ThreadState, command: Command, now: datetime) -> Refusal | None:
    """Why a command is refused in this state at an instant; None where it is to be done.

    Some ask for what is so already (`is_done_already`): they are not refused, and change nothing.
    """
    match command:
        case StartConversation():
            return _judge_start(state, command, now)
        case SendHeldMessage():
            return _judge_send_held(state, command, now)
        case CancelMessage():
            return _judge_cancel(state, command)
        case _:
            conversation = target_conversation(state, command, now)
            return _CLOSED if conversation is None else _judge_act(state, conversation, command, now)


def target_conversation(state: ThreadState, command: AgentCommand, now: datetime) -> Conversation | None:
    """The live conversation, or the closed one while it may be reopened, if the command names it."""
    conversation = state.conversation
    if conversation is not None:
        return conversation if conversation.id == command.conversation_id else None
    last_closed = state.last_closed
    if last_closed is None or last_closed.id != command.conversation_id:
        return None
    return last_closed if may_be_reopened(state.settings, last_closed, now) else None


def answers_invitation(conversation: Conversation, command: MovingCommand) -> bool:
    """Whether somebody answers what a colleague has asked them."""
    invitation = participants.find_invitation(conversation, command.agent_id)
    return isinstance(command, AnswerOffer) and invitation is not None


def answers_offer(conversation: Conversation, command: MovingCommand) -> bool:
    """Whether it answers an offer: accept, decline, or pick what is offered to oneself."""
    offer = conversation.offer
    is_theirs = offer is not None and offer.agent_id == command.agent_id
    return isinstance(command, AnswerOffer) or (is_theirs and isinstance(command, PickConversation))


def answer_of(command: MovingCommand) -> offers.Answer:
    """What is said to the offer: yes, unless it is declined."""
    declines = isinstance(command, AnswerOffer) and command.action == Trigger.DECLINE
    return offers.Answer.DECLINE if declines else offers.Answer.ACCEPT


def is_done_already(conversation: Conversation, command: Command) -> bool:
    """Whether they have it already and ask for it: a click too many, or it was assigned in the meantime."""
    session = conversation.session
    return (
        command.action in (Trigger.ACCEPT, Trigger.PICK)
        and conversation.phase is Phase.IN_CONVERSATION
        and conversation.agent_id == command.agent_id
        and _named_offer(command) in (None, session.id if session is not None else None)
    )


def window_verdict(state: ThreadState, now: datetime, *, human_agent_tag: bool) -> Permission | SendRefusal:
    """The window's word on what an agent says now."""
    return decide_send(
        now, state.window, SenderKind.AGENT, ContentKind.MESSAGE, human_agent_tag=human_agent_tag
    )


def find_held(state: ThreadState, message_id: str | None) -> HeldMessage | None:
    """A held message of the thread."""
    return next((held for held in state.held if held.message_id == message_id), None)


def _judge_act(
    state: ThreadState,
    conversation: Conversation,
    command: MovingCommand | ParticipationCommand | Reply,
    now: datetime,
) -> Refusal | None:
    match command:
        case Reply():
            return _judge_reply(state, conversation, command, now)
        case ChangeParticipant() | TakePart():
            return participants.judge_participation(conversation, command)
        case _ if answers_invitation(conversation, command):
            return _judge_answer_to_invitation(state, conversation, command)
        case _ if answers_offer(conversation, command):
            return _judge_answer(state, conversation, command, now)
        case _:
            return _judge_move(state, conversation, command)


def _judge_start(state: ThreadState, command: StartConversation, now: datetime) -> Refusal | None:
    conversation = state.conversation
    if conversation is not None:
        return Refusal(
            "conversation_exists",
            "This customer has a conversation already.",
            conversation.status,
            _allowed(state, conversation, command),
        )
    verdict = window_verdict(state, now, human_agent_tag=state.settings.human_agent_tag)
    return _forbidden(verdict, Status.CLOSED) if isinstance(verdict, SendRefusal) else None


def _judge_reply(
    state: ThreadState, conversation: Conversation, command: Reply, now: datetime
) -> Refusal | None:
    session = conversation.session
    if conversation.phase is not Phase.IN_CONVERSATION or session is None:
        return _illegal(state, conversation, command)
    if session.agent_id != command.agent_id and not participants.may_write(conversation, command.agent_id):
        return _not_yours(conversation)
    verdict = window_verdict(state, now, human_agent_tag=session.human_agent_tag)
    if isinstance(verdict, SendRefusal) and not command.hold:
        return _forbidden(verdict, conversation.status)
    return None


def _judge_send_held(state: ThreadState, command: SendHeldMessage, now: datetime) -> Refusal | None:
    message = find_held(state, command.message_id)
    if message is None:
        return _not_held()
    conversation = state.conversation
    if conversation is None:
        return _CLOSED
    if not command.supervises and command.agent_id not in (message.agent_id, conversation.agent_id):
        return _not_yours(conversation)
    session = conversation.session
    verdict = window_verdict(state, now, human_agent_tag=session is not None and session.human_agent_tag)
    return _forbidden(verdict, conversation.status) if isinstance(verdict, SendRefusal) else None


def _judge_cancel(state: ThreadState, command: CancelMessage) -> Refusal | None:
    message = find_held(state, command.message_id)
    if message is None:
        return None if waits_for_page(state, command.message_id) else _not_held()
    conversation = state.conversation
    owner = conversation.agent_id if conversation is not None else None
    if not command.supervises and command.agent_id not in (message.agent_id, owner):
        return Refusal("not_your_conversation", "Another agent wrote this message.")
    return None


def _judge_answer(
    state: ThreadState, conversation: Conversation, command: MovingCommand, now: datetime
) -> Refusal | None:
    """Whether an agent's answer to what was offered to them counts."""
    if is_done_already(conversation, command):
        return None
    offer, answer = conversation.offer, answer_of(command)
    refusal = offers.judge_answer(offer, command.agent_id, answer, now, offer_id=_named_offer(command))
    if refusal is offers.AnswerRefusal.NOT_OFFERED_TO_YOU and command.agent_id in conversation.returns:
        refusal = offers.AnswerRefusal.OFFER_OVER
    return None if refusal is None else _no_answer(state, conversation, command, refusal)


def _judge_answer_to_invitation(
    state: ThreadState, conversation: Conversation, command: MovingCommand
) -> Refusal | None:
    invitation, named = participants.find_invitation(conversation, command.agent_id), _named_offer(command)
    if invitation is None or named in (None, invitation.id):
        return None
    return _no_answer(state, conversation, command, offers.AnswerRefusal.OFFER_OVER)


def _named_offer(command: Command) -> str | None:
    """The offer, or the invitation, that an answer is to, if it says so."""
    return command.offer_id if isinstance(command, AnswerOffer) else None


def _no_answer(
    state: ThreadState, conversation: Conversation, command: MovingCommand, refusal: offers.AnswerRefusal
) -> Refusal:
    allowed = _allowed(state, conversation, command)
    return Refusal(refusal, _NO_ANSWER[refusal], conversation.status, allowed)


def _judge_move(state: ThreadState, conversation: Conversation, command: MovingCommand) -> Refusal | None:
    row = transition(conversation.status, command.action, conversation.phase)
    if row is None:
        return _why_no_row(state, conversation, command)
    return _why_not_they(conversation, command, row) or _why_not_so(state, conversation, command)


def _why_not_they(conversation: Conversation, command: MovingCommand, row: Transition) -> Refusal | None:
    if row.actor is ActorKind.SUPERVISOR and not command.supervises:
        return Refusal("not_your_conversation", "Only a supervisor may do this.", conversation.status)
    if isinstance(command, PickConversation) or command.supervises:
        return None
    return _not_yours(conversation) if conversation.agent_id not in (None, command.agent_id) else None


def _why_not_so(state: ThreadState, conversation: Conversation, command: MovingCommand) -> Refusal | None:
    match command:
        case PickConversation():
            return None if _may_pick(state, command) else _illegal(state, conversation, command)
        case EndConversation() | CompleteConversation():
            return _why_not_ended(state, conversation, command)
        case GiveToAgent(to_agent_id=conversation.agent_id):
            detail = "This agent has the conversation, or is offered it, already."
            return Refusal("agent_not_available", detail, conversation.status)
    return None


def _why_not_ended(state: ThreadState, conversation: Conversation, command: EndingCommand) -> Refusal | None:
    has_code = command.disposition_code_id is not None or conversation.disposition_code_id is not None
    if has_code or not state.settings.disposition_required:
        return None
    detail = "The workstream requires a disposition code: name one as `disposition_code_id`."
    allowed = _allowed(state, conversation, command)
    return Refusal("disposition_required", detail, conversation.status, allowed)


def _why_no_row(state: ThreadState, conversation: Conversation, command: MovingCommand) -> Refusal | None:
    if command.action != Trigger.PICK or conversation.status is not Status.ACTIVE:
        return _illegal(state, conversation, command)
    if is_done_already(conversation, command):
        return None
    return Refusal("already_picked", "Another agent has picked the conversation.", conversation.status)


def _may_pick(state: ThreadState, command: AgentCommand) -> bool:
    return command.supervises or state.settings.distribution.agents_may_pick


def _allowed(state: ThreadState, conversation: Conversation, command: AgentCommand) -> tuple[str, ...]:
    moves = allowed_commands(
        conversation.status,
        supervises=command.supervises,
        phase=conversation.phase,
        may_pick=_may_pick(state, command),
    )
    others = participants.allowed_participation(conversation, command.agent_id, supervises=command.supervises)
    return (*moves, *others)


def _forbidden(refusal: SendRefusal, status: Status) -> Refusal:
    return Refusal(refusal.code, _WHY_NOT[refusal.code], status, window=refusal.window)


def _not_yours(conversation: Conversation) -> Refusal:
    return Refusal("not_your_conversation", "Another agent has this conversation.", conversation.status)


def _not_held() -> Refusal:
    return Refusal("message_not_held", "This message is not held any more.")


def _illegal(state: ThreadState, conversation: Conversation, command: Command) -> Refusal:
    wanted = command.action.replace("_", "-")
    where = conversation.phase or conversation.status
    return Refusal(
        "invalid_state",
        f"{wanted} is not possible while the conversation is {where.replace('_', ' ')}.",
        conversation.status,
        _allowed(state, conversation, command),
    )
