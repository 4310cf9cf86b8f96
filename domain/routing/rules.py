"""What routing rules know of a conversation, and the trace of what they did with it.

Source: docs/reference/work-distribution.md, "Rules".

A trace names rules and outcomes and never values: it may be stored, shown and logged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.routing.conditions import FieldCatalogue, FieldType, Group, Value, Values, fields_of

CONTEXT_PREFIX = "context."

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
        "priority": FieldType.NUMBER,
        "skills": FieldType.SET,
    },
    {CONTEXT_PREFIX: FieldType.ANY},
)
"""The fields of rules. `priority` and `skills` are what earlier rules gave; `context.x` is the variable x."""

_OF_PROFILE = frozenset({"customer_name", "locale", "timezone"})


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


class Stage(StrEnum):
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

    stage: Stage
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
