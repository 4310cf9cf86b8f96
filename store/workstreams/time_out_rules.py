"""The time-out rules of workstreams."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import Session, col, func, select

from domain.workstreams.conversation_settings import Receiver, RuleAction, Silent
from domain.workstreams.conversation_settings import TimeOutRule as LiveRule
from store.db.refusals import RefusalReason, StoreRefusalError, not_found
from store.db.sql import table_of
from store.tables import TimeOutRule, Workstream
from store.workstreams.settings_versions import raise_versions_of_workstream

MAX_RULES = 20

_RULE = table_of(TimeOutRule)
_ACTIVE = (
    _RULE.select()
    .where(_RULE.c.workstream_id == bindparam("workstream_id"), _RULE.c.active)
    .order_by(_RULE.c.priority, _RULE.c.id)
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What an admin sets; the texts are by language tag."""

    silent: str
    after_seconds: int
    action: str
    receiver: str
    priority: int
    texts: dict[str, str]
    fallback_language: str | None
    active: bool


def active_rules(session: Session, workstream_id: str) -> tuple[LiveRule, ...]:
    """The rules as a conversation is judged by them, best priority first. One statement."""
    return tuple(
        LiveRule(
            rule.id,
            Silent(rule.silent),
            rule.after_seconds,
            RuleAction(rule.action),
            rule.priority,
            Receiver(rule.receiver),
        )
        for rule in session.connection().execute(_ACTIVE, {"workstream_id": workstream_id})
    )


def of_workstream(session: Session, workstream_id: str) -> list[TimeOutRule]:
    """A workstream's rules, best priority first."""
    return list(
        session.exec(
            select(TimeOutRule)
            .where(TimeOutRule.workstream_id == workstream_id)
            .order_by(col(TimeOutRule.priority), col(TimeOutRule.id))
        )
    )


def get(session: Session, workstream_id: str, rule_id: str) -> TimeOutRule:
    """One rule of a workstream; refused as `not_found`."""
    rule = session.get(TimeOutRule, rule_id)
    if rule is None or rule.workstream_id != workstream_id:
        raise not_found("time-out rule", rule_id)
    return rule


def add(session: Session, workstream_id: str, rule_id: str, rule: Rule, at: datetime) -> TimeOutRule:
    """A new rule; refused where the workstream has as many as it may."""
    # Locked, so that two who add a rule at the same time cannot pass the limit together.
    if session.get(Workstream, workstream_id, with_for_update=True) is None:
        raise not_found("workstream", workstream_id)
    count = session.exec(
        select(func.count()).select_from(TimeOutRule).where(TimeOutRule.workstream_id == workstream_id)
    ).one()
    if count >= MAX_RULES:
        raise StoreRefusalError(RefusalReason.LIMIT_REACHED, limit=MAX_RULES)
    row = TimeOutRule(id=rule_id, workstream_id=workstream_id, created_at=at, **asdict(rule))
    session.add(row)
    raise_versions_of_workstream(session, workstream_id)
    return row


def change(session: Session, workstream_id: str, rule_id: str, rule: Rule) -> TimeOutRule:
    """Let a rule say this from now on."""
    row = get(session, workstream_id, rule_id)
    row.sqlmodel_update(asdict(rule))
    raise_versions_of_workstream(session, workstream_id)
    return row


def delete(session: Session, workstream_id: str, rule_id: str) -> None:
    """Forget a rule."""
    session.delete(get(session, workstream_id, rule_id))
    raise_versions_of_workstream(session, workstream_id)
