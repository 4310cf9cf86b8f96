"""One thread led by hand through the pure rules, for tests that tell a short story."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from domain.conversations.apply_routing import apply_agent_gone, apply_offer, apply_route
from domain.conversations.changes import Change, Fact, Refusal, SendOutcome
from domain.conversations.conversation import apply_event, decide, with_settings
from domain.conversations.deadlines import fire
from domain.conversations.lifecycle import Status
from domain.conversations.outbox import send_settled
from domain.conversations.state import Conversation, Survey, ThreadEvent, ThreadEventKind, ThreadState
from domain.routing.capacity import Origin
from domain.routing.demand import Demand
from domain.routing.route_result import RouteResult
from domain.routing.route_to_queue import RouteReason
from domain.routing.routing_signals import AgentGone, OfferMade
from domain.sending.delivery import MessageStatus
from domain.sending.window import OpeningKind, opening
from domain.workstreams.conversation_settings import AutomatedTrigger, ConversationSettings
from support.commands import make_command

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUIET = ConversationSettings(automated_messages=())
"""Settings under which Pagedesk says nothing by itself."""

_OPENS = {
    ThreadEventKind.MESSAGE: OpeningKind.MESSAGE,
    ThreadEventKind.STANDBY_MESSAGE: OpeningKind.MESSAGE,
    ThreadEventKind.POSTBACK: OpeningKind.POSTBACK,
    ThreadEventKind.ENTRY: OpeningKind.M_ME_LINK,
    ThreadEventKind.WINDOW_OPENING: OpeningKind.REACTION,
    ThreadEventKind.STANDBY_OPENING: OpeningKind.REACTION,
    ThreadEventKind.SURVEY_ANSWER: OpeningKind.QUICK_REPLY,
}


class Story:
    """A thread, its clock and everything recorded of it.

    Time stands still until a test moves `now`; nothing is acted on by itself until `fires`.
    """

    def __init__(self, settings: ConversationSettings = QUIET, now: datetime = NOON) -> None:
        self.state = ThreadState(settings=settings)
        self.now = now
        self.facts: list[Fact] = []
        self.changes: list[Change] = []
        self._numbers = count(1)

    def new_id(self) -> str:
        """The next id."""
        return f"id{next(self._numbers)}"

    def writes(
        self,
        kind: ThreadEventKind = ThreadEventKind.MESSAGE,
        *,
        at: datetime | None = None,
        survey_id: str | None = None,
    ) -> Change:
        """Something of the customer's arrives now, from now or from `at`."""
        instant = at or self.now
        opens = _OPENS.get(kind)
        opened = opening(opens, occurred_at=instant, received_at=self.now) if opens else None
        seq = self.state.applied_seq + 1
        event = ThreadEvent(seq, kind, instant, opened, f"m{seq}", survey_id)
        return self._keep(apply_event(self.state, event, self.now, self.new_id))

    def asks(self, action: str, agent: str = "mia", **more: Any) -> Change:
        """A command that must be obeyed."""
        outcome = self._decide(action, agent, **more)
        assert isinstance(outcome, Change), outcome
        return self._keep(outcome)

    def is_refused(self, action: str, agent: str = "mia", **more: Any) -> Refusal:
        """A command that must be refused."""
        outcome = self._decide(action, agent, **more)
        assert isinstance(outcome, Refusal), outcome
        return outcome

    def is_routed(self, queue_id: str = "default", **more: Any) -> Change:
        """Routing finds this queue for it."""
        more.setdefault("reason", RouteReason.NO_RULE_MATCHED)
        routed = RouteResult(Demand(queue_id, "messenger"), **more)
        return self._keep(apply_route(self.state, self.conversation.id, routed, self.now, self.new_id))

    def is_offered(self, agent: str = "mia", offer_id: str | None = None, **more: Any) -> Change:
        """The dispatcher has claimed this agent for it, in its present stay unless told otherwise."""
        stay = self.conversation.stay
        fits: dict[str, Any] = {
            "conversation_id": self.conversation.id,
            "stay": stay.record.number if stay else 0,
            "queue_id": stay.record.queue_id if stay else "default",
            "origin": Origin.PUSH,
            "valid_until": self.now + timedelta(minutes=5),
        }
        offer = OfferMade(offer_id=offer_id or self.new_id(), agent_id=agent, **(fits | more))
        return self._keep(apply_offer(self.state, offer, self.now, self.new_id))

    def agent_goes(self, agent: str = "mia", *, final: bool = True, since: datetime | None = None) -> Change:
        """An agent is not connected any more."""
        gone = AgentGone(agent, since or self.now, final)
        return self._keep(apply_agent_gone(self.state, gone, self.now, self.new_id))

    def fires(self) -> Change:
        """What is due by now is acted on."""
        return self._keep(fire(self.state, self.now, self.new_id))

    def passes(self, time: timedelta) -> Change:
        """Time passes, and what is due at its end is acted on."""
        self.now += time
        return self.fires()

    def sends(self, status: MessageStatus = MessageStatus.SENT, reason: str | None = None) -> Change:
        """The send at the head of the outbox ends."""
        outcome = SendOutcome(self.state.outbox[0].message_id, status, reason)
        return self._keep(send_settled(self.state, outcome, self.now, self.new_id))

    def sends_all(self) -> None:
        """Every send in the outbox succeeds."""
        while self.state.outbox:
            self.sends()

    def answers_on_page(self, survey_id: str) -> Change:
        """The customer answers a survey by its link."""
        return self._happens(ThreadEventKind.SURVEY_ANSWER, survey_id=survey_id)

    def has_files_refused(self, trigger: AutomatedTrigger) -> Change:
        """Files of a message of theirs turn out to be none that are taken."""
        return self._happens(ThreadEventKind.FILES_REFUSED, message_id="m-files", refused_files=trigger)

    def _happens(self, kind: ThreadEventKind, **facts: Any) -> Change:
        event = ThreadEvent(self.state.applied_seq + 1, kind, self.now, **facts)
        return self._keep(apply_event(self.state, event, self.now, self.new_id))

    def set_to(self, **settings: Any) -> None:
        """Some settings change now."""
        changed = replace(self.state.settings, **settings, version=self.state.settings.version + 1)
        self.state = with_settings(self.state, changed, self.now)

    @property
    def conversation(self) -> Conversation:
        """The live conversation, or the last closed one."""
        found = self.state.conversation or self.state.last_closed
        assert found is not None
        return found

    @property
    def status(self) -> Status:
        """Where the conversation stands."""
        return self.conversation.status

    @property
    def survey(self) -> Survey:
        """The thread's survey."""
        assert self.state.survey is not None
        return self.state.survey

    def told(self, kind: str) -> list[Fact]:
        """Every fact of one kind, oldest first."""
        return [fact for fact in self.facts if fact.kind == kind]

    def said(self) -> list[str | None]:
        """The triggers of what Pagedesk said by itself, oldest first."""
        return [send.trigger for change in self.changes for send in change.created_sends]

    def _decide(self, action: str, agent: str, **more: Any) -> Change | Refusal:
        found = self.state.conversation or self.state.last_closed
        asked = {"command_id": self.new_id(), "conversation_id": found.id if found else "none"}
        command = make_command(action, agent_id=agent, **(asked | more))
        return decide(self.state, command, self.now, self.new_id)

    def _keep(self, change: Change) -> Change:
        self.state = change.state
        self.changes.append(change)
        self.facts.extend(change.facts)
        return change
