"""Everything that happens at an instant without anybody's doing.

Deadlines follow from the state and the live settings; each is acted on once, and recorded with its own
instant even if a busy engine comes late.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain import held, surveys
from domain.automated import RULE, say_automatically, tell_agent
from domain.changes import Change, Draft, NewId
from domain.delivery import MessageStatus
from domain.lifecycle import ActorKind, Status, Trigger
from domain.moves import move, required
from domain.settings import Receiver, RuleAction, Silent, TimeOutRule
from domain.state import Conversation, Speaker, SurveyStatus, ThreadState
from domain.window import Stage

IDLE_LIMIT = timedelta(days=30)
WRAP_UP_LIMIT = timedelta(days=1)
"""Service behaviour 2.2: Open and Active close after 30 days, Wrap-up after one."""

_Act = Callable[[Draft, datetime], None]
_SPEAKER_BEFORE = {Silent.CUSTOMER: Speaker.AGENT, Silent.AGENT: Speaker.CUSTOMER}
_WORKABLE = (Status.OPEN, Status.ACTIVE, Status.WAITING)
_RULE_APPLIES = {
    RuleAction.SEND: _WORKABLE,
    RuleAction.CLOSE: _WORKABLE,
    RuleAction.MOVE_TO_WAITING: (Status.ACTIVE,),
}


@dataclass(frozen=True, slots=True)
class Deadline:
    """What is to happen `at` an instant. `kind` is stable; `once`: it leaves no other mark in the state."""

    at: datetime
    kind: str
    act: _Act
    once: bool = False


def fire(state: ThreadState, now: datetime, new_id: NewId) -> Change:
    """Act on every deadline that has come, in the order of their instants."""
    draft = Draft(state, now, new_id)
    fire_due(draft, now)
    return draft.done()


def fire_due(draft: Draft, until: datetime) -> None:
    """Act on every deadline up to `until`, that instant included."""
    while (deadline := _earliest(_pending(draft.state))) is not None and deadline.at <= until:
        if deadline.once:
            draft.set(fired={**draft.state.fired, deadline.kind: deadline.at})
        draft.cause = f"deadline/{deadline.kind}/{deadline.at.isoformat()}"
        deadline.act(draft, deadline.at)
    draft.cause = ""


def is_due(state: ThreadState, now: datetime) -> bool:
    """Whether a deadline waits to be acted on."""
    deadline = _earliest(_pending(state))
    return deadline is not None and deadline.at <= now


def next_deadline(state: ThreadState, now: datetime) -> datetime | None:
    """The earliest instant after `now` at which the workflow must be awake."""
    instants = [deadline.at for deadline in _pending(state)]
    instants.extend(send.not_before for send in state.outbox[:1] if send.not_before)
    if (until := reopenable_until(state)) is not None:
        instants.append(until)
    return min((instant for instant in instants if instant > now), default=None)


def reopenable_until(state: ThreadState) -> datetime | None:
    """Until when the closed conversation may be reopened; None where there is none, or it never may."""
    former, within = state.former, state.settings.reopen_closed_within
    if state.conversation is not None or former is None or former.closed_at is None or not within:
        return None
    return former.closed_at + timedelta(seconds=within)


def _earliest(deadlines: Iterable[Deadline]) -> Deadline | None:
    return min(deadlines, key=lambda each: each.at, default=None)


def _pending(state: ThreadState) -> Iterator[Deadline]:
    for deadline in _all(state):
        fired = state.fired.get(deadline.kind) if deadline.once else None
        if fired is None or fired < deadline.at:
            yield deadline


def _all(state: ThreadState) -> Iterator[Deadline]:
    if state.conversation is not None:
        yield _status_expiry(state, state.conversation)
        yield from _window(state, state.conversation)
        yield from _rules(state, state.conversation)
    yield from _survey(state)
    for message in state.held:
        yield Deadline(
            message.expires_at,
            f"held/{message.message_id}",
            lambda draft, _, message=message: held.drop(  # type: ignore[misc]  # bound now, not later
                draft, message, MessageStatus.EXPIRED, ActorKind.SYSTEM, None
            ),
        )


def _status_expiry(state: ThreadState, conversation: Conversation) -> Deadline:
    auto_close = timedelta(seconds=state.settings.auto_close_waiting_after)
    at, trigger, setting = {
        Status.OPEN: (conversation.active_at + IDLE_LIMIT, Trigger.IDLE_TOO_LONG, "idle_limit"),
        Status.ACTIVE: (conversation.active_at + IDLE_LIMIT, Trigger.IDLE_TOO_LONG, "idle_limit"),
        Status.WAITING: (
            conversation.active_at + auto_close,
            Trigger.WAITING_TOO_LONG,
            "auto_close_waiting_after",
        ),
        Status.WRAP_UP: (
            conversation.status_changed_at + WRAP_UP_LIMIT,
            Trigger.WRAP_UP_TOO_LONG,
            "wrap_up_limit",
        ),
    }[conversation.status]

    def act(draft: Draft, instant: datetime) -> None:
        row = required(conversation.status, trigger)
        move(draft, conversation, row, at=instant, why={"setting": setting})

    return Deadline(at, trigger, act)


def _window(state: ThreadState, conversation: Conversation) -> Iterator[Deadline]:
    """Warnings for the agent who owes an answer, and the instants at which the stage changes."""
    if conversation.status not in _WORKABLE:
        return
    ends = {
        Stage.STANDARD: state.window.standard_until,
        Stage.HUMAN_AGENT: state.window.human_agent_until,
    }
    for stage, until in ends.items():
        if until is None or until <= conversation.live_since:
            continue
        if _owes_answer(state, conversation, stage):
            yield _warning(state, conversation, stage, until)
        yield Deadline(until, f"window.{stage}_ended", _stage_ended(conversation.id, until), once=True)


def _owes_answer(state: ThreadState, conversation: Conversation, stage: Stage) -> bool:
    """Whether somebody waits for an answer that this stage would still allow."""
    if conversation.status is Status.WAITING or conversation.spoke is not Speaker.CUSTOMER:
        return False
    if stage is Stage.STANDARD:
        return True
    session = conversation.session
    return session.human_agent_tag if session else state.settings.human_agent_tag


def _warning(state: ThreadState, conversation: Conversation, stage: Stage, until: datetime) -> Deadline:
    at = max(until - timedelta(seconds=state.settings.window_warning), conversation.spoke_at or until)
    at = min(at, until)

    def act(draft: Draft, instant: datetime) -> None:
        draft.note(
            "window.closing_soon",
            ActorKind.SYSTEM,
            at=instant,
            conversation_id=conversation.id,
            data={
                "stage": stage,
                "until": until.isoformat(),
                "agent_id": conversation.agent_id,
                "setting": "window_warning",
            },
        )

    return Deadline(at, f"window.{stage}_closing_soon", act, once=True)


def _stage_ended(conversation_id: str, until: datetime) -> _Act:
    def act(draft: Draft, instant: datetime) -> None:
        before = draft.state.window.stage_at(until - timedelta(microseconds=1))
        after = draft.state.window.stage_at(until)
        if before is after:
            return  # a long standard window outlasts the human agent's
        draft.note(
            "window.stage_changed",
            ActorKind.SYSTEM,
            at=instant,
            conversation_id=conversation_id,
            data={"from": before, "to": after},
        )

    return act


def _rules(state: ThreadState, conversation: Conversation) -> Iterator[Deadline]:
    if conversation.spoke is None or conversation.spoke_at is None:
        return
    for rule in _first_of_each_condition(state.settings.time_out_rules):
        if _SPEAKER_BEFORE[rule.silent] is not conversation.spoke:
            continue
        if conversation.status not in _RULE_APPLIES[rule.action]:
            continue
        since = max(conversation.spoke_at, conversation.live_since)
        if rule.action is not RuleAction.SEND and conversation.session is not None:
            # Who reopens a conversation must have the rule's whole time before it takes it away again.
            since = max(since, conversation.session.started_at)
        at = since + timedelta(seconds=rule.after)
        yield Deadline(at, f"rule/{rule.id}", _rule(rule), once=True)


def _first_of_each_condition(rules: tuple[TimeOutRule, ...]) -> Iterator[TimeOutRule]:
    """Of rules with the same condition only the one with the best priority runs."""
    seen: set[tuple[Silent, int]] = set()
    for rule in sorted(rules, key=lambda each: (each.priority, each.id)):
        if (rule.silent, rule.after) not in seen:
            seen.add((rule.silent, rule.after))
            yield rule


def _rule(rule: TimeOutRule) -> _Act:
    def act(draft: Draft, at: datetime) -> None:
        conversation = draft.conversation
        if conversation is None:
            return
        draft.note(
            "rule.applied",
            ActorKind.SYSTEM,
            at=at,
            conversation_id=conversation.id,
            data={
                "rule_id": rule.id,
                "silent": rule.silent,
                "after": rule.after,
                "action": rule.action,
            },
        )
        match rule.action:
            case RuleAction.CLOSE:
                row = required(conversation.status, Trigger.RULE_CLOSES)
                move(draft, conversation, row, at=at, why={"rule_id": rule.id})
            case RuleAction.MOVE_TO_WAITING:
                row = required(conversation.status, Trigger.RULE_MOVES_TO_WAITING)
                move(draft, conversation, row, at=at, why={"rule_id": rule.id})
            case RuleAction.SEND if rule.receiver is Receiver.AGENT:
                tell_agent(draft, conversation, RULE, cause_id=rule.id, agent_id=conversation.agent_id, at=at)
            case RuleAction.SEND:
                say_automatically(draft, conversation, RULE, cause_id=rule.id, agent_id=conversation.agent_id)

    return act


def _survey(state: ThreadState) -> Iterator[Deadline]:
    survey = state.survey
    if survey is None:
        return
    if survey.status is SurveyStatus.SCHEDULED:
        yield Deadline(survey.due_at, "survey.due", lambda draft, at: surveys.when_due(draft, survey, at))
    if survey.status is SurveyStatus.SENT and survey.remind_at is not None:
        yield Deadline(
            survey.remind_at, "survey.reminder", lambda draft, at: surveys.remind(draft, survey, at)
        )
    if survey.status is SurveyStatus.SENT and survey.expires_at is not None:
        yield Deadline(
            survey.expires_at, "survey.expiry", lambda draft, at: surveys.expire(draft, survey, at)
        )
