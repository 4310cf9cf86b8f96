"""When time-out rules of the workstream apply to a conversation, and what they do."""

from collections.abc import Iterator
from datetime import timedelta

from domain.conversations.automated_messages import RULE, say_automatically
from domain.conversations.changes import Draft
from domain.conversations.deadline_types import WORKABLE, Act, Deadline, by_setting, newest
from domain.conversations.lifecycle import ActorKind, Phase, Status, Trigger
from domain.conversations.state import Conversation, Notice, Side, ThreadState
from domain.conversations.transitions import apply_transition, required
from domain.events.kinds import FactKind
from domain.workstreams.conversation_settings import Receiver, RuleAction, Silent, TimeOutRule

_SPEAKER_BEFORE = {Silent.CUSTOMER: Side.AGENT, Silent.AGENT: Side.CUSTOMER}
_RULE_APPLIES = {
    RuleAction.SEND: WORKABLE,
    RuleAction.CLOSE: WORKABLE,
    RuleAction.MOVE_TO_WAITING: (Status.ACTIVE,),
    RuleAction.RETURN_TO_QUEUE: (Status.ACTIVE,),
}
_MOVES = {
    RuleAction.CLOSE: Trigger.RULE_CLOSES,
    RuleAction.MOVE_TO_WAITING: Trigger.RULE_MOVES_TO_WAITING,
    RuleAction.RETURN_TO_QUEUE: Trigger.RULE_RETURNS_TO_QUEUE,
}
_TAKES_FROM_AGENT = frozenset({RuleAction.MOVE_TO_WAITING, RuleAction.RETURN_TO_QUEUE})


def rule_deadlines(state: ThreadState, conversation: Conversation) -> Iterator[Deadline]:
    """The rules that somebody's silence will have applied."""
    for rule in _first_of_each_condition(state.settings.time_out_rules):
        if _SPEAKER_BEFORE[rule.silent] is not conversation.last_speaker:
            continue
        if conversation.status not in _RULE_APPLIES[rule.action]:
            continue
        if rule.action in _TAKES_FROM_AGENT and conversation.phase is not Phase.IN_CONVERSATION:
            continue
        # Who takes a conversation up must have the rule's whole time before the rule takes it away again.
        taken_up_at = None if rule.action is RuleAction.SEND else conversation.accepted_at
        since = newest(conversation.last_spoke_at, conversation.opened_or_reopened_at, taken_up_at)
        at = by_setting(state, since + timedelta(seconds=rule.after_seconds))
        yield Deadline(at, f"rule/{rule.id}", _rule(rule), once_for=since)


def _first_of_each_condition(rules: tuple[TimeOutRule, ...]) -> Iterator[TimeOutRule]:
    """Of rules with the same condition only the one with the best priority runs."""
    seen: set[tuple[Silent, int]] = set()
    for rule in sorted(rules, key=lambda each: (each.priority, each.id)):
        if (rule.silent, rule.after_seconds) not in seen:
            seen.add((rule.silent, rule.after_seconds))
            yield rule


def _rule(rule: TimeOutRule) -> Act:
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
        agent_id = conversation.agent_id
        if rule.action in _MOVES:
            row = required(conversation.status, _MOVES[rule.action], conversation.phase)
            apply_transition(draft, conversation, row, why={"rule_id": rule.id})
        elif rule.receiver is Receiver.AGENT:
            draft.notify(Notice(draft.new_id(), conversation.id, RULE, rule.id, agent_id))
        else:
            say_automatically(draft, conversation, RULE, cause_id=rule.id, agent_id=agent_id)

    return act
