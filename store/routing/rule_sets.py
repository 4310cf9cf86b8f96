"""Rule sets of workstreams: what classifies conversations, and what leads them to queues."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from base.ids import new_id
from domain.routing.classification import MAX_RULE_SETS, ClassificationRule, validate_rule_sets
from domain.routing.classification import RuleSet as Classifying
from domain.routing.field_errors import FieldError
from domain.routing.route_to_queue import RouteRule, validate_route_rules
from store.db.refusals import RefusalReason, StoreRefusalError, not_found
from store.db.sql import delete_rows
from store.routing.configuration import note_change, read_known_ids, refuse_wrong
from store.routing.rule_rows import (
    CLASSIFICATION,
    ROUTE,
    columns_of_classification,
    columns_of_route,
)
from store.tables import Rule, RuleSet, Workstream

_WITHIN = "rule_sets.0."


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """A rule of a set. Its `id` is one that it had before, or empty for a new rule."""

    name: str
    rule: ClassificationRule | RouteRule
    active: bool = True


@dataclass(frozen=True, slots=True)
class RuleSetSettings:
    """What an admin sets. `kind`: `classification` or `route`. Rules are tried in their order."""

    kind: str
    name: str
    position: int
    active: bool
    rules: tuple[RuleSettings, ...]


def get(session: Session, workstream_id: str, rule_set_id: str) -> RuleSet:
    """A rule set of a workstream; refused as `not_found`."""
    rule_set = session.get(RuleSet, rule_set_id)
    if rule_set is None or rule_set.workstream_id != workstream_id:
        raise not_found("rule set", rule_set_id)
    return rule_set


def rules_of(session: Session, rule_set_ids: list[str]) -> dict[str, list[Rule]]:
    """The rules of several sets, in their order."""
    found: dict[str, list[Rule]] = {each: [] for each in rule_set_ids}
    rows = session.exec(
        select(Rule).where(col(Rule.rule_set_id).in_(rule_set_ids)).order_by(col(Rule.position), col(Rule.id))
    )
    for row in rows:
        found[row.rule_set_id].append(row)
    return found


def of_workstream(session: Session, workstream_id: str) -> list[RuleSet]:
    """The rule sets of a workstream: those that classify, in the order in which they do, then the route."""
    return list(
        session.exec(
            select(RuleSet)
            .where(RuleSet.workstream_id == workstream_id)
            .order_by(col(RuleSet.kind), col(RuleSet.position), col(RuleSet.created_at), col(RuleSet.id))
        )
    )


def add(
    session: Session, workstream_id: str, rule_set_id: str, settings: RuleSetSettings, at: datetime
) -> RuleSet:
    """A new rule set; refused where the workstream has as many of this kind as it may."""
    # Locked, so that two who add one at the same time cannot pass the limit together.
    if session.get(Workstream, workstream_id, with_for_update=True) is None:
        raise not_found("workstream", workstream_id)
    most = MAX_RULE_SETS if settings.kind == CLASSIFICATION else 1
    count = session.exec(
        select(func.count())
        .select_from(RuleSet)
        .where(RuleSet.workstream_id == workstream_id, RuleSet.kind == settings.kind)
    ).one()
    if count >= most:
        raise StoreRefusalError(RefusalReason.LIMIT_REACHED, limit=most)
    row = RuleSet(
        id=rule_set_id, workstream_id=workstream_id, kind=settings.kind, name=settings.name, created_at=at
    )
    session.add(row)
    session.flush()
    _apply(session, row, settings, {}, at)
    return row


def change(
    session: Session, workstream_id: str, rule_set_id: str, settings: RuleSetSettings, at: datetime
) -> RuleSet:
    """Let a rule set be this from now on. It keeps its kind, and rules keep their ids."""
    row = get(session, workstream_id, rule_set_id)
    if settings.kind != row.kind:
        refuse_wrong([FieldError("kind", "cannot_change", f"This rule set is of the kind {row.kind}.")])
    former = {rule.id: rule for rule in rules_of(session, [rule_set_id])[rule_set_id]}
    _apply(session, row, settings, former, at)
    return row


def delete(session: Session, workstream_id: str, rule_set_id: str) -> None:
    """Delete a rule set with its rules."""
    row = get(session, workstream_id, rule_set_id)
    delete_rows(session, Rule, col(Rule.rule_set_id) == rule_set_id)
    session.delete(row)
    note_change(session)


def _apply(
    session: Session, row: RuleSet, settings: RuleSetSettings, former: dict[str, Rule], at: datetime
) -> None:
    rules = [replace(each, rule=_with_id(each.rule)) for each in settings.rules]
    given = [each.rule.id for each in settings.rules]
    refuse_wrong(
        [
            FieldError(f"rules.{place}.id", "unknown_rule", "This rule set has no such rule.")
            for place, rule_id in enumerate(given)
            if rule_id and rule_id not in former
        ]
        or _wrong(session, row, rules)
    )
    made_at = {rule_id: rule.created_at for rule_id, rule in former.items()}
    for rule in former.values():
        session.expunge(rule)
    row.name, row.position, row.active = settings.name, settings.position, settings.active
    session.flush()
    delete_rows(session, Rule, col(Rule.rule_set_id) == row.id)
    for place, each in enumerate(rules):
        session.add(
            Rule(
                id=each.rule.id,
                rule_set_id=row.id,
                name=each.name,
                position=place,
                active=each.active,
                created_at=made_at.get(each.rule.id, at),
                **_columns(each.rule),
            )
        )
    note_change(session)


def _with_id(rule: ClassificationRule | RouteRule) -> ClassificationRule | RouteRule:
    return rule if rule.id else replace(rule, id=new_id())


def _columns(rule: ClassificationRule | RouteRule) -> dict[str, Any]:
    return columns_of_route(rule) if isinstance(rule, RouteRule) else columns_of_classification(rule)


def _wrong(session: Session, row: RuleSet, rules: list[RuleSettings]) -> list[FieldError]:
    known = read_known_ids(session)
    if row.kind == ROUTE:
        routes = tuple(each.rule for each in rules if isinstance(each.rule, RouteRule))
        return [*validate_route_rules(routes, known), *_unknown_overflow(routes, known.queues)]
    classifying = tuple(each.rule for each in rules if isinstance(each.rule, ClassificationRule))
    return [
        replace(error, path=error.path.removeprefix(_WITHIN))
        for error in validate_rule_sets((Classifying(row.id, classifying),), known)
    ]


def _unknown_overflow(rules: tuple[RouteRule, ...], queues: frozenset[str]) -> list[FieldError]:
    return [
        FieldError(
            f"rules.{place}.overflow.before.{number}.queue_id", "unknown_queue", "There is no such queue."
        )
        for place, rule in enumerate(rules)
        if rule.overflow is not None
        for number, pair in enumerate(rule.overflow.before)
        if pair.queue_id is not None and pair.queue_id not in queues
    ]
