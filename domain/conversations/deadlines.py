"""Everything that happens at an instant without anybody's doing.

Deadlines follow from the state and the live settings; each is acted on once, and recorded with its own
instant even if a busy engine comes late.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.conversations import held_messages as held
from domain.conversations import participants, queue_stays, surveys
from domain.conversations.automated_messages import RULE, say_automatically
from domain.conversations.changes import Change, Draft, NewId
from domain.conversations.lifecycle import ActorKind, Phase, Status, Trigger
from domain.conversations.state import (
    Conversation,
    Notice,
    Participant,
    Side,
    Stay,
    Survey,
    SurveyStatus,
    ThreadState,
)
from domain.conversations.transitions import apply_transition, required
from domain.events.kinds import FactKind
from domain.routing.offers import AtEnd, Offer
from domain.routing.overflow import OverflowAction
from domain.sending.window import Stage, Window
from domain.workstreams.conversation_settings import Receiver, RuleAction, Silent, TimeOutRule

IDLE_LIMIT = timedelta(days=30)
WRAP_UP_LIMIT = timedelta(days=1)
"""Open and Active close after 30 days, Wrap-up after one (docs/reference/service-behaviour.md, "Timers")."""

_Act = Callable[[Draft], None]
_SPEAKER_BEFORE = {Silent.CUSTOMER: Side.AGENT, Silent.AGENT: Side.CUSTOMER}
_WORKABLE = (Status.OPEN, Status.ACTIVE, Status.WAITING)
_RULE_APPLIES = {
    RuleAction.SEND: _WORKABLE,
    RuleAction.CLOSE: _WORKABLE,
    RuleAction.MOVE_TO_WAITING: (Status.ACTIVE,),
}


@dataclass(frozen=True, slots=True)
class Deadline:
    """What is to happen `at` an instant. `kind` is stable.

    `once_for`, where acting leaves no other mark in the state: the closing or the silence that it stands for.
    It is acted on once for each, however settings move its instant.
    """

    at: datetime
    kind: str
    act: _Act
    once_for: datetime | None = None


def fire(state: ThreadState, now: datetime, new_id: NewId) -> Change:
    """Act on every deadline that has come, in the order of their instants."""
    draft = Draft(state, now, new_id)
    fire_due(draft, now)
    return draft.done()


def fire_due(draft: Draft, until: datetime) -> None:
    """Act on every deadline up to `until`, that instant included."""
    while (deadline := _earliest(_pending(draft.state))) is not None and deadline.at <= until:
        if deadline.once_for is not None:
            draft.set(fired_deadlines={**draft.state.fired_deadlines, deadline.kind: deadline.once_for})
        draft.at = deadline.at
        draft.cause = f"deadline/{deadline.kind}/{deadline.at.isoformat()}"
        deadline.act(draft)
    draft.at = draft.now
    draft.cause = ""


def is_due(state: ThreadState, now: datetime) -> bool:
    """Whether a deadline waits to be acted on."""
    return due_since(state, now) is not None


def due_since(state: ThreadState, now: datetime) -> datetime | None:
    """The instant of the earliest deadline that waits to be acted on."""
    deadline = _earliest(_pending(state))
    return deadline.at if deadline is not None and deadline.at <= now else None


def next_deadline(state: ThreadState, now: datetime) -> datetime | None:
    """The earliest instant after `now` at which the workflow must be awake."""
    instants = [deadline.at for deadline in _pending(state)]
    instants.extend(send.not_before for send in state.outbox[:1] if send.not_before)
    if (until := reopenable_until(state)) is not None:
        instants.append(until)
    return min((instant for instant in instants if instant > now), default=None)


def awaited_answers(state: ThreadState) -> dict[str, datetime]:
    """Until when offers, and invitations to consult, wait for an answer, by their ids."""
    conversation = state.conversation
    if conversation is None:
        return {}
    invitations = {each.id: each.expires_at for each in conversation.participants if each.expires_at}
    offer = conversation.offer
    return invitations | ({offer.id: offer.expires_at} if offer is not None else {})


def reopenable_until(state: ThreadState) -> datetime | None:
    """Until when the closed conversation may be reopened; None where there is none, or it never may."""
    last_closed, within = state.last_closed, state.settings.reopen_closed_within_seconds
    if state.conversation is not None or last_closed is None or last_closed.closed_at is None or not within:
        return None
    return last_closed.closed_at + timedelta(seconds=within)


def _earliest(deadlines: Iterable[Deadline]) -> Deadline | None:
    return min(deadlines, key=lambda each: each.at, default=None)


def _pending(state: ThreadState) -> Iterator[Deadline]:
    for deadline in _all(state):
        done_for = state.fired_deadlines.get(deadline.kind) if deadline.once_for is not None else None
        if done_for is None or deadline.once_for is None or done_for < deadline.once_for:
            yield deadline


def _all(state: ThreadState) -> Iterator[Deadline]:
    if state.conversation is not None:
        yield _status_expiry(state, state.conversation)
        yield from _window(state, state.conversation)
        yield from _rules(state, state.conversation)
        yield from _distribution(state, state.conversation)
        yield from _invitations(state.conversation)
    if state.survey is not None:
        yield from _survey(state.survey)
    for message in state.held:
        yield Deadline(
            message.expires_at,
            f"held/{message.message_id}",
            lambda draft, message=message: held.expire(draft, message),  # type: ignore[misc]  # bound now
        )


def _by_setting(state: ThreadState, at: datetime) -> datetime:
    """An instant that a setting decides: never one before that setting came to be."""
    return at if state.settings_since is None else max(at, state.settings_since)


def _status_expiry(state: ThreadState, conversation: Conversation) -> Deadline:
    auto_close = timedelta(seconds=state.settings.auto_close_waiting_after_seconds)
    idle = (conversation.active_at + IDLE_LIMIT, Trigger.IDLE_TOO_LONG, "idle_limit")
    at, trigger, setting = {
        Status.OPEN: idle,
        Status.ACTIVE: idle,
        Status.WAITING: (
            _by_setting(state, conversation.active_at + auto_close),
            Trigger.WAITING_TOO_LONG,
            "auto_close_waiting_after_minutes",
        ),
        Status.WRAP_UP: (
            conversation.status_changed_at + WRAP_UP_LIMIT,
            Trigger.WRAP_UP_TOO_LONG,
            "wrap_up_limit",
        ),
    }[conversation.status]

    def act(draft: Draft) -> None:
        apply_transition(
            draft, conversation, required(conversation.status, trigger), why={"setting": setting}
        )

    return Deadline(at, trigger, act)


def _window(state: ThreadState, conversation: Conversation) -> Iterator[Deadline]:
    """Warnings for the agent who owes an answer, and the instants at which the stage changes."""
    if conversation.status not in _WORKABLE:
        return
    for stage, until in _closings(state.window):
        if until <= conversation.opened_or_reopened_at:
            continue
        if _owes_answer(state, conversation, stage):
            yield from _warning(state, conversation, stage, until)
        # One kind for both: an end before one that was told already, learnt of late, is no news.
        yield Deadline(until, "window.stage_ended", _stage_ended(stage, until), once_for=until)


def _closings(window: Window) -> Iterator[tuple[Stage, datetime]]:
    """The stages that end, and when. One that does not outlast the standard stage never comes."""
    standard, human_agent = window.standard_until, window.human_agent_until
    if standard is not None:
        yield Stage.STANDARD, standard
        if human_agent is not None and standard < human_agent:
            yield Stage.HUMAN_AGENT, human_agent


def _owes_answer(state: ThreadState, conversation: Conversation, stage: Stage) -> bool:
    """Whether somebody waits for an answer that this stage would still allow."""
    if conversation.status is Status.WAITING or conversation.last_speaker is not Side.CUSTOMER:
        return False
    if stage is Stage.STANDARD:
        return True
    session = conversation.session
    return session.human_agent_tag if session else state.settings.human_agent_tag


def _warning(
    state: ThreadState, conversation: Conversation, stage: Stage, until: datetime
) -> Iterator[Deadline]:
    owed_since = _newest(
        conversation.last_spoke_at, conversation.opened_or_reopened_at, conversation.accepted_at
    )
    early = until - timedelta(seconds=state.settings.window_warning_seconds)
    at = _by_setting(state, max(early, owed_since))
    if at >= until:
        return  # too late for a warning: the closing itself is told

    def act(draft: Draft) -> None:
        draft.note(
            FactKind.WINDOW_CLOSING_SOON,
            ActorKind.SYSTEM,
            conversation_id=conversation.id,
            data={
                "stage": stage,
                "until": until.isoformat(),
                "agent_id": conversation.agent_id,
                "setting": "window_warning_minutes",
            },
        )

    yield Deadline(at, f"window.{stage}_closing_soon", act, once_for=until)


def _stage_ended(stage: Stage, until: datetime) -> _Act:
    def act(draft: Draft) -> None:
        window, conversation = draft.state.window, draft.conversation
        unanswered = conversation is not None and _owes_answer(draft.state, conversation, stage)
        draft.note(
            FactKind.WINDOW_STAGE_CHANGED,
            ActorKind.SYSTEM,
            conversation_id=conversation.id if conversation else None,
            data={
                "from": stage,
                "to": window.stage_at(until),
                "opened_by": window.opened_by,
                "unanswered": unanswered,
            },
        )

    return act


def _rules(state: ThreadState, conversation: Conversation) -> Iterator[Deadline]:
    for rule in _first_of_each_condition(state.settings.time_out_rules):
        if _SPEAKER_BEFORE[rule.silent] is not conversation.last_speaker:
            continue
        if conversation.status not in _RULE_APPLIES[rule.action]:
            continue
        if rule.action is RuleAction.MOVE_TO_WAITING and conversation.phase is not Phase.IN_CONVERSATION:
            continue
        # Who takes a conversation up must have the rule's whole time before the rule takes it away again.
        taken_up_at = None if rule.action is RuleAction.SEND else conversation.accepted_at
        since = _newest(conversation.last_spoke_at, conversation.opened_or_reopened_at, taken_up_at)
        at = _by_setting(state, since + timedelta(seconds=rule.after_seconds))
        yield Deadline(at, f"rule/{rule.id}", _rule(rule), once_for=since)


def _newest(one: datetime | None, *others: datetime | None) -> datetime:
    return max(each for each in (one, *others) if each is not None)


def _first_of_each_condition(rules: tuple[TimeOutRule, ...]) -> Iterator[TimeOutRule]:
    """Of rules with the same condition only the one with the best priority runs."""
    seen: set[tuple[Silent, int]] = set()
    for rule in sorted(rules, key=lambda each: (each.priority, each.id)):
        if (rule.silent, rule.after_seconds) not in seen:
            seen.add((rule.silent, rule.after_seconds))
            yield rule


def _rule(rule: TimeOutRule) -> _Act:
    def act(draft: Draft) -> None:
        conversation = draft.conversation
        if conversation is None:
            return
        draft.note(
            FactKind.RULE_APPLIED,
            ActorKind.SYSTEM,
            conversation_id=conversation.id,
            data={
                "rule_id": rule.id,
                "silent": rule.silent,
                "after_seconds": rule.after_seconds,
                "action": rule.action,
            },
        )
        match rule.action:
            case RuleAction.CLOSE:
                row = required(conversation.status, Trigger.RULE_CLOSES)
                apply_transition(draft, conversation, row, why={"rule_id": rule.id})
            case RuleAction.MOVE_TO_WAITING:
                row = required(conversation.status, Trigger.RULE_MOVES_TO_WAITING, conversation.phase)
                apply_transition(draft, conversation, row, why={"rule_id": rule.id})
            case RuleAction.SEND if rule.receiver is Receiver.AGENT:
                agent_id = conversation.agent_id
                draft.notify(Notice(draft.new_id(), conversation.id, RULE, rule.id, agent_id))
            case RuleAction.SEND:
                say_automatically(draft, conversation, RULE, cause_id=rule.id, agent_id=conversation.agent_id)

    return act


def _distribution(state: ThreadState, conversation: Conversation) -> Iterator[Deadline]:
    """The ends of an offer, of a reservation, of waiting in a queue, of the capacity that wrap-up holds.

    And the opening of its queue.
    """
    if conversation.offer is not None:
        offer = conversation.offer
        yield Deadline(offer.expires_at, f"offer/{offer.id}", _offer_ends(offer))
    stay = conversation.stay
    if conversation.status is Status.OPEN and stay is not None and not stay.is_over:
        if stay.reserved_until is not None:
            yield Deadline(stay.reserved_until, "reservation", _reservation_ends)
        if stay.opens_at is not None:
            yield Deadline(stay.opens_at, "queue_opens", _queue_opens)
        if stay.overflow_at is not None:
            yield Deadline(stay.overflow_at, f"overflow/{stay.record.number}", _overflow(stay))
    if conversation.status is Status.WRAP_UP:
        since = conversation.status_changed_at
        frees_at = state.settings.distribution.wrap_up.frees_at(since)
        if frees_at is not None and frees_at > since:
            at = _by_setting(state, frees_at)
            yield Deadline(at, "wrap_up_capacity", _wrap_up_frees, once_for=since)


def _offer_ends(offer: Offer) -> _Act:
    trigger = Trigger.AUTO_ASSIGN if offer.at_end is AtEnd.ASSIGN else Trigger.NOTIFICATION_TIMED_OUT

    def act(draft: Draft) -> None:
        conversation = draft.conversation
        if conversation is not None:
            row = required(conversation.status, trigger, conversation.phase)
            apply_transition(draft, conversation, row)

    return act


def _reservation_ends(draft: Draft) -> None:
    if draft.conversation is not None:
        queue_stays.end_reservation(draft, draft.conversation)


def _queue_opens(draft: Draft) -> None:
    if draft.conversation is not None:
        queue_stays.open_queue(draft, draft.conversation)


def _overflow(stay: Stay) -> _Act:
    """It has waited for too long in its queue: it goes to another, or ends."""
    queue_id = stay.overflow_queue_id if stay.on_overflow is OverflowAction.TRANSFER else None

    def act(draft: Draft) -> None:
        conversation = draft.conversation
        if conversation is None:
            return
        draft.note(
            FactKind.CONVERSATION_OVERFLOWED,
            ActorKind.SYSTEM,
            conversation_id=conversation.id,
            data={
                "stay": stay.record.number,
                "queue_id": stay.record.queue_id,
                "condition": "while_queued",
                "to_queue_id": queue_id,
            },
        )
        trigger = Trigger.OVERFLOW if queue_id is None else Trigger.OVERFLOW_TO_QUEUE
        apply_transition(draft, conversation, required(conversation.status, trigger), queue_id=queue_id)

    return act


def _wrap_up_frees(draft: Draft) -> None:
    if draft.conversation is not None:
        draft.place(draft.conversation.id)


def _invitations(conversation: Conversation) -> Iterator[Deadline]:
    for each in conversation.participants:
        if each.expires_at is not None:
            yield Deadline(each.expires_at, f"consult/{each.id}", _invitation_ends(each))


def _invitation_ends(invitation: Participant) -> _Act:
    def act(draft: Draft) -> None:
        if draft.conversation is not None:
            participants.time_out_invitation(draft, draft.conversation, invitation)

    return act


def _survey(survey: Survey) -> Iterator[Deadline]:
    if survey.status is SurveyStatus.SCHEDULED:
        yield Deadline(survey.due_at, "survey.due", lambda draft: surveys.send_due_at(draft, survey))
    if survey.status is SurveyStatus.SENT and survey.remind_at is not None:
        yield Deadline(survey.remind_at, "survey.reminder", lambda draft: surveys.remind(draft, survey))
    if survey.status is SurveyStatus.SENT and survey.expires_at is not None:
        yield Deadline(survey.expires_at, "survey.expiry", lambda draft: surveys.expire(draft, survey))
