"""What the rules of a page's workstream are, and what they may know of a conversation."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, exists, or_, select
from sqlmodel import Session, col

from domain.routing.conditions import Group
from domain.routing.demand import DEFAULT_QUEUE_ID
from domain.routing.rules import NO_CONTACT, ContactFacts, RoutingFacts, reads_contact, reads_profile
from domain.routing.work_distribution import WorkDistribution
from store.contacts import contacts
from store.contacts.links import contact_of
from store.db.sql import table_of
from store.routing.candidate_queues import EntrySettings, read_queues
from store.routing.rule_rows import ActiveRules, active_rules
from store.tables import Customer, Message, Page, Rule, RuleSet, Workstream
from store.workstreams.context_variables import of_conversations
from store.workstreams.work_distribution import work_distribution_of

_MESSAGES_LOOKED_AT = 50

_WORKSTREAM = (
    select(
        col(Page.language),
        *table_of(Workstream).columns,
        exists()
        .where(col(RuleSet.workstream_id) == col(Workstream.id), col(Rule.rule_set_id) == RuleSet.id)
        .label("has_rules"),
    )
    .join(Workstream, col(Workstream.id) == col(Page.workstream_id))
    .where(col(Page.page_id) == bindparam("page_id"))
)


@dataclass(frozen=True, slots=True)
class RouteData:
    """What a conversation of a page is routed by.

    `language`: the page's. `fallback`: the queue for what no rule routes.
    """

    page_id: str
    language: str | None
    workstream_id: str
    distribution: WorkDistribution
    rules: ActiveRules
    fallback: EntrySettings

    @property
    def has_rules(self) -> bool:
        """Whether any rule is asked."""
        return bool(self.rules.rule_sets or self.rules.route_rules)

    @property
    def reads_profile(self) -> bool:
        """Whether a rule reads what only the customer's profile tells."""
        return reads_profile(self._conditions)

    @property
    def reads_contact(self) -> bool:
        """Whether a rule reads what is known of the customer's contact."""
        return reads_contact(self._conditions)

    @property
    def _conditions(self) -> list[Group]:
        classifying = [rule.conditions for rule_set in self.rules.rule_sets for rule in rule_set.rules]
        return [*classifying, *(rule.conditions for rule in self.rules.route_rules)]


def read_route_data(session: Session, page_id: str) -> RouteData:
    """The data of a page: without rules and hours two statements."""
    row = session.connection().execute(_WORKSTREAM, {"page_id": page_id}).one()
    return _data_of(session, page_id, row.language, row, has_rules=row.has_rules)


def read_route_data_of(session: Session, workstream: Workstream, page_id: str) -> RouteData:
    """The same of a workstream, as it would be for a page of it."""
    page = session.get(Page, page_id)
    return _data_of(session, page_id, page.language if page else None, workstream, has_rules=True)


def _data_of(
    session: Session, page_id: str, language: str | None, row: Workstream | Row[Any], *, has_rules: bool
) -> RouteData:
    distribution = work_distribution_of(row)
    fallback_id = distribution.fallback_queue_id or DEFAULT_QUEUE_ID
    return RouteData(
        page_id=page_id,
        language=language,
        workstream_id=row.id,
        distribution=distribution,
        rules=active_rules(session, row.id) if has_rules else ActiveRules(),
        fallback=read_queues(session, [fallback_id])[fallback_id],
    )


def rule_names(session: Session, rule_ids: Collection[str]) -> dict[str, str]:
    """The names of rules, by their ids."""
    rows = session.execute(select(col(Rule.id), col(Rule.name)).where(col(Rule.id).in_(rule_ids)))
    return {row.id: row.name for row in rows}


def read_facts(session: Session, data: RouteData, customer_id: str, conversation_id: str) -> RoutingFacts:
    """What rules may know of a conversation: three statements, three more where one reads a contact."""
    customer = session.get_one(Customer, customer_id)
    referral = _last_referral(session, customer_id, conversation_id)
    return RoutingFacts(
        conversation_id=conversation_id,
        page_id=data.page_id,
        psid=customer.psid,
        language=data.language,
        customer_name=customer.name or _full_name(customer),
        locale=customer.locale,
        timezone=_hours(customer.timezone),
        referral=referral.get("ref"),
        referral_source=referral.get("source"),
        ad_id=referral.get("ad_id"),
        context=of_conversations(session, [conversation_id]).get(conversation_id, {}),
        contact=_contact(session, customer_id) if data.reads_contact else NO_CONTACT,
    )


def _contact(session: Session, customer_id: str) -> ContactFacts:
    contact_id = contact_of(session, customer_id)
    if contact_id is None:
        return NO_CONTACT
    content = contacts.get(session, contact_id).content
    return ContactFacts(
        contact_id, content.name, content.email, content.phone, content.number, content.fields
    )


def profile_is_due(session: Session, customer_id: str) -> bool:
    """Whether Meta is about to be asked about the customer for the first time, or is being asked."""
    customer = session.get_one(Customer, customer_id)
    return (
        customer.profile_due_at is not None
        and customer.profile_asked_at is None
        and not customer.profile_tries
    )


def _last_referral(session: Session, customer_id: str, conversation_id: str) -> dict[str, Any]:
    """The referral of the newest message that has one, of those of the conversation or of none yet."""
    newest = session.execute(
        select(col(Message.referral))
        .where(
            col(Message.customer_id) == customer_id,
            col(Message.direction) == "inbound",
            or_(col(Message.conversation_id).is_(None), col(Message.conversation_id) == conversation_id),
        )
        .order_by(col(Message.occurred_at).desc())
        .limit(_MESSAGES_LOOKED_AT)
    ).scalars()
    return next((referral for referral in newest if referral), {})


def _full_name(customer: Customer) -> str | None:
    return " ".join(filter(None, (customer.first_name, customer.last_name))) or None


def _hours(timezone: str | None) -> float | None:
    """Hours ahead of GMT, as Meta tells them; None where it told something else."""
    try:
        return float(timezone) if timezone is not None else None
    except ValueError:
        return None
