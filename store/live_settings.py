"""The settings that a conversation is judged by, read from the page and its workstream.

Read at each new conversation, command and deadline, so in three statements.
"""

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from domain.automated import FOR_AGENTS
from domain.settings import LiveSettings, Receiver, RuleAction, TimeOutRule
from store import automated_messages, time_out_rules
from store.survey_settings import active_survey
from store.tables import Page, Workstream

_PAGE = (
    select(Page, Workstream)
    .join(Workstream, col(Workstream.id) == col(Page.workstream_id))
    .where(col(Page.page_id) == bindparam("page_id"))
)


def live_settings(session: Session, page_id: str) -> LiveSettings:
    """The settings as they are now."""
    page, workstream = session.exec(_PAGE, params={"page_id": page_id}).one()
    return settings_of(session, page, workstream)


def settings_of(session: Session, page: Page, workstream: Workstream) -> LiveSettings:
    """As `live_settings`, with the rows at hand."""
    triggers = automated_messages.active_triggers(session, page.page_id)
    rules = time_out_rules.active_rules(session, workstream.id)
    if not workstream.allow_automated_messages:
        triggers = tuple(trigger for trigger in triggers if trigger in FOR_AGENTS)
        rules = tuple(rule for rule in rules if not _speaks_to_customers(rule))
    return LiveSettings(
        human_agent_tag=page.human_agent_tag,
        auto_close_waiting_after=workstream.auto_close_waiting_after,
        reopen_closed_within=workstream.reopen_closed_within,
        window_warning=workstream.window_warning,
        send_held_unseen=workstream.send_held_unseen,
        automated_messages=triggers,
        time_out_rules=rules,
        survey=active_survey(page),
    )


def _speaks_to_customers(rule: TimeOutRule) -> bool:
    return rule.action is RuleAction.SEND and rule.receiver is Receiver.CUSTOMER
