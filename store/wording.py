"""What Pagedesk's own messages say: a level's text in the page's language, its placeholders filled in."""

from sqlmodel import Session

from domain.automated import RULE
from domain.automated_texts import default_text, fill_in, in_language, placeholder_names
from domain.settings import AutomatedTrigger
from store import automated_messages, context
from store.tables import Agent, Customer, Page, TimeOutRule

_AUTOMATED = {trigger.value: trigger for trigger in AutomatedTrigger}


class Wording:
    """The words for one customer of one page, as the settings are now."""

    def __init__(self, session: Session, page: Page, customer_id: str) -> None:
        self._session = session
        self._page = page
        self._customer_id = customer_id

    def text(
        self, trigger: str, *, conversation_id: str, agent_id: str | None, cause_id: str | None = None
    ) -> str | None:
        """The text for a trigger. None: there is nothing to say, because its rule is gone or all blank."""
        if trigger == RULE:
            wanted, stock = self._rule_text(cause_id), None
        elif trigger in _AUTOMATED:
            wanted, stock = self._own_text(_AUTOMATED[trigger]), _AUTOMATED[trigger]
        else:
            return None
        text = self._filled(wanted, conversation_id, agent_id) if wanted else None
        if text is None and stock is not None:
            return self._filled(default_text(stock, self._page.language), conversation_id, agent_id)
        return text

    def _own_text(self, trigger: AutomatedTrigger) -> str | None:
        message = automated_messages.effective(self._session, self._page.page_id)[trigger]
        return self._in_language(message.texts, message.fallback_language)

    def _rule_text(self, rule_id: str | None) -> str | None:
        rule = self._session.get(TimeOutRule, rule_id) if rule_id else None
        return self._in_language(rule.texts, rule.fallback_language) if rule else None

    def _in_language(self, texts: dict[str, str], fallback: str | None) -> str | None:
        language = self._page.language
        return in_language(texts, language, fallback or language)

    def _filled(self, text: str, conversation_id: str, agent_id: str | None) -> str | None:
        """The text with its placeholders filled in; None where nothing but blanks is left."""
        if "{" not in text:
            return text
        variables = context.as_texts(self._session, [conversation_id]).get(conversation_id, {})
        filled = fill_in(text, self._names(agent_id), variables)
        return filled if filled.strip() else None

    def _names(self, agent_id: str | None) -> dict[str, str]:
        agent = self._session.get(Agent, agent_id) if agent_id else None
        customer = self._session.get(Customer, self._customer_id)
        return placeholder_names(
            agent.name if agent else None, customer.name if customer else None, self._page.name
        )
