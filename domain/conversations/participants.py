"""Who takes part in a conversation beside its agent: consulted colleagues, who joined, who watches.

They hold no capacity. Consulted colleagues and who joined leave with the agent's session; who watches stays
until the conversation is Open or Closed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.conversations.automated_messages import say
from domain.conversations.changes import Draft, FactValue, Refusal
from domain.conversations.command_types import ChangeParticipant, ParticipationCommand
from domain.conversations.lifecycle import PARTICIPATION, ActorKind, Participation, Phase, Status, Transition
from domain.conversations.state import AgentSession, Conversation, Participant, ParticipantMode
from domain.events.kinds import FactKind
from domain.routing.offers import Answer
from domain.workstreams.conversation_settings import AutomatedTrigger

MAX_PARTICIPANTS = 5
"""Colleagues in one conversation, those who only watch apart (docs/reference/service-behaviour.md)."""

_REASONS = {
    Participation.LEAVE: "left",
    Participation.REMOVE: "removed",
}


def find_participant(conversation: Conversation, agent_id: str) -> Participant | None:
    """How somebody takes part, or is asked to; None where they do not."""
    return next((each for each in conversation.participants if each.agent_id == agent_id), None)


def find_invitation(conversation: Conversation, agent_id: str) -> Participant | None:
    """What somebody was asked and has not answered yet."""
    found = find_participant(conversation, agent_id)
    return found if found is not None and found.joined_at is None else None


def may_write(conversation: Conversation, agent_id: str) -> bool:
    """Whether somebody beside the agent may write to the customer."""
    found = find_participant(conversation, agent_id)
    return found is not None and found.mode is ParticipantMode.JOIN


def allowed_participation(conversation: Conversation, agent_id: str, *, supervises: bool) -> list[str]:
    """What somebody may ask for about who takes part, now."""
    has_it = conversation.agent_id == agent_id
    own = find_participant(conversation, agent_id)
    others = [each for each in conversation.participants if each.agent_id != agent_id]
    joins = supervises and not has_it and (own is None or own.mode is not ParticipantMode.JOIN)
    able = {
        Participation.CONSULT: has_it or supervises,
        Participation.JOIN: joins or ((has_it or supervises) and any(_can_join(each) for each in others)),
        Participation.MONITOR: supervises and not has_it and own is None,
        Participation.LEAVE: own is not None,
        Participation.REMOVE: (has_it or supervises) and bool(others),
    }
    return [action.value for action, is_able in able.items() if is_able and _is_place(action, conversation)]


def change_participation(draft: Draft, conversation: Conversation, command: ParticipationCommand) -> None:
    """Do what such a command asks, where `judge_participation` does not refuse it."""
    whom = _whom(command)
    action, present = Participation(command.action), find_participant(conversation, whom)
    is_own = command.agent_id in (whom, conversation.agent_id) and not _is_for_supervisors(command, whom)
    by = _By(ActorKind.AGENT if is_own else ActorKind.SUPERVISOR, command.agent_id)
    match action:
        case Participation.CONSULT:
            _ask(draft, conversation, whom, by)
        case Participation.JOIN | Participation.MONITOR:
            mode = ParticipantMode(action.value)
            if present is None or present.mode is not mode:
                _enter(draft, conversation, present or _newcomer(draft, whom, mode), mode, by)
        case Participation.LEAVE | Participation.REMOVE if present is not None:
            _leave(draft, conversation, present, _REASONS[action], by)


def _is_for_supervisors(command: ParticipationCommand, whom: str) -> bool:
    """To watch, and to join by oneself."""
    return command.action == Participation.MONITOR or (
        command.action == Participation.JOIN and whom == command.agent_id
    )


def answer_invitation(
    draft: Draft, conversation: Conversation, invitation: Participant, answer: Answer
) -> None:
    """Come into the conversation, or not."""
    by = _By(ActorKind.AGENT, invitation.agent_id)
    if answer is Answer.ACCEPT:
        _enter(draft, conversation, invitation, ParticipantMode.CONSULT, by)
        return
    _note(draft, conversation, invitation, FactKind.CONSULT_DECLINED, by)
    _put(draft, _ended(draft, conversation, invitation, "declined"))


def time_out_invitation(draft: Draft, conversation: Conversation, invitation: Participant) -> None:
    """Nobody answered in time."""
    _note(draft, conversation, invitation, FactKind.CONSULT_TIMED_OUT, _SYSTEM)
    draft.set(conversation=_ended(draft, conversation, invitation, "timed_out"))


def take_gone_participant(
    draft: Draft, conversation: Conversation, agent_id: str, since: datetime, *, final: bool
) -> None:
    """Somebody is not connected any more, since `since`: they are asked no more and, in the end, leave."""
    found = find_participant(conversation, agent_id)
    if found is None or (found.joined_at is not None and (not final or found.joined_at > since)):
        return
    _leave(draft, conversation, found, "agent_disconnected", _SYSTEM)


def keep_former_agent(
    draft: Draft, conversation: Conversation, session: AgentSession, row: Transition
) -> Conversation:
    """Whom a supervisor takes a conversation from reads along until somebody has answered its offer."""
    newcomer = _newcomer(draft, session.agent_id, ParticipantMode.CONSULT)
    former = replace(newcomer, joined_at=draft.at, until_answered=True)
    kept = _with(draft, conversation, former)
    _note(draft, kept, former, FactKind.PARTICIPANT_JOINED, _By(row.actor), mode=former.mode)
    return kept


def after_move(draft: Draft, before: Conversation, moved: Conversation, row: Transition) -> Conversation:
    """Have those leave whose part ends with a move of the conversation."""
    for each in before.participants:
        if not _stays(each, before, moved):
            moved = _without(draft, moved, each, row.reason, _SYSTEM)
    return moved


def _stays(participant: Participant, before: Conversation, moved: Conversation) -> bool:
    if moved.agent_id == participant.agent_id or moved.status in (Status.OPEN, Status.CLOSED):
        return False
    if participant.mode is ParticipantMode.MONITOR:
        return True
    if participant.until_answered:
        return moved.phase is Phase.AWAITING_ACCEPTANCE
    return moved.status is Status.ACTIVE and _session_id(moved) == _session_id(before)


def _session_id(conversation: Conversation) -> str | None:
    return conversation.session.id if conversation.session is not None else None


def judge_participation(conversation: Conversation, command: ParticipationCommand) -> Refusal | None:
    """Why such a command is refused; None where it is to be done."""
    whom = _whom(command)
    why = (
        _why_not_here(conversation, command)
        or _why_not_they(conversation, command, whom)
        or _why_not_whom(conversation, command, whom)
    )
    if why is None:
        return None
    code, detail = why
    allowed = allowed_participation(conversation, command.agent_id, supervises=command.supervises)
    return Refusal(code, detail, conversation.status, tuple(allowed))


def _whom(command: ParticipationCommand) -> str:
    return command.participant_id if isinstance(command, ChangeParticipant) else command.agent_id


_Why = tuple[str, str] | None
"""The code of a refusal and its detail."""


def _why_not_here(conversation: Conversation, command: ParticipationCommand) -> _Why:
    if _is_place(Participation(command.action), conversation):
        return None
    where = (conversation.phase or conversation.status).replace("_", " ")
    what = command.action.replace("_", "-")
    return "invalid_state", f"{what} is not possible while the conversation is {where}."


def _why_not_they(conversation: Conversation, command: ParticipationCommand, whom: str) -> _Why:
    if command.supervises or command.action == Participation.LEAVE:
        return None
    if _is_for_supervisors(command, whom):
        return "not_your_conversation", "Only a supervisor may do this."
    if conversation.agent_id != command.agent_id:
        return "not_your_conversation", "Another agent has this conversation."
    return None


_HAS_IT = "agent_not_available", "This agent has the conversation already."
_THERE = "already_participating", "This agent takes part already, or is asked to."
_NOT_THERE = "not_participating", "This agent does not take part."
_FULL = "too_many_participants", f"{MAX_PARTICIPANTS} colleagues take part already, or are asked to."


def _why_not_whom(conversation: Conversation, command: ParticipationCommand, whom: str) -> _Why:
    action, present = Participation(command.action), find_participant(conversation, whom)
    enters = action not in (Participation.LEAVE, Participation.REMOVE)
    is_colleague = action is Participation.JOIN and whom != command.agent_id
    is_there = present is not None and present.joined_at is not None
    watches = present is not None and present.mode is ParticipantMode.MONITOR
    is_one_more = action is not Participation.MONITOR and (present is None or watches)
    refusals = (
        (not enters and present is None, _NOT_THERE),
        (enters and conversation.agent_id == whom, _HAS_IT),
        (is_colleague and not is_there, _NOT_THERE),
        (action is Participation.CONSULT and present is not None, _THERE),
        (action is Participation.MONITOR and present is not None and not watches, _THERE),
        (enters and is_one_more and _colleagues(conversation) >= MAX_PARTICIPANTS, _FULL),
    )
    return next((why for holds, why in refusals if holds), None)


def _is_place(action: Participation, conversation: Conversation) -> bool:
    return (conversation.phase or conversation.status) in PARTICIPATION[action]


def _can_join(participant: Participant) -> bool:
    return participant.joined_at is not None and participant.mode is not ParticipantMode.JOIN


def _colleagues(conversation: Conversation) -> int:
    return sum(each.mode is not ParticipantMode.MONITOR for each in conversation.participants)


def _ask(draft: Draft, conversation: Conversation, whom: str, by: "_By") -> None:
    countdown = timedelta(seconds=draft.state.settings.distribution.notification.countdown_seconds)
    newcomer = _newcomer(draft, whom, ParticipantMode.CONSULT)
    invitation = replace(newcomer, asked_by=by.agent_id, expires_at=draft.at + countdown)
    _put(draft, _with(draft, conversation, invitation))
    until = (draft.at + countdown).isoformat()
    _note(draft, conversation, invitation, FactKind.CONSULT_ASKED, by, expires_at=until)


def _newcomer(draft: Draft, agent_id: str, mode: ParticipantMode) -> Participant:
    return Participant(draft.new_id(), agent_id, mode, draft.at)


def _enter(
    draft: Draft, conversation: Conversation, participant: Participant, mode: ParticipantMode, by: "_By"
) -> None:
    """Take part from now on, or in another way."""
    whom = participant.agent_id
    if participant.expires_at is not None:
        _note(draft, conversation, participant, FactKind.CONSULT_ACCEPTED, _By(ActorKind.AGENT, whom))
        say(draft, conversation, AutomatedTrigger.CONSULT_ACCEPTED, agent_id=whom)
    joined_at = participant.joined_at or draft.at
    entered = replace(participant, mode=mode, expires_at=None, joined_at=joined_at, until_answered=False)
    _put(draft, _with(draft, conversation, entered))
    _note(draft, conversation, entered, FactKind.PARTICIPANT_JOINED, by, mode=entered.mode)
    if mode is ParticipantMode.JOIN:
        say(draft, conversation, AutomatedTrigger.COLLEAGUE_JOINED, agent_id=whom)


def _with(draft: Draft, conversation: Conversation, participant: Participant) -> Conversation:
    draft.change_participant(conversation.id, participant)
    others = tuple(each for each in conversation.participants if each.id != participant.id)
    return replace(conversation, participants=(*others, participant))


_SAID_OF_LEAVING = {
    ParticipantMode.CONSULT: AutomatedTrigger.CONSULT_ENDED,
    ParticipantMode.JOIN: AutomatedTrigger.COLLEAGUE_LEFT,
}


def _leave(
    draft: Draft, conversation: Conversation, participant: Participant, reason: str, by: "_By"
) -> None:
    """Somebody leaves while the conversation goes on, and the customer may be told."""
    _put(draft, _without(draft, conversation, participant, reason, by))
    if participant.joined_at is not None and participant.mode in _SAID_OF_LEAVING:
        say(draft, conversation, _SAID_OF_LEAVING[participant.mode], agent_id=participant.agent_id)


def _without(
    draft: Draft, conversation: Conversation, participant: Participant, reason: str, by: "_By"
) -> Conversation:
    """Take somebody out, and say so: they leave, or are asked no more."""
    if participant.joined_at is None:
        _note(draft, conversation, participant, FactKind.CONSULT_WITHDRAWN, by, reason=reason)
    else:
        mode = participant.mode
        _note(draft, conversation, participant, FactKind.PARTICIPANT_LEFT, by, mode=mode, reason=reason)
    return _ended(draft, conversation, participant, reason)


def _ended(draft: Draft, conversation: Conversation, participant: Participant, end: str) -> Conversation:
    left = replace(participant, expires_at=None, left_at=draft.at, end=end)
    draft.change_participant(conversation.id, left)
    others = tuple(each for each in conversation.participants if each.id != participant.id)
    return replace(conversation, participants=others)


def _put(draft: Draft, conversation: Conversation) -> None:
    """Somebody did something in it: what closes idle conversations counts from now."""
    active_at = max(draft.at, conversation.active_at)
    draft.set(conversation=replace(conversation, active_at=active_at))


@dataclass(frozen=True, slots=True)
class _By:
    """Whose doing something is."""

    kind: ActorKind
    agent_id: str | None = None


_SYSTEM = _By(ActorKind.SYSTEM)


def _note(
    draft: Draft,
    conversation: Conversation,
    participant: Participant,
    kind: FactKind,
    by: _By,
    **data: FactValue,
) -> None:
    named: dict[str, FactValue] = {"participant_id": participant.id, "agent_id": participant.agent_id}
    draft.note(kind, by.kind, actor_id=by.agent_id, conversation_id=conversation.id, data=named | data)
