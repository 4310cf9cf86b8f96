"""What would become of a reply that an agent sends now, and when time alone changes that."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.conversations.command_types import Reply
from domain.conversations.judge_command import judge_command, window_verdict
from domain.conversations.legal_actions import Asker
from domain.conversations.state import Conversation, ThreadState
from domain.sending.decide_send import HUMAN_AGENT_TAG, RefusalCode, SendRefusal
from domain.sending.thread_owner import LAPSES_AFTER, NOBODY_KNOWN, ThreadOwner

OWNED_BY_OTHERS = "thread_owned_by_another_app"


class Verdict(StrEnum):
    """What becomes of a reply. LATER: it is taken, and waits until the page may send again."""

    ALLOWED = "allowed"
    LATER = "later"
    REFUSED = "refused"


class SentAs(StrEnum):
    """How a reply goes: as an ordinary one, or with Meta's human agent tag."""

    STANDARD = "standard"
    HUMAN_AGENT = "human_agent"


class PageGate(StrEnum):
    """Why a page sends nothing for now: until somebody mends it, or until an instant."""

    HELD = "page_held"
    PAUSED = "page_paused"


@dataclass(frozen=True, slots=True)
class ShutGate:
    """A page that may send nothing for now. `until`: of a pause."""

    why: PageGate
    until: datetime | None = None

    def is_shut(self, at: datetime) -> bool:
        """Whether it is still shut at an instant, if nobody opens it before."""
        return self.until is None or at < self.until


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """All that a reply is judged by."""

    state: ThreadState
    owner: ThreadOwner = NOBODY_KNOWN
    gate: ShutGate | None = None


@dataclass(frozen=True, slots=True)
class ReplyVerdict:
    """The verdict at one instant. `code`: why it is refused, or waits. `allowed_by`: the window's rule."""

    verdict: Verdict
    code: str | None = None
    allowed_by: str | None = None
    sent_as: SentAs | None = None


@dataclass(frozen=True, slots=True)
class ReplyOutlook:
    """The verdict now, and what it is to be from `changes_at` on, if nothing happens before.

    `may_hold`: what the window refuses is kept until the customer writes, if that is asked for.
    `reopening_brings_tag`: a session that began now would have the human agent tag, and this one has not.
    """

    now: ReplyVerdict
    may_hold: bool
    reopening_brings_tag: bool
    changes_at: datetime | None = None
    then: ReplyVerdict | None = None


def judge_reply(judged_by: JudgedBy, conversation: Conversation, asker: Asker, now: datetime) -> ReplyOutlook:
    """What becomes of somebody's reply in a conversation."""

    def at(instant: datetime, *, hold: bool = False) -> ReplyVerdict:
        return _verdict_at(judged_by, conversation, asker, instant, hold=hold)

    verdict = at(now)
    is_windows = verdict.code in list(RefusalCode)
    outlook = ReplyOutlook(
        verdict,
        may_hold=is_windows and at(now, hold=True).verdict is not Verdict.REFUSED,
        reopening_brings_tag=verdict.code == RefusalCode.HUMAN_AGENT_TAG_DISABLED
        and judged_by.state.settings.human_agent_tag,
    )
    for instant in _edges(judged_by, now):
        later = at(instant)
        if later != verdict:
            return replace(outlook, changes_at=instant, then=later)
    return outlook


def _verdict_at(
    judged_by: JudgedBy, conversation: Conversation, asker: Asker, now: datetime, *, hold: bool
) -> ReplyVerdict:
    state, gate = judged_by.state, judged_by.gate
    if judged_by.owner.as_of(now).is_other:
        return ReplyVerdict(Verdict.REFUSED, OWNED_BY_OTHERS)
    command = Reply(**asker.fields(conversation.id), message_id="", hold=hold)
    refusal = judge_command(state, command, now)
    if refusal is not None:
        return ReplyVerdict(Verdict.REFUSED, refusal.code)
    session = conversation.session
    permission = window_verdict(state, now, human_agent_tag=session is not None and session.human_agent_tag)
    if isinstance(permission, SendRefusal):  # it is held
        return ReplyVerdict(Verdict.LATER, permission.code)
    sent_as = SentAs.HUMAN_AGENT if permission == HUMAN_AGENT_TAG else SentAs.STANDARD
    if gate is not None and gate.is_shut(now):
        return ReplyVerdict(Verdict.LATER, gate.why, permission.rule, sent_as)
    return ReplyVerdict(Verdict.ALLOWED, None, permission.rule, sent_as)


def _edges(judged_by: JudgedBy, now: datetime) -> list[datetime]:
    """The instants to come at which time alone may change the verdict."""
    window, owner, gate = judged_by.state.window, judged_by.owner, judged_by.gate
    edges = {
        window.standard_until,
        window.human_agent_until,
        owner.known_at + LAPSES_AFTER if owner.is_other and owner.known_at is not None else None,
        gate.until if gate is not None else None,
    }
    return sorted(edge for edge in edges if edge is not None and edge > now)
