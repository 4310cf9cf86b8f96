"""What routing rules know of a conversation, and the trace of what they did with it.

Source: docs/reference/work-distribution.md, "Rules".

A trace names rules and outcomes and never values: it may be stored, shown and logged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.routing.conditions import FieldCatalogue, FieldType, Group, Value, Values, fields_of

CONTEXT_PREFIX = "context."
CONTACT_PREFIX = "contact."

RULE_FIELDS = FieldCatalogue(
    {
        "customer_name": FieldType.TEXT,
        "locale": FieldType.TEXT,
        "timezone": FieldType.NUMBER,
        "psid": FieldType.TEXT,
        "page_id": FieldType.TEXT,
        "language": FieldType.TEXT,
        "referral": FieldType.TEXT,
        "referral_source": FieldType.TEXT,
        "ad_id": FieldType.TEXT,
        "contact_id": FieldType.TEXT,
        "contact_name": FieldType.TEXT,
        "contact_email": FieldType.TEXT,
        "contact_phone": FieldType.TEXT,
        "contact_number": FieldType.TEXT,
        "priority": FieldType.NUMBER,
        "skills": FieldType.SET,
    },
    {CONTEXT_PREFIX: FieldType.ANY, CONTACT_PREFIX: FieldType.TEXT},
)
"""The fields of rules. `priority` and `skills` are what earlier rules gave; `context.x` is the variable x,
`contact.x` the contact's field x of the business's own."""

_OF_PROFILE = frozenset({"customer_name", "locale", "timezone"})


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """The contact that the customer is linked to; all unset where there is none.

    `fields`: the business's own fields, by their names.
    """

    id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    number: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, str | None]:
        """All of it, by the names that conditions use."""
        return {
            "contact_id": self.id,
            "contact_name": self.name,
            "contact_email": self.email,
            "contact_phone": self.phone,
            "contact_number": self.number,
            **{f"{CONTACT_PREFIX}{name}": value for name, value in self.fields.items()},
        }


NO_CONTACT = ContactFacts()


@dataclass(frozen=True, slots=True)
class RoutingFacts:
    """What is known of a conversation when it is routed.

    `customer_name`: first and last name with a blank between. `timezone`: hours ahead of GMT, such as 5.5.
    `language` is that of the page. `referral`: the `ref` of the link or ad by which the customer came.
    `context`: the context variables, by their names.
    """

    conversation_id: str
    page_id: str
    psid: str
    language: str | None = None
    customer_name: str | None = None
    locale: str | None = None
    timezone: float | None = None
    referral: str | None = None
    referral_source: str | None = None
    ad_id: str | None = None
    context: Mapping[str, Value] = field(default_factory=dict)
    contact: ContactFacts = NO_CONTACT

    def values(self) -> dict[str, Value | tuple[str, ...] | None]:
        """All of it, by the names that conditions use."""
        return {
            "customer_name": self.customer_name,
            "locale": self.locale,
            "timezone": self.timezone,
            "psid": self.psid,
            "page_id": self.page_id,
            "language": self.language,
            "referral": self.referral,
            "referral_source": self.referral_source,
            "ad_id": self.ad_id,
            **self.contact.values(),
            **context_values(self.context),
        }


def context_values(context: Mapping[str, Value]) -> Values:
    """Context variables by the names that conditions use."""
    return {f"{CONTEXT_PREFIX}{name}": value for name, value in context.items()}


def reads_profile(conditions: Iterable[Group]) -> bool:
    """Whether any of the conditions reads what only the customer's profile tells.

    Routing then waits a moment for a profile that is still being read.
    """
    return any(not _OF_PROFILE.isdisjoint(fields_of(group)) for group in conditions)


def reads_contact(conditions: Iterable[Group]) -> bool:
    """Whether any of the conditions reads what is known of the customer's contact."""
    return any(
        name.startswith(("contact_", CONTACT_PREFIX)) for group in conditions for name in fields_of(group)
    )


class RoutingStage(StrEnum):
    """Which rules did something."""

    CLASSIFICATION = "classification"
    ROUTE_TO_QUEUE = "route_to_queue"


class RuleOutcome(StrEnum):
    """What became of a rule. Rules that are not in a trace were not looked at any more.

    MATCHED: its conditions hold, and how its queue stands is not known yet. OVERFLOWING: its queue overflows,
    and another rule decided.
    """

    NO_MATCH = "no_match"
    MATCHED = "matched"
    OVERFLOWING = "overflowing"
    APPLIED = "applied"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One rule and its outcome. `code` names an error or the condition of an overflow."""

    stage: RoutingStage
    rule_id: str
    outcome: RuleOutcome
    rule_set_id: str | None = None
    queue_id: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class KnownIds:
    """What rules may name: ids of what exists when they are saved."""

    skills: frozenset[str] = frozenset()
    profiles: frozenset[str] = frozenset()
    queues: frozenset[str] = frozenset()
