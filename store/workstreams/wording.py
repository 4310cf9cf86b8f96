"""What Pagedesk's own messages say: a level's text in the right language, its placeholders filled in.

The rules are told in `docs/automated-messages.md`.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from domain.conversations.automated_messages import FOR_AGENTS, RULE
from domain.workstreams.automated_texts import (
    default_text,
    fill_in,
    in_language,
    placeholder_names,
    says_nothing,
    uses,
)
from domain.workstreams.conversation_settings import AutomatedTrigger
from store.tables import Agent, Conversation, Customer, Page, Queue, TimeOutRule
from store.workstreams import automated_messages
from store.workstreams import context_variables as context
from store.workstreams.automated_messages import STOCK, EffectiveMessage

_AUTOMATED = {trigger.value: trigger for trigger in AutomatedTrigger}
_FIRST_WORDS = frozenset({AutomatedTrigger.GREETING, AutomatedTrigger.PRIVACY_NOTICE})
"""What a conversation begins with, perhaps before Meta has told who the customer is."""

# Read for every text: columns, not a row of the unit of work.
_PERSON = select(
    col(Customer.name), col(Customer.locale), col(Customer.profile_due_at), col(Customer.profile_asked_at)
).where(col(Customer.id) == bindparam("id"))

_QUEUE = (
    select(col(Queue.name))
    .join(Conversation, col(Conversation.queue_id) == col(Queue.id))
    .where(col(Conversation.id) == bindparam("id"))
)


@dataclass(frozen=True, slots=True)
class _Person:
    """Who the customer is, as far as Meta has told."""

    name: str | None
    locale: str | None
    profile_due_at: datetime | None
    profile_asked_at: datetime | None

    @property
    def is_awaited(self) -> bool:
        """Whether Meta is about to be asked about them for the first time."""
        return self.profile_due_at is not None and self.profile_asked_at is None


class Wording:
    """The words for one customer of one page, as the settings are now."""

    def __init__(self, session: Session, page: Page, customer_id: str) -> None:
        self._session = session
        self._page = page
        self._customer_id = customer_id

    def text(
        self, trigger: str, *, conversation_id: str, agent_id: str | None, cause_id: str | None = None
    ) -> str | None:
        """The text for a trigger. None: there is nothing to say, because its rule is gone or all blank.

        `cause_id`: the rule, or why there is a notice for the agent.
        """
        if trigger == RULE:
            wanted = self._rule_text(cause_id)
            return self.filled(wanted, conversation_id, agent_id) if wanted else None
        if trigger not in _AUTOMATED:
            return None
        known = _AUTOMATED[trigger]
        wanted = self._own_text(known)
        text = self.filled(wanted, conversation_id, agent_id) if wanted else None
        if text is not None:
            return text
        stock = default_text(known, *self._languages(known), cause=cause_id)
        return self.filled(stock, conversation_id, agent_id)

    def awaits_profile(self, trigger: str) -> bool:
        """Whether first words may be others as soon as Meta has told who the customer is, which is due.

        They may where the page's own text has the customer's name, or is there in several languages. A stock
        text does not wait.
        """
        customer = self._customer
        if trigger not in _FIRST_WORDS or customer is None or not customer.is_awaited:
            return False
        known = _AUTOMATED[trigger]
        message = self._effective[known]
        own = self._own_text(known)
        if message.texts_level == STOCK or own is None:
            return False
        return len(message.texts) > 1 or uses(own, "CustomerName")

    def filled(self, text: str, conversation_id: str, agent_id: str | None) -> str | None:
        """The text with its placeholders filled in; None where nothing but blanks and marks is left."""
        if "{" not in text:
            return text
        variables = context.as_texts(self._session, [conversation_id]).get(conversation_id, {})
        queue = self._queue_name(conversation_id) if uses(text, "QueueName") else None
        filled = fill_in(text, self._names(agent_id, queue), variables)
        return None if says_nothing(filled) else filled

    @property
    def customers_languages(self) -> tuple[str | None, ...]:
        """The languages in which the customer is spoken to, the best first."""
        return self._languages(None)

    @cached_property
    def _customer(self) -> "_Person | None":
        found = self._session.connection().execute(_PERSON, {"id": self._customer_id}).first()
        return _Person(*found) if found else None

    @cached_property
    def _effective(self) -> dict[AutomatedTrigger, EffectiveMessage]:
        return automated_messages.effective(self._session, self._page.page_id)

    def _languages(self, trigger: AutomatedTrigger | None) -> tuple[str | None, ...]:
        """The languages in which somebody is spoken to, the best first: agents in the page's alone."""
        if trigger in FOR_AGENTS or self._customer is None:
            return (self._page.language,)
        return (self._customer.locale, self._page.language)

    def _own_text(self, trigger: AutomatedTrigger) -> str | None:
        message = self._effective[trigger]
        if message.texts_level == STOCK:
            return None
        return in_language(message.texts, (*self._languages(trigger), message.fallback_language))

    def _rule_text(self, rule_id: str | None) -> str | None:
        rule = self._session.get(TimeOutRule, rule_id) if rule_id else None
        if rule is None:
            return None
        return in_language(rule.texts, (*self._languages(None), rule.fallback_language))

    def _queue_name(self, conversation_id: str) -> str | None:
        """The queue in which the conversation is, or was last."""
        return self._session.connection().execute(_QUEUE, {"id": conversation_id}).scalar()

    def _names(self, agent_id: str | None, queue: str | None) -> dict[str, str]:
        agent = self._session.get(Agent, agent_id) if agent_id else None
        return placeholder_names(
            agent.name if agent else None,
            self._customer.name if self._customer else None,
            self._page.name,
            queue,
        )
