"""An offer: a conversation that awaits an agent's acceptance, and how that ends.

Source: docs/reference/work-distribution.md, "Offers".

An offer is open in `[made_at, expires_at)`: at the instant of its end it is over.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.routing.capacity import Origin
from domain.routing.field_errors import FieldError, out_of_range
from domain.routing.presence import PresenceMark

DEFAULT_COUNTDOWN_SECONDS = 120
MIN_COUNTDOWN_SECONDS, MAX_COUNTDOWN_SECONDS = 10, 3600

CLAIM_VALID_FOR = timedelta(minutes=5)
"""How long a claim is an offer that its conversation may take up.

Short, it would turn a jam into a livelock: everything lapses and is offered anew.
"""


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """How agents are told of offers, and what is done without their answer.

    `auto_assign`: nobody can decline, and when the time is up the agent has it. `auto_accept`: the agent has
    it at once; it needs `auto_assign`. `missed_sets_inactive`, `declined_sets_do_not_disturb`: what an offer
    without answer, or a declined one, does to the agent's presence.
    """

    countdown_seconds: int = DEFAULT_COUNTDOWN_SECONDS
    show_countdown: bool = True
    reject_button: bool = False
    auto_assign: bool = False
    auto_accept: bool = False
    missed_sets_inactive: bool = False
    declined_sets_do_not_disturb: bool = False

    @property
    def may_be_declined(self) -> bool:
        """Whether an agent may say no."""
        return self.reject_button and not self.auto_assign


class AtEnd(StrEnum):
    """What happens when nobody has answered an offer in time."""

    RETURN = "return"
    ASSIGN = "assign"


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer, with the settings of the moment at which it was made. `id` is also the slot's."""

    id: str
    agent_id: str
    origin: Origin
    made_at: datetime
    expires_at: datetime
    at_end: AtEnd = AtEnd.RETURN
    may_be_declined: bool = False

    def is_over(self, at: datetime) -> bool:
        """Whether it is too late for an answer."""
        return at >= self.expires_at


def make_offer(
    offer_id: str, agent_id: str, origin: Origin, settings: NotificationSettings, now: datetime
) -> Offer:
    """The offer as it begins now. With `auto_accept` it is over at once, with ASSIGN at its end."""
    countdown = timedelta(0) if settings.auto_accept else timedelta(seconds=settings.countdown_seconds)
    at_end = AtEnd.ASSIGN if settings.auto_assign else AtEnd.RETURN
    return Offer(offer_id, agent_id, origin, now, now + countdown, at_end, settings.may_be_declined)


class Answer(StrEnum):
    """What an agent may say to an offer."""

    ACCEPT = "accept"
    DECLINE = "decline"


class AnswerRefusal(StrEnum):
    """Why an answer does not count."""

    NOT_OFFERED_TO_YOU = "not_offered_to_you"
    OFFER_OVER = "offer_over"
    CANNOT_BE_DECLINED = "cannot_be_declined"


def judge_answer(
    offer: Offer | None, agent_id: str, answer: Answer, at: datetime, *, offer_id: str | None = None
) -> AnswerRefusal | None:
    """Whether an agent's answer counts; None if it does. `offer_id`: the offer that it names, if any."""
    if offer is None or offer.agent_id != agent_id:
        return AnswerRefusal.NOT_OFFERED_TO_YOU
    if offer_id not in (None, offer.id) or offer.is_over(at):
        return AnswerRefusal.OFFER_OVER
    if answer is Answer.DECLINE and not offer.may_be_declined:
        return AnswerRefusal.CANNOT_BE_DECLINED
    return None


class OfferEnd(StrEnum):
    """How an offer ended. WITHDRAWN: somebody else took the conversation, or it was closed."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    TIMED_OUT = "timed_out"
    AGENT_GONE = "agent_gone"
    WITHDRAWN = "withdrawn"


class NextPhase(StrEnum):
    """Where the conversation goes when its offer ends. ELSEWHERE: what withdrew the offer decides."""

    IN_CONVERSATION = "in_conversation"
    BACK_TO_QUEUE = "back_to_queue"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class OfferOutcome:
    """What the end of an offer means for the conversation and the agent.

    `counts_as_declined`: it counts towards the decline limit of this agent for this item.
    """

    phase: NextPhase
    mark: PresenceMark | None = None
    counts_as_declined: bool = False


def offer_end_outcome(offer: Offer, settings: NotificationSettings, end: OfferEnd) -> OfferOutcome:
    """What follows. `settings` are those of now; whether time makes it an assignment is the offer's."""
    match end:
        case OfferEnd.ACCEPTED:
            return OfferOutcome(NextPhase.IN_CONVERSATION)
        case OfferEnd.TIMED_OUT if offer.at_end is AtEnd.ASSIGN:
            return OfferOutcome(NextPhase.IN_CONVERSATION)
        case OfferEnd.TIMED_OUT:
            mark = PresenceMark.MISSED if settings.missed_sets_inactive else None
            return OfferOutcome(NextPhase.BACK_TO_QUEUE, mark, counts_as_declined=True)
        case OfferEnd.DECLINED:
            mark = PresenceMark.DECLINED if settings.declined_sets_do_not_disturb else None
            return OfferOutcome(NextPhase.BACK_TO_QUEUE, mark, counts_as_declined=True)
        case OfferEnd.AGENT_GONE:
            return OfferOutcome(NextPhase.BACK_TO_QUEUE)
        case OfferEnd.WITHDRAWN:
            return OfferOutcome(NextPhase.ELSEWHERE)


def validate_notifications(settings: NotificationSettings) -> list[FieldError]:
    """What is wrong with notification settings that are to be saved."""
    errors = out_of_range(
        "countdown_seconds", settings.countdown_seconds, MIN_COUNTDOWN_SECONDS, MAX_COUNTDOWN_SECONDS
    )
    if settings.auto_accept and not settings.auto_assign:
        message = "Offers can be accepted automatically only if they are assigned automatically."
        errors.append(FieldError("auto_accept", "needs_auto_assign", message))
    if settings.auto_assign and settings.reject_button:
        message = "An offer that is assigned automatically cannot be rejected."
        errors.append(FieldError("reject_button", "not_with_auto_assign", message))
    return errors
