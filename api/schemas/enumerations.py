"""Texts of a row that are one of a few values, as the OpenAPI document tells them.

Rows hold them as texts: an answer is not refused where an older row has a value that there is no more.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from domain.conversations.lifecycle import TRANSITIONS
from domain.conversations.surveys import COOL_DOWN, NO_AGENT
from domain.events.kinds import FactKind
from domain.pages.page_problems import KINDS
from domain.sending.decide_send import (
    CUSTOMER_FEEDBACK_TAG,
    HUMAN_AGENT_TAG,
    REFUSED_BY_WINDOW,
    STANDARD_WINDOW,
    SenderKind,
)
from domain.sending.send_gate import SendGate
from domain.workstreams.conversation_settings import AutomatedTrigger
from store.tables.pages import PROVISIONING_STATES


def one_of(values: Iterable[str]) -> Any:
    """Annotates a text with the values that it may have."""
    schema: dict[str, Any] = {"enum": sorted(set(values))}
    return Field(json_schema_extra=schema)


MessageDirection = Annotated[str, one_of(["inbound", "outbound", "internal"])]
MessageSender = Annotated[str, one_of([*SenderKind, "customer", "outside"])]
MessageKind = Annotated[
    str,
    one_of([*AutomatedTrigger, "message", "postback", "unsupported", "rule", "survey", "survey_reminder"]),
]
AllowedBy = Annotated[
    str, one_of(each.rule for each in (STANDARD_WINDOW, HUMAN_AGENT_TAG, CUSTOMER_FEEDBACK_TAG))
]
SurveySkipReason = Annotated[str, one_of([NO_AGENT, COOL_DOWN, *REFUSED_BY_WINDOW])]
StatusReason = Annotated[str, one_of(row.reason for row in TRANSITIONS)]
EventKind = Annotated[str, one_of(FactKind)]
ProvisioningState = Annotated[str, one_of(PROVISIONING_STATES)]
GateState = Annotated[str, one_of(SendGate)]
ProblemCode = Annotated[str, one_of(KINDS)]
