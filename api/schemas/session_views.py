"""What the API shows of the session that is under way, and what a client opens with it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from pydantic import BaseModel

from domain.workstreams.automated_texts import fill_in
from store.conversations.listing import ConversationRecord
from store.workstreams.session_templates import CommunicationPanel, TabKind

_TITLE = "{CustomerName}"


class TabView(BaseModel):
    """A tab to open. `target` is the address of a `link`; the other kinds have none."""

    title: str
    kind: TabKind
    target: str | None
    can_close: bool


class SessionView(BaseModel):
    """The agent's turn that is under way. It keeps the human agent tag as it was when it started.

    Title, panel and tabs are those of the workstream's session template, with the placeholders filled in;
    values within an address are percent-encoded. Without a template the title is the customer's name.
    """

    id: str
    number: int
    agent_id: str | None
    human_agent_tag: bool
    started_at: datetime
    template_id: str | None
    title: str
    communication_panel: CommunicationPanel
    tabs: list[TabView]

    @classmethod
    def of(cls, record: ConversationRecord) -> Self | None:
        """The session of a conversation, if one is under way."""
        session, template = record.session, record.template
        if session is None:
            return None
        title = fill_in(template.title if template else _TITLE, record.names, record.variables)
        return cls(
            id=session.id,
            number=session.number,
            agent_id=session.agent_id,
            human_agent_tag=session.human_agent_tag,
            started_at=session.started_at,
            template_id=template.id if template else None,
            title=title if title.strip() else record.names["CustomerName"],
            communication_panel=CommunicationPanel(
                template.communication_panel if template else CommunicationPanel.DOCKED
            ),
            tabs=[_tab(tab, record) for tab in template.tabs] if template else [],
        )


def _tab(tab: dict[str, Any], record: ConversationRecord) -> TabView:
    target = tab["target"]
    if target is not None:
        target = fill_in(target, _encoded(record.names), _encoded(record.variables), is_prose=False)
    title = fill_in(tab["title"], record.names, record.variables)
    return TabView(title=title, kind=TabKind(tab["kind"]), target=target, can_close=tab["can_close"])


def _encoded(values: Mapping[str, str]) -> dict[str, str]:
    return {name: quote(value, safe="") for name, value in values.items()}
