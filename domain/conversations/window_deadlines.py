"""The instants at which the window's stage changes, and the warnings before them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from domain.conversations.changes import Draft
from domain.conversations.deadline_types import WORKABLE, Act, Deadline, by_setting, newest
from domain.conversations.lifecycle import ActorKind, Status
from domain.conversations.state import Conversation, Side, ThreadState
from domain.events.kinds import FactKind
from domain.sending.window import Stage, Window


def window_deadlines(state: ThreadState, conversation: Conversation) -> Iterator[Deadline]:
    """Warnings for the agent who owes an answer, and the instants at which the stage changes."""
    if conversation.status not in WORKABLE:
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


def warning_at(state: ThreadState, now: datetime) -> datetime | None:
    """When whoever owes an answer is warned of the next closing of the window, or was; None after the last.

    It may be later for who owes it only since then.
    """
    until = state.window.next_change_after(now)
    return _early(state, until) if until is not None else None


def _early(state: ThreadState, until: datetime) -> datetime:
    return until - timedelta(seconds=state.settings.window_warning_seconds)


def _warning(
    state: ThreadState, conversation: Conversation, stage: Stage, until: datetime
) -> Iterator[Deadline]:
    owed_since = newest(
        conversation.last_spoke_at, conversation.opened_or_reopened_at, conversation.accepted_at
    )
    early = _early(state, until)
    at = by_setting(state, max(early, owed_since))
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


def _stage_ended(stage: Stage, until: datetime) -> Act:
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
