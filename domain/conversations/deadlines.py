"""Everything that happens at an instant without anybody's doing.

Deadlines follow from the state and the live settings; each is acted on once, and recorded with its own
instant even if a busy engine comes late.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from domain.conversations import held_messages as held
from domain.conversations import participants, surveys
from domain.conversations.changes import Change, Draft, NewId
from domain.conversations.deadline_types import Act, Deadline, by_setting
from domain.conversations.lifecycle import Status, Trigger
from domain.conversations.routing_deadlines import routing_deadlines
from domain.conversations.rule_deadlines import rule_deadlines
from domain.conversations.state import (
    Conversation,
    Participant,
    Survey,
    SurveyStatus,
    ThreadState,
)
from domain.conversations.transitions import apply_transition, required
from domain.conversations.window_deadlines import window_deadlines

IDLE_LIMIT = timedelta(days=30)
WRAP_UP_LIMIT = timedelta(days=1)
"""Open and Active close after 30 days, Wrap-up after one (docs/reference/service-behaviour.md, "Timers")."""


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
        yield from window_deadlines(state, state.conversation)
        yield from rule_deadlines(state, state.conversation)
        yield from routing_deadlines(state, state.conversation)
        yield from _invitations(state.conversation)
    if state.survey is not None:
        yield from _survey(state.survey)
    for message in state.held:
        yield Deadline(
            message.expires_at,
            f"held/{message.message_id}",
            lambda draft, message=message: held.expire(draft, message),  # type: ignore[misc]  # bound now
        )


def _status_expiry(state: ThreadState, conversation: Conversation) -> Deadline:
    auto_close = timedelta(seconds=state.settings.auto_close_waiting_after_seconds)
    idle = (conversation.active_at + IDLE_LIMIT, Trigger.IDLE_TOO_LONG, "idle_limit")
    at, trigger, setting = {
        Status.OPEN: idle,
        Status.ACTIVE: idle,
        Status.WAITING: (
            by_setting(state, conversation.active_at + auto_close),
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


def _invitations(conversation: Conversation) -> Iterator[Deadline]:
    for each in conversation.participants:
        if each.expires_at is not None:
            yield Deadline(each.expires_at, f"consult/{each.id}", _invitation_ends(each))


def _invitation_ends(invitation: Participant) -> Act:
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
