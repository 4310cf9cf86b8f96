"""The settings of a page and its workstream that decide about conversations, as they are at one moment.

All lengths are in seconds. Every setting is read live, except the human agent tag: a session keeps the one
it began with. The triggers are those of docs/reference/service-behaviour.md that exist so far.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from domain.routing.work_distribution import PICK_FROM_THE_DEFAULT_QUEUE, ConversationDistribution

DAY = 24 * 3600


class AutomatedTrigger(StrEnum):
    """Why an automated message is sent."""

    GREETING = "greeting"
    PRIVACY_NOTICE = "privacy_notice"
    OUT_OF_HOURS = "out_of_hours"
    HOLIDAY = "holiday"
    OVERFLOW_ENDED = "overflow_ended"
    AGENT_NOT_ASSIGNED = "agent_not_assigned"
    AGENT_ASSIGNED = "agent_assigned"
    AGENT_JOINED = "agent_joined"
    TRANSFER_ACCEPTED = "transfer_accepted"
    AGENT_DISCONNECTED = "agent_disconnected"
    CONSULT_ACCEPTED = "consult_accepted"
    CONSULT_ENDED = "consult_ended"
    COLLEAGUE_JOINED = "colleague_joined"
    COLLEAGUE_LEFT = "colleague_left"
    AGENT_ENDED = "agent_ended"
    SESSION_ENDED = "session_ended"
    MESSAGE_NOT_SENT = "message_not_sent"
    OUTSIDE_WINDOW = "outside_window"
    FILE_TOO_LARGE = "file_too_large"
    UNSUPPORTED_MESSAGE = "unsupported_message"


class Receiver(StrEnum):
    """Who an automated message is for. What is for the agent never leaves Pagedesk."""

    CUSTOMER = "customer"
    AGENT = "agent"


class Silent(StrEnum):
    """Who has not answered: CUSTOMER after the agent's last message, AGENT after the customer's."""

    CUSTOMER = "customer"
    AGENT = "agent"


class RuleAction(StrEnum):
    """What a time-out rule does.

    RETURN_TO_QUEUE: the conversation waits in its queue again, and others are offered it before its agent.
    """

    SEND = "send"
    CLOSE = "close"
    MOVE_TO_WAITING = "move_to_waiting"
    RETURN_TO_QUEUE = "return_to_queue"


@dataclass(frozen=True, slots=True)
class TimeOutRule:
    """When somebody has been silent for longer than `after`, do something, once per silence.

    Of rules with the same `silent` and `after` only the one with the smallest `priority` runs (service
    behaviour 2.4). `receiver` matters to SEND alone; the texts are the store's.
    """

    id: str
    silent: Silent
    after_seconds: int
    action: RuleAction
    priority: int = 0
    receiver: Receiver = Receiver.CUSTOMER


class Question(StrEnum):
    """What a survey asks: satisfaction 1-5, recommendation 0-10, effort 1-7, or free text (by link alone)."""

    CSAT = "csat"
    NPS = "nps"
    CES = "ces"
    COMMENT = "comment"


class SurveyWay(StrEnum):
    """How a survey reaches the customer. TEMPLATE is Meta's customer feedback template."""

    LINK = "link"
    BUTTONS = "buttons"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class SurveySettings:
    """A page's survey. `late_by_template`: what is due after the 24 hours may go by Meta's template.

    `cool_down_seconds` is the least time between two surveys of one person.
    """

    question: Question = Question.CSAT
    way: SurveyWay = SurveyWay.LINK
    late_by_template: bool = False
    delay_seconds: int = 0
    cool_down_seconds: int = 0
    reminder_after_seconds: int | None = None
    expires_after_seconds: int = 7 * DAY


@dataclass(frozen=True, slots=True)
class ConversationSettings:
    """All that a conversation's rules depend on.

    `window_warning_seconds`: how long before each closing of the window the agent who owes an answer is
    warned.
    `send_held_unseen`: held messages are sent when the customer writes again, without another look.
    `automated_messages`: the triggers that are switched on; these unless an admin says otherwise.
    `disposition_required`: nobody ends a conversation without a disposition code.
    `distribution`: how the workstream `workstream_id` shares out its work.
    `version` numbers the settings of a page: each change gives a higher one. 0: never read. Two are equal if
    they say the same, whatever their versions.
    """

    human_agent_tag: bool = False
    auto_close_waiting_after_seconds: int = 28 * DAY
    reopen_closed_within_seconds: int = 0
    window_warning_seconds: int = 3600
    send_held_unseen: bool = False
    automated_messages: tuple[AutomatedTrigger, ...] = (
        AutomatedTrigger.FILE_TOO_LARGE,
        AutomatedTrigger.GREETING,
        AutomatedTrigger.HOLIDAY,
        AutomatedTrigger.MESSAGE_NOT_SENT,
        AutomatedTrigger.OUT_OF_HOURS,
        AutomatedTrigger.OUTSIDE_WINDOW,
        AutomatedTrigger.OVERFLOW_ENDED,
        AutomatedTrigger.UNSUPPORTED_MESSAGE,
    )
    time_out_rules: tuple[TimeOutRule, ...] = ()
    survey: SurveySettings | None = None
    disposition_required: bool = False
    workstream_id: str = ""
    distribution: ConversationDistribution = PICK_FROM_THE_DEFAULT_QUEUE
    version: int = field(default=0, compare=False)


DEFAULT_SETTINGS = ConversationSettings()
