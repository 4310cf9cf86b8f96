"""Makes the tables and pictures of `docs/lifecycle.md`; the words of the page are its own."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from domain.conversations.deadlines import IDLE_LIMIT, WRAP_UP_LIMIT
from domain.conversations.held_messages import HELD_LIMIT
from domain.conversations.lifecycle import AWAITED_TRIGGERS, TRANSITIONS, ActorKind, Status, Transition
from domain.events.kinds import FactKind
from domain.workstreams.conversation_settings import DEFAULT_SETTINGS, SurveySettings
from scripts.docs import lifecycle_picture, window_picture
from scripts.docs.marked import with_table

PICTURES: dict[str, Callable[[], str]] = {
    "lifecycle.svg": lifecycle_picture.picture,
    "window.svg": window_picture.picture,
}

_SURVEY = SurveySettings()

FACTS: tuple[tuple[FactKind, str, str], ...] = (
    (FactKind.CONVERSATION_OPENED, "a conversation began", "reason"),
    (FactKind.CONVERSATION_OPEN, "it waits in its queue again", "from, reason, setting"),
    (FactKind.CONVERSATION_ACTIVE, "an agent has it", "from, reason, setting"),
    (FactKind.CONVERSATION_WAITING, "it waits for the customer", "from, reason, rule_id"),
    (FactKind.CONVERSATION_WRAP_UP, "the agent ended it", "from, reason"),
    (FactKind.CONVERSATION_CLOSED, "it closed", "from, reason, setting or rule_id"),
    (FactKind.CONVERSATION_CONTEXT_CHANGED, "context variables were set or changed", "variables"),
    (FactKind.SESSION_STARTED, "an agent's turn began", "session_id, number, human_agent_tag, reason"),
    (FactKind.SESSION_CLOSED, "an agent's turn is over", "session_id, agent_id, reason"),
    (FactKind.MESSAGE_RECEIVED, "the customer wrote or pressed a button; dated by Meta", "kind, seq"),
    (
        FactKind.MESSAGE_RECEIVED_FROM_OUTSIDE,
        "a message that others sent for the Page; `is_answer`: by a person, as far as can be told",
        "kind, seq, is_answer",
    ),
    (
        FactKind.MESSAGE_RECEIVED_OUTSIDE_CONVERSATION,
        "a message for another app, and no conversation",
        "kind, seq",
    ),
    (FactKind.MESSAGE_QUEUED, "a message is to be sent", "trigger and cause_id, held_since, setting"),
    (FactKind.MESSAGE_SENDING, "an attempt to send it began", "attempt, allowed_by"),
    (FactKind.MESSAGE_SENT, "Meta has it", "attempt, allowed_by"),
    (FactKind.MESSAGE_FAILED, "it was not sent", "attempt, reason"),
    (FactKind.MESSAGE_UNKNOWN, "nobody knows yet whether it was sent", "attempt, reason"),
    (FactKind.MESSAGE_PARKED, "neither an echo nor Meta's conversation told; a person decides", "reason"),
    (FactKind.MESSAGE_RESENT, "it was sent again as another message", "attempt"),
    (FactKind.MESSAGE_SENT_TWICE, "a message that was said again had arrived after all", "message_id"),
    (
        FactKind.MESSAGE_NOT_ALLOWED,
        "an automated message that the window forbids",
        "trigger, cause_id, code, stage",
    ),
    (
        FactKind.MESSAGE_WITHHELD,
        "an automated message of which the customer has had enough; told once while that lasts",
        "trigger, cause_id, code, until",
    ),
    (FactKind.MESSAGE_HELD, "a reply waits for the customer", "reason, expires_at"),
    (FactKind.MESSAGE_HELD_OFFERED, "the customer is back: it may be sent", ""),
    (FactKind.MESSAGE_CANCELLED, "somebody took it back", "held_since"),
    (FactKind.MESSAGE_EXPIRED, "it was held for too long", "held_since, setting"),
    (FactKind.ATTACHMENT_READY, "a file of the customer's can be downloaded", "attachment_id, attempts"),
    (
        FactKind.ATTACHMENT_BLOCKED,
        "a file was not taken: switched off, or of a wrong type",
        "attachment_id, reason",
    ),
    (FactKind.ATTACHMENT_TOO_LARGE, "a file was not taken", "attachment_id, reason"),
    (FactKind.ATTACHMENT_EXPIRED, "Meta's link to a file led nowhere", "attachment_id, reason"),
    (FactKind.ATTACHMENT_UNSAFE, "a file was fetched and not kept", "attachment_id, reason"),
    (
        FactKind.ATTACHMENT_QUARANTINED,
        "a file was set aside after its tries",
        "attachment_id, reason, attempts",
    ),
    (FactKind.ATTACHMENT_FAILED, "a file could not be fetched", "attachment_id, reason, attempts"),
    (FactKind.NOTICE_SHOWN, "a line for the agent in the transcript", "trigger, cause_id, agent_id"),
    (FactKind.WINDOW_CLOSING_SOON, "who owes an answer is warned", "stage, until, agent_id, setting"),
    (FactKind.WINDOW_STAGE_CHANGED, "a stage of the window ended", "from, to, opened_by, unanswered"),
    (FactKind.RULE_APPLIED, "a time-out rule acted", "rule_id, silent, after, action"),
    (FactKind.SURVEY_SCHEDULED, "a survey is owed", "due_at, setting"),
    (FactKind.SURVEY_SENDING, "it is on its way", "way, setting"),
    (FactKind.SURVEY_SENT, "it is out", "message_status"),
    (FactKind.SURVEY_REMINDED, "the customer is reminded", "setting"),
    (FactKind.SURVEY_REMINDER_NOT_ALLOWED, "the window forbids the reminder", "code"),
    (FactKind.SURVEY_ANSWERED, "the customer answered; dated when they did", "late"),
    (FactKind.SURVEY_ANSWER_RECEIVED, "an answer came, by whichever way", "source, ignored, late"),
    (FactKind.SURVEY_ANSWER_IGNORED, "an answer that does not count", "seq"),
    (FactKind.SURVEY_EXPIRED, "nobody answered in time", "setting or reason"),
    (FactKind.SURVEY_NOT_ALLOWED, "the window forbids it", "reason"),
    (FactKind.SURVEY_SKIPPED, "there is none for this ending", "reason"),
    (FactKind.SURVEY_CANCELLED, "the talk went on before it was sent", "reason"),
    (FactKind.SURVEY_FAILED, "it could not be sent", "reason"),
    (FactKind.THREAD_TAKEN, "somebody took the thread from another app", "app_id"),
    (FactKind.THREAD_PASSED, "somebody gave the thread to another app or the Page inbox", "app_id"),
    (FactKind.THREAD_RELEASED, "somebody gave the thread up: every app may answer", ""),
    (FactKind.THREAD_REQUESTED, "somebody asked another app for the thread", "app_id"),
    (FactKind.COMMAND_REFUSED, "somebody asked for what was not possible", "action, code"),
    (
        FactKind.WEBHOOK_FIELDS_LEFT_OUT,
        "fields of an event had another type than Meta documents, and were not read",
        "inbox_id, kind, fields",
    ),
    (FactKind.EVENT_QUARANTINED, "an event that could not be applied was set aside", "seq"),
    (
        FactKind.EVENT_RETRACTED,
        "an earlier event tells of what never was: its task was discarded",
        "event_id, kind",
    ),
)
"""What can stand in a conversation's timeline: the kind, what it means, and what its data names."""


