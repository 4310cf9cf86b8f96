"""What can happen to a thread, as data: the same steps drive the pure rules and the real workflow.

A step names nothing by id. `realise` turns it into an event, a command or an outcome for a given state, so
that two sides that made different ids for the same things can be led through the same story.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import Any

from hypothesis import strategies as st

from domain.conversations.apply_routing import apply_agent_gone, apply_offer, apply_route, cause_of_gone
from domain.conversations.changes import Change, Refusal, SendOutcome
from domain.conversations.command_types import AgentCommand, ChangeParticipant, Command
from domain.conversations.conversation import apply_event, decide, with_settings
from domain.conversations.deadlines import fire, next_deadline
from domain.conversations.lifecycle import TRANSITIONS, ActorKind, Participation, allowed_commands
from domain.conversations.outbox import send_postponed, send_settled
from domain.conversations.queue_stays import is_unrouted
from domain.conversations.state import Conversation, ThreadEvent, ThreadEventKind, ThreadState
from domain.routing.absence import WhenAgentGone
from domain.routing.capacity import BlockCapacity, Origin, WrapUpCapacity
from domain.routing.demand import Demand
from domain.routing.offers import CLAIM_VALID_FOR, NotificationSettings
from domain.routing.route_result import RouteResult
from domain.routing.route_to_queue import RouteReason
from domain.routing.routing_signals import AgentGone, OfferMade
from domain.routing.work_distribution import PICK_FROM_THE_DEFAULT_QUEUE, ConversationDistribution
from domain.sending.decide_send import RefusalCode
from domain.sending.delivery import MessageStatus
from domain.sending.window import OpeningKind, WindowLengths, opening
from domain.workstreams.conversation_settings import (
    DEFAULT_SETTINGS,
    AutomatedTrigger,
    ConversationSettings,
    Receiver,
    RuleAction,
    Silent,
    SurveySettings,
    SurveyWay,
    TimeOutRule,
)
from support.commands import kind_of, make_command

START = datetime(2026, 3, 27, 12, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
HOUR = 3600
SETTINGS = replace(DEFAULT_SETTINGS, workstream_id="messenger")
"""What holds at first."""

ROUTED = RouteResult(
    Demand("default", "messenger"),
    RouteReason.NO_RULE_MATCHED,
    listed=True,
    diagnosis={"reason": "no_rule_matched"},
)
"""Where every conversation goes."""

_LENGTHS = WindowLengths(standard={OpeningKind.AD_MESSAGE: timedelta(days=7)})


@dataclass(frozen=True, slots=True)
class Happens:
    """An event of the thread, `ago` before it is learnt of."""

    kind: ThreadEventKind
    opens: OpeningKind | None = None
    ago: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class ComesAgain:
    """An event is delivered once more; `back` counts from the newest."""

    back: int = 0


class Meant(StrEnum):
    """Which conversation a command names."""

    LIVE = "live"
    FORMER = "former"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Asks:
    """A command.

    Without an `action` it is one that is allowed, without an `agent` it is asked by who has the conversation.
    `which` chooses among what is allowed, or among the held messages.
    """

    action: str | None = None
    agent: str | None = None
    supervises: bool = False
    meant: Meant = Meant.LIVE
    hold: bool = False
    skip_survey: bool = False
    colleague: str = "zoe"
    which: int = 0


@dataclass(frozen=True, slots=True)
class AsksAgain:
    """The newest command comes again under its id."""


@dataclass(frozen=True, slots=True)
class IsOffered:
    """The dispatcher tells of a claim: for the present stay, or, not `fresh`, for one that is past.

    `again`: it tells the present offer once more.
    """

    agent: str
    fresh: bool = True
    again: bool = False


@dataclass(frozen=True, slots=True)
class AgentGoes:
    """Who has the conversation, or is offered it, is gone; or, with `beside`, who takes part in it."""

    final: bool = True
    beside: bool = False


class SendResult(StrEnum):
    """How the send at the head of the outbox ends."""

    SENT = "sent"
    FAILED = "failed"
    REFUSED_BY_WINDOW = "refused_by_window"
    UNKNOWN = "unknown"
    POSTPONED = "postponed"


@dataclass(frozen=True, slots=True)
class SendEnds:
    """The send at the head of the outbox comes back."""

    result: SendResult


@dataclass(frozen=True, slots=True)
class Answers:
    """The customer answers a survey; not `genuine`: one that does not count. `by_page`: by the link."""

    genuine: bool = True
    by_page: bool = False


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """The page or its workstream is set otherwise."""

    settings: ConversationSettings


@dataclass(frozen=True, slots=True)
class TimePasses:
    """For `by`, or, where that is None, to `beside` the next deadline.

    `unnoticed`: Temporal is busy; what came due is acted on only after the next step.
    """

    by: timedelta | None = None
    beside: timedelta = timedelta(0)
    unnoticed: bool = False


Step = (
    IsOffered
    | AgentGoes
    | Happens
    | ComesAgain
    | Asks
    | AsksAgain
    | SendEnds
    | Answers
    | SettingsChange
    | TimePasses
)


@dataclass(frozen=True, slots=True)
class Postponed:
    """An attempt that sent nothing; the next comes no earlier than `until`."""

    message_id: str
    until: datetime


Doing = (
    ThreadEvent | OfferMade | AgentGone | Command | SendOutcome | Postponed | ConversationSettings | datetime
)
"""A step as it is done to one side; a datetime is the instant up to which time passes."""


def realise(step: Step, state: ThreadState, now: datetime, serial: int) -> Doing | None:
    """What a step is for a thread in `state`; None where there is nothing to do it to.

    `serial` numbers the steps: ids of messages and commands are made from it. Repetitions are the caller's.
    """
    doing: Doing | None = None
    match step:
        case Happens(kind=kind, opens=opens, ago=ago):
            doing = _event(kind, opens, now - ago, now, state.applied_seq + 1, f"m{serial}")
        case Asks():
            doing = _command(step, state, serial)
        case SendEnds(result=result):
            doing = _outcome(result, state, now)
        case Answers():
            doing = _answer(step, state, now, serial)
        case IsOffered():
            doing = _offer(step, state, now, serial)
        case AgentGoes(final=final):
            gone = _who_goes(step, state.conversation)
            doing = AgentGone(gone, now, final) if gone is not None else None
        case SettingsChange(settings=settings):
            doing = replace(settings, version=state.settings.version + 1)
        case TimePasses(by=by, beside=beside):
            due = next_deadline(state, now)
            goal = now + by if by is not None else (due or now) + beside
            doing = max(goal, now)
    return doing


def _event(
    kind: ThreadEventKind, opens: OpeningKind | None, at: datetime, now: datetime, seq: int, message_id: str
) -> ThreadEvent:
    opened = opening(opens, occurred_at=at, received_at=now, lengths=_LENGTHS) if opens else None
    named = kind not in (ThreadEventKind.WINDOW_OPENING, ThreadEventKind.STANDBY_OPENING)
    return ThreadEvent(seq, kind, at, opened, message_id if named else None)


def _offer(step: IsOffered, state: ThreadState, now: datetime, serial: int) -> OfferMade | None:
    live = state.conversation
    if live is None or live.stay is None:
        return None
    offer_id, agent_id = f"offer{serial}", step.agent
    if step.again and live.offer is not None:
        offer_id, agent_id = live.offer.id, live.offer.agent_id
    number = live.stay.record.number - (0 if step.fresh else 1)
    return OfferMade(
        offer_id,
        live.id,
        agent_id,
        number,
        live.stay.record.queue_id,
        Origin.PUSH,
        now + CLAIM_VALID_FOR,
    )


def _who_goes(step: AgentGoes, live: Conversation | None) -> str | None:
    if live is None:
        return None
    if step.beside:
        return live.participants[0].agent_id if live.participants else None
    return live.agent_id


def _command(step: Asks, state: ThreadState, serial: int) -> Command | None:
    live, former = state.conversation, state.last_closed
    meant = {Meant.LIVE: live or former, Meant.FORMER: former, Meant.UNKNOWN: None}[step.meant]
    action = step.action
    if action is None:
        allowed = ["start"]
        if meant:
            allowed = allowed_commands(meant.status, supervises=False, phase=meant.phase)
        action = allowed[step.which % len(allowed)]
    message_id = f"r{serial}" if action == "reply" else None
    if action in ("send_held", "cancel_message"):
        if not state.held:
            return None
        message_id = state.held[step.which % len(state.held)].message_id
    own: dict[str, Any] = {
        "message_id": message_id,
        "hold": step.hold and action == "reply",
        "skip_survey": step.skip_survey and action == "end",
    }
    if kind_of(action) is ChangeParticipant:
        own["participant_id"] = step.colleague
    return make_command(
        action,
        f"c{serial}",
        f"new{serial}" if action == "start" else meant.id if meant else "unknown",
        step.agent or (meant.agent_id if meant else None) or "mia",
        supervises=step.supervises,
        **own,
    )


def _outcome(result: SendResult, state: ThreadState, now: datetime) -> SendOutcome | Postponed | None:
    if not state.outbox or (state.outbox[0].not_before or now) > now:
        return None
    message_id = state.outbox[0].message_id
    match result:
        case SendResult.POSTPONED:
            return Postponed(message_id, now + timedelta(seconds=2))
        case SendResult.REFUSED_BY_WINDOW:
            return SendOutcome(message_id, MessageStatus.FAILED, RefusalCode.WINDOW_CLOSED)
        case SendResult.FAILED:
            return SendOutcome(message_id, MessageStatus.FAILED, "recipient_unavailable")
        case SendResult.SENT | SendResult.UNKNOWN:
            return SendOutcome(message_id, MessageStatus(result.value))


def _answer(step: Answers, state: ThreadState, now: datetime, serial: int) -> ThreadEvent | None:
    survey = state.survey
    if step.genuine and (survey is None or survey.sent_at is None):
        return None
    survey_id = survey.id if survey and step.genuine else None
    kind = ThreadEventKind.SURVEY_ANSWER
    if step.by_page:
        return ThreadEvent(state.applied_seq + 1, kind, now, survey_id=survey_id or "unknown")
    opened = opening(OpeningKind.QUICK_REPLY, occurred_at=now, received_at=now)
    return ThreadEvent(state.applied_seq + 1, kind, now, opened, f"m{serial}", survey_id)


@dataclass(slots=True)
class Model:
    """The pure rules in the role of the workflow: what it applies, and when it acts on deadlines."""

    state: ThreadState = field(default_factory=lambda: ThreadState(settings=SETTINGS))
    now: datetime = START
    serial: int = 0
    events: list[ThreadEvent] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    new_id: Callable[[], str] = field(default_factory=lambda: map("id{}".format, count(1)).__next__)

    def take(self, step: Step) -> list[Change | Refusal]:
        """Do one step, then act on what is due. Returns what came of it, in order."""
        self.serial += 1
        doing: Doing | None
        match step:
            case ComesAgain(back=back):
                doing = self.events[-1 - back % len(self.events)] if self.events else None
            case AsksAgain():
                doing = self.commands[-1] if self.commands else None
            case _:
                doing = realise(step, self.state, self.now, self.serial)
        outcomes = [] if doing is None else [self._do(doing)]
        if not (isinstance(step, TimePasses) and step.unnoticed):
            outcomes.append(self._apply(fire(self.state, self.now, self.new_id), "deadline"))
            outcomes += self._route()
        return outcomes

    def _route(self) -> list[Change | Refusal]:
        """Find the queue of what is in none."""
        live = self.state.conversation
        if live is None or not is_unrouted(live):
            return []
        number = live.stay.record.number + 1 if live.stay else 1
        change = apply_route(self.state, live.id, ROUTED, self.now, self.new_id)
        return [self._apply(change, f"route/{live.id}/{number}")]

    def _do(self, doing: Doing) -> Change | Refusal:
        state, now, new_id = self.state, self.now, self.new_id
        change, cause = Change(state), ""
        match doing:
            case ThreadEvent():
                self.events.append(doing)
                change, cause = apply_event(state, doing, now, new_id), f"event/{doing.seq}"
            case AgentCommand():
                self.commands.append(doing)
                outcome = decide(state, doing, now, new_id)
                if isinstance(outcome, Refusal):
                    return outcome
                change, cause = outcome, f"command/{doing.command_id}"
            case OfferMade():
                change, cause = apply_offer(state, doing, now, new_id), f"offer/{doing.offer_id}"
            case AgentGone():
                change = apply_agent_gone(state, doing, now, new_id)
                cause = cause_of_gone(state, doing)
            case SendOutcome():
                change, cause = send_settled(state, doing, now, new_id), f"send/{doing.message_id}"
            case Postponed():
                change = Change(send_postponed(state, doing.message_id, doing.until))
            case ConversationSettings():
                change = Change(with_settings(state, doing, now))
            case datetime():
                self.now = doing
        return self._apply(change, cause)

    def _apply(self, change: Change, cause: str) -> Change:
        self.state = change.state.with_next_version() if change.is_to_be_recorded else change.state
        return replace(change.caused_by(cause), state=self.state)


_AD = OpeningKind.AD_MESSAGE
_agos = st.sampled_from(
    [timedelta(0)] * 4 + [TICK, timedelta(hours=1), timedelta(hours=25), timedelta(days=9)]
)
_work = st.sampled_from(
    [
        (ThreadEventKind.MESSAGE, OpeningKind.MESSAGE),
        (ThreadEventKind.MESSAGE, OpeningKind.MESSAGE),
        (ThreadEventKind.MESSAGE, _AD),
        (ThreadEventKind.POSTBACK, OpeningKind.POSTBACK),
        (ThreadEventKind.ENTRY, OpeningKind.M_ME_LINK),
    ]
)
_no_work = st.sampled_from(
    [
        (ThreadEventKind.WINDOW_OPENING, OpeningKind.REACTION),
        (ThreadEventKind.STANDBY_MESSAGE, OpeningKind.MESSAGE),
        (ThreadEventKind.STANDBY_OPENING, OpeningKind.REACTION),
        (ThreadEventKind.OUTSIDE_MESSAGE, None),
        (ThreadEventKind.HANDED_OVER, None),
    ]
)
writes = st.builds(lambda what, ago: Happens(what[0], what[1], ago), _work, _agos)
happens_besides = st.builds(lambda what, ago: Happens(what[0], what[1], ago), _no_work, _agos)
comes_again = st.builds(ComesAgain, st.integers(0, 5))

_PEOPLE = (ActorKind.AGENT, ActorKind.SUPERVISOR)
COMMANDS = tuple(dict.fromkeys(row.trigger.value for row in TRANSITIONS if row.actor in _PEOPLE))
_agents = st.sampled_from([(None, False)] * 4 + [("mia", False), ("tom", False), ("eve", True)])
_meant = st.sampled_from([Meant.LIVE] * 6 + [Meant.FORMER, Meant.UNKNOWN])
asks = st.builds(
    lambda action, who, meant, skip: Asks(action, who[0], supervises=who[1], meant=meant, skip_survey=skip),
    st.sampled_from(COMMANDS),
    _agents,
    _meant,
    st.booleans(),
)
asks_what_is_legal = st.builds(
    lambda which, hold, skip: Asks(which=which, hold=hold, skip_survey=skip),
    st.integers(0, 3),
    st.booleans(),
    st.sampled_from([False, False, True]),
)
replies = st.builds(
    lambda who, hold: Asks("reply", who[0], supervises=who[1], hold=hold), _agents, st.booleans()
)
held_commands = st.builds(
    lambda action, who, which: Asks(action, who[0], supervises=who[1], which=which),
    st.sampled_from(["send_held", "cancel_message"]),
    _agents,
    st.integers(0, 3),
)
is_offered = st.builds(
    IsOffered,
    st.sampled_from(["mia", "mia", "tom"]),
    st.sampled_from([True, True, True, False]),
    st.sampled_from([False, False, False, True]),
)
agent_goes = st.builds(AgentGoes, st.booleans(), st.booleans())
_participations = st.sampled_from([each.value for each in Participation])
_beside = st.sampled_from([(None, False), (None, False), ("zoe", False), ("tom", False), ("eve", True)])
takes_part = st.builds(
    lambda action, who, colleague: Asks(action, who[0], supervises=who[1], colleague=colleague),
    _participations,
    _beside,
    st.sampled_from(["zoe", "zoe", "tom", "eve"]),
)
answers_invitation = st.builds(Asks, st.sampled_from(["accept", "accept", "decline"]), st.just("zoe"))
answers_offer = st.builds(
    Asks,
    st.sampled_from(["accept", "accept", "decline", "pick"]),
    st.sampled_from([None, None, "tom"]),
)
send_ends = st.builds(SendEnds, st.sampled_from([SendResult.SENT, *SendResult]))
answers = st.builds(Answers, st.booleans(), st.booleans())

_rules = st.lists(
    st.builds(
        TimeOutRule,
        st.sampled_from(["rule1", "rule2", "rule3"]),
        st.sampled_from(Silent),
        st.sampled_from([HOUR, 3 * HOUR, 30 * HOUR]),
        st.sampled_from(RuleAction),
        st.integers(0, 2),
        st.sampled_from(Receiver),
    ),
    max_size=3,
    unique_by=lambda rule: rule.id,
).map(tuple)
_survey = st.builds(
    SurveySettings,
    way=st.sampled_from(SurveyWay),
    late_by_template=st.booleans(),
    delay_seconds=st.sampled_from([0, HOUR, 25 * HOUR]),
    cool_down_seconds=st.sampled_from([0, 30 * 24 * HOUR]),
    reminder_after_seconds=st.sampled_from([None, 2 * HOUR, 30 * HOUR]),
    expires_after_seconds=st.sampled_from([3 * HOUR, 7 * 24 * HOUR]),
)
_OF_FILES = {AutomatedTrigger.FILE_TOO_LARGE, AutomatedTrigger.UNSUPPORTED_MESSAGE}
"""These are said of files, which no step brings."""
_triggers = st.sets(st.sampled_from([each for each in AutomatedTrigger if each not in _OF_FILES])).map(
    lambda chosen: tuple(sorted(chosen))
)
_distribution: st.SearchStrategy[ConversationDistribution] = st.builds(
    lambda notification, seconds, block, gone: replace(
        PICK_FROM_THE_DEFAULT_QUEUE,
        notification=notification,
        wrap_up=WrapUpCapacity(block, seconds),
        when_agent_gone=gone,
    ),
    st.sampled_from(
        [
            NotificationSettings(),
            NotificationSettings(reject_button=True, declined_sets_do_not_disturb=True),
            NotificationSettings(auto_assign=True),
            NotificationSettings(auto_assign=True, auto_accept=True),
            NotificationSettings(countdown_seconds=3600, reject_button=True, missed_sets_inactive=True),
        ]
    ),
    st.sampled_from([60, 3600]),
    st.sampled_from(BlockCapacity),
    st.sampled_from(WhenAgentGone),
)
settings_changes = st.builds(
    SettingsChange,
    st.builds(
        ConversationSettings,
        human_agent_tag=st.booleans(),
        auto_close_waiting_after_seconds=st.sampled_from([5 * 60, 24 * HOUR, 28 * 24 * HOUR]),
        reopen_closed_within_seconds=st.sampled_from([0, HOUR, 7 * 24 * HOUR]),
        window_warning_seconds=st.sampled_from([0, HOUR, 30 * HOUR]),
        send_held_unseen=st.booleans(),
        automated_messages=_triggers,
        time_out_rules=_rules,
        survey=st.one_of(_survey, _survey, st.none()),
        workstream_id=st.just("messenger"),
        distribution=_distribution,
    ),
)


def deadline_comes(*, unnoticed: st.SearchStrategy[bool]) -> st.SearchStrategy[TimePasses]:
    """Time passes to just before, at, or after the next deadline."""
    beside = st.sampled_from([-TICK, timedelta(0), timedelta(0), TICK, timedelta(minutes=3)])
    return st.builds(lambda beside, busy: TimePasses(None, beside, busy), beside, unnoticed)


def time_passes(*, unnoticed: st.SearchStrategy[bool]) -> st.SearchStrategy[TimePasses]:
    """Time passes, mostly to about the next deadline; `unnoticed` where Temporal may be busy."""
    by = st.builds(
        lambda by, busy: TimePasses(by, unnoticed=busy),
        st.sampled_from(
            [TICK, timedelta(minutes=1), timedelta(hours=3), timedelta(hours=25), timedelta(days=8)]
        ),
        unnoticed,
    )
    return deadline_comes(unnoticed=unnoticed) | by


def any_step(*, busy_engine: bool = True) -> st.SearchStrategy[Step]:
    """Every step there is, for lists of them. `busy_engine`: it may also come late to deadlines."""
    unnoticed = st.booleans() if busy_engine else st.just(value=False)
    return st.one_of(
        writes,
        happens_besides,
        comes_again,
        st.just(AsksAgain()),
        asks,
        asks_what_is_legal,
        replies,
        is_offered,
        is_offered,
        answers_offer,
        takes_part,
        takes_part,
        answers_invitation,
        agent_goes,
        held_commands,
        send_ends,
        answers,
        settings_changes,
        time_passes(unnoticed=unnoticed),
    )
