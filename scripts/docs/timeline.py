"""Makes `console/src/timeline/facts.json`: all that the console's timeline has to have words for."""

import json

from domain.attachments.refusals import FileReason
from domain.conversations.automated_messages import RULE, WithheldCode
from domain.conversations.judge_command import REFUSAL_CODES
from domain.conversations.lifecycle import TRANSITIONS
from domain.conversations.projection import NEVER_WAS
from domain.conversations.state import ParticipantMode
from domain.conversations.surveys import INVITATION, REMINDER
from domain.events.reasons import OtherReason
from domain.pages.page_problems import KINDS, RESTORED, Severity
from domain.routing.capacity import Origin
from domain.routing.eligibility import ParkReason
from domain.routing.overflow import OverflowCondition
from domain.routing.route_to_queue import RouteReason
from domain.sending.decide_send import RefusalCode
from domain.sending.window import OpeningKind
from domain.workstreams.conversation_settings import AutomatedTrigger, RuleAction
from messenger.graph.error_table import ErrorKind
from scripts.docs.lifecycle import FACTS

_HOLDS_SENDS = (
    *(code for code, kind in KINDS.items() if kind.severity is Severity.HOLDS_SENDS),
    ErrorKind.AUTH,
    RESTORED,
    ErrorKind.POLICY,
    "held",
)
"""Why a page may send nothing; a message that waits for it says so."""

_OF_THE_API = ("at_capacity", "forbidden", "outcome_unknown", "thread_owned_by_another_app", "unknown_queue")

REASONS = frozenset(
    {
        *(row.reason for row in TRANSITIONS),
        NEVER_WAS,
        *RouteReason,
        *ParkReason,
        *RefusalCode,
        *WithheldCode,
        *ErrorKind,
        *FileReason,
        *OtherReason,
        *(f"page_{code}" for code in _HOLDS_SENDS),
    }
)
"""All that `reason` may say in a conversation's timeline, and `code` of an automated message.

What a connection to Meta failed with is not among them: it names the error of a library.
"""


def words_wanted() -> str:
    """Kinds, and the values of their data, as JSON."""
    wanted = {
        "kinds": [kind.value for kind, _, _ in FACTS],
        "reasons": sorted(REASONS),
        "codes": sorted({*REFUSAL_CODES, *_OF_THE_API}),
        "settings": sorted(SETTINGS),
        "triggers": sorted({*AutomatedTrigger, RULE, INVITATION, REMINDER}),
        "origins": sorted(Origin),
        "conditions": sorted(OverflowCondition),
        "openings": sorted(OpeningKind),
        "modes": sorted(ParticipantMode),
        "rule_actions": sorted(RuleAction),
    }
    return json.dumps(wanted, indent=1) + "\n"


SETTINGS = (
    "auto_close_waiting_after_minutes",
    "held_limit",
    "idle_limit",
    "reopen_closed_within_minutes",
    "send_held_unseen",
    "survey.delay_minutes",
    "survey.expires_after_hours",
    "survey.late_by_template",
    "survey.reminder_after_minutes",
    "survey.way",
    "when_empty",
    "window_warning_minutes",
    "wrap_up_limit",
)
"""All that `setting` may say."""