def renewed(page: str) -> str:
    """The page with its tables made anew."""
    for name, table in {"transitions": _transitions, "deadlines": _deadlines, "facts": _facts}.items():
        page = with_table(page, name, table())
    return page


def _transitions() -> str:
    return (
        _table(
            ("from", "to", "by", "trigger", "reason"),
            (
                (
                    _state(row.source) if row.source else "(new)",
                    _state(row.target),
                    row.actor.value,
                    _trigger(row) + (" †" if row.trigger in AWAITED_TRIGGERS else ""),
                    f"`{row.reason}`",
                )
                for row in TRANSITIONS
            ),
        )
        + "\n† comes with routing and bots; nothing pulls it yet.\n"
    )


def _deadlines() -> str:
    live = DEFAULT_SETTINGS
    return _table(
        ("what", "when", "set by", "default"),
        (
            ("Open or Active closes", "after the last activity", "fixed", _length(IDLE_LIMIT)),
            (
                "Waiting closes",
                "after the last activity",
                "workstream `auto_close_waiting_after`",
                _length(live.auto_close_waiting_after),
            ),
            ("Wrap-up closes", "after `end`", "fixed", _length(WRAP_UP_LIMIT)),
            (
                "Closed is final",
                "after the closing",
                "workstream `reopen_closed_within`",
                _length(live.reopen_closed_within),
            ),
            (
                "warning of a closing window",
                "before the standard window ends, and before the 7 days with the tag end",
                "workstream `window_warning`",
                _length(live.window_warning),
            ),
            ("a stage of the window ends", "24 h and 7 d after the opening", "Meta", ""),
            (
                "a time-out rule acts",
                "after the last message of the other side",
                "workstream `time_out_rules`",
                "none",
            ),
            ("a held message expires", "after it was held", "fixed", _length(HELD_LIMIT)),
            ("a survey is due", "after the ending", "page `survey.delay`", _length(_SURVEY.delay)),
            (
                "the survey's reminder",
                "after it was sent",
                "page `survey.reminder_after`",
                "none",
            ),
            (
                "a survey expires",
                "after it was sent",
                "page `survey.expires_after`",
                _length(_SURVEY.expires_after),
            ),
        ),
    )


def _facts() -> str:
    return _table(
        ("kind", "what happened", "data"), ((f"`{kind.value}`", what, data) for kind, what, data in FACTS)
    )


def _trigger(row: Transition) -> str:
    """What people do is named as its address is: `close-session`."""
    is_command = row.actor in (ActorKind.AGENT, ActorKind.SUPERVISOR)
    return f"`{row.trigger.replace('_', '-') if is_command else row.trigger}`"


def _state(status: Status) -> str:
    return status.replace("_", "-").capitalize()


def _length(length: timedelta | int) -> str:
    seconds = length if isinstance(length, int) else int(length.total_seconds())
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds and seconds % unit == 0:
            return f"{seconds // unit} {name}"
    return f"{seconds} s" if seconds else "0"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
