"""The settings that a conversation is judged by, read from the page and its workstream.

Read at each new conversation, command and deadline, so in three statements.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlmodel import Session, col

from domain.conversations.automated_messages import FOR_AGENTS
from domain.workstreams.conversation_settings import ConversationSettings, Receiver, RuleAction, TimeOutRule
from store.surveys.settings import active_survey
from store.tables import Page, Workstream
from store.workstreams import automated_messages, time_out_rules
from store.workstreams.work_distribution import conversation_distribution_of

SOURCES: tuple[Any, ...] = (
    col(Page.page_id),
    col(Page.human_agent_tag),
    col(Page.survey),
    col(Page.settings_version),
    col(Workstream.id).label("workstream_id"),
    col(Workstream.auto_close_waiting_after_seconds),
    col(Workstream.reopen_closed_within_seconds),
    col(Workstream.window_warning_seconds),
    col(Workstream.send_held_unseen),
    col(Workstream.allow_automated_messages),
    col(Workstream.disposition_required),
    col(Workstream.distribution_mode),
    col(Workstream.allow_picking),
    col(Workstream.capacity_units),
    col(Workstream.capacity_profile_ids),
    col(Workstream.wrap_up_capacity),
    col(Workstream.wrap_up_capacity_seconds),
    col(Workstream.skill_matching),
    col(Workstream.when_agent_gone),
    col(Workstream.notification),
)
"""What they are made of, to be selected from a page and its workstream together with anything else."""

_OF_PAGE = (
    select(*SOURCES)
    .join(Workstream, col(Workstream.id) == col(Page.workstream_id))
    .where(col(Page.page_id) == bindparam("page_id"))
)


def conversation_settings(session: Session, page_id: str) -> ConversationSettings:
    """The settings as they are now."""
    return settings_of(session, session.connection().execute(_OF_PAGE, {"page_id": page_id}).one())


def settings_of(session: Session, sources: Row[Any]) -> ConversationSettings:
    """As `conversation_settings`, with a row at hand that has `SOURCES`."""
    triggers = automated_messages.active_triggers(session, sources.page_id)
    rules = time_out_rules.active_rules(session, sources.workstream_id)
    if not sources.allow_automated_messages:
        triggers = tuple(trigger for trigger in triggers if trigger in FOR_AGENTS)
        rules = tuple(rule for rule in rules if not _speaks_to_customers(rule))
    return replace(
        settings_of_commands(sources),
        automated_messages=triggers,
        time_out_rules=rules,
        survey=active_survey(sources.survey),
    )


def settings_of_commands(sources: Row[Any]) -> ConversationSettings:
    """The settings that commands are judged by, without what is said by itself."""
    return ConversationSettings(
        human_agent_tag=sources.human_agent_tag,
        auto_close_waiting_after_seconds=sources.auto_close_waiting_after_seconds,
        reopen_closed_within_seconds=sources.reopen_closed_within_seconds,
        window_warning_seconds=sources.window_warning_seconds,
        send_held_unseen=sources.send_held_unseen,
        automated_messages=(),
        disposition_required=sources.disposition_required,
        workstream_id=sources.workstream_id,
        distribution=conversation_distribution_of(sources),
        version=sources.settings_version,
    )


def _speaks_to_customers(rule: TimeOutRule) -> bool:
    return rule.action is RuleAction.SEND and rule.receiver is Receiver.CUSTOMER
