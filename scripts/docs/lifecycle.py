"""Makes the tables and pictures of `docs/lifecycle.md`; its text is written by hand."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from domain.conversations.deadlines import IDLE_LIMIT, WRAP_UP_LIMIT
from domain.conversations.held_messages import HELD_LIMIT
from domain.conversations.lifecycle import (
    PARTICIPATION,
    TRANSITIONS,
    WITHOUT_CAUSE,
    ActorKind,
    Phase,
    Status,
    Transition,
)
from domain.events.kinds import FactKind
from domain.routing.offers import DEFAULT_COUNTDOWN_SECONDS
from domain.routing.work_distribution import WorkDistribution
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
    (FactKind.CONVERSATION_OPEN, "it waits in its queue again", "from, reason, setting or rule_id"),
    (FactKind.CONVERSATION_ACTIVE, "an agent has it", "from, reason, setting"),
    (FactKind.CONVERSATION_WAITING, "it waits for the customer", "from, reason, rule_id"),
    (FactKind.CONVERSATION_WRAP_UP, "the agent ended it", "from, reason, disposition_code_id"),
    (
        FactKind.CONVERSATION_CLOSED,
        "it closed",
        "from, reason, setting or rule_id, disposition_code_id",
    ),
    (FactKind.CONVERSATION_CONTEXT_CHANGED, "context variables were set or changed", "variables"),
    (FactKind.NOTE_CREATED, "a colleague wrote a note", "note_id"),
    (FactKind.NOTE_CHANGED, "its author changed it", "note_id"),
    (FactKind.NOTE_DELETED, "its author or a supervisor deleted it", "note_id"),
    (FactKind.CONVERSATION_QUEUED, "it entered a queue", "queue_id, stay, priority, reason"),
    (
        FactKind.CONVERSATION_RESERVED,
        "it is kept for an agent: nobody else is offered it",
        "stay, agent_id, until",
    ),
    (
        FactKind.CONVERSATION_OVERFLOWED,
        "its queue was closed or full, or it waited there for too long",
        "stay, queue_id, condition, to_queue_id",
    ),
    (
        FactKind.CONVERSATION_PARKED,
        "everybody who may have it has declined: it can be picked and assigned",
        "queue_id, reason",
    ),
    (FactKind.OFFER_MADE, "it is offered to an agent", "offer_id, agent_id, origin, expires_at"),
    (FactKind.OFFER_ACCEPTED, "the agent has it", "offer_id, agent_id"),
    (FactKind.OFFER_DECLINED, "the agent declined; `mark`: of their presence", "offer_id, agent_id, mark"),
    (FactKind.OFFER_TIMED_OUT, "nobody answered in time", "offer_id, agent_id, mark"),
    (
        FactKind.OFFER_WITHDRAWN,
        "somebody else has it, it was closed, or the agent is gone",
        "offer_id, agent_id, reason",
    ),
    (FactKind.CONSULT_ASKED, "a colleague is asked to advise", "participant_id, agent_id, expires_at"),
    (FactKind.CONSULT_ACCEPTED, "the colleague reads along from now on", "participant_id, agent_id"),
    (FactKind.CONSULT_DECLINED, "the colleague declined", "participant_id, agent_id"),
    (FactKind.CONSULT_TIMED_OUT, "the colleague did not answer in time", "participant_id, agent_id"),
    (
        FactKind.CONSULT_WITHDRAWN,
        "the colleague is asked no more, as the session ended or they are gone",
        "participant_id, agent_id, reason",
    ),
    (
        FactKind.PARTICIPANT_JOINED,
        "somebody takes part beside the agent, or in another way than before",
        "participant_id, agent_id, mode",
    ),
    (
        FactKind.PARTICIPANT_LEFT,
        "somebody takes part no more",
        "participant_id, agent_id, mode, reason",
    ),
    (
        FactKind.SESSION_STARTED,
        "an agent's turn began, or its offer",
        "session_id, number, human_agent_tag, reason",
    ),
    (FactKind.SESSION_CLOSED, "an agent's turn ended", "session_id, agent_id, reason"),
    (FactKind.MESSAGE_RECEIVED, "the customer wrote or pressed a button; dated by Meta", "kind, seq"),
    (
        FactKind.MESSAGE_RECEIVED_FROM_OUTSIDE,
        "a message that another app or the Page inbox sent; `is_answer`: a person seems to have written it",
        "kind, seq, is_answer",
    ),
    (
        FactKind.MESSAGE_RECEIVED_OUTSIDE_CONVERSATION,
        "a message to a thread that another app controls, without a conversation",
        "kind, seq",
    ),
    (FactKind.MESSAGE_QUEUED, "a message waits to be sent", "trigger and cause_id, held_since, setting"),
    (FactKind.MESSAGE_SENDING, "an attempt to send it began", "attempt, allowed_by"),
    (FactKind.MESSAGE_SENT, "Meta accepted it", "attempt, allowed_by"),
    (FactKind.MESSAGE_FAILED, "it was not sent", "attempt, reason"),
    (FactKind.MESSAGE_UNKNOWN, "it is not known whether it was sent", "attempt, reason"),
    (
        FactKind.MESSAGE_PARKED,
        "neither an echo nor the thread at Meta showed whether it was sent; a person decides",
        "reason",
    ),
    (FactKind.MESSAGE_RESENT, "it was sent again as another message", "attempt"),
    (FactKind.MESSAGE_EDITED, "the customer has edited a message", ""),
    (FactKind.MESSAGE_DELETED, "the customer has taken a message back", ""),
    (FactKind.MESSAGE_REACTED, "the customer has reacted to a message, or taken that back", "action"),
    (FactKind.MESSAGE_SENT_TWICE, "the customer has received a resent message twice", "message_id"),
    (
        FactKind.MESSAGE_NOT_ALLOWED,
        "an automated message that the window forbids",
        "trigger, cause_id, code, stage",
    ),
    (
        FactKind.MESSAGE_WITHHELD,
        "an automated message was not sent, as the customer has received too many; recorded once",
        "trigger, cause_id, code, until",
    ),
    (FactKind.MESSAGE_HELD, "a reply is kept until the customer writes again", "reason, expires_at"),
    (FactKind.MESSAGE_HELD_OFFERED, "the customer wrote again: the held message can be sent", ""),
    (FactKind.MESSAGE_CANCELLED, "it was cancelled", "held_since"),
    (FactKind.MESSAGE_EXPIRED, "it was held for too long", "held_since, setting"),
    (FactKind.ATTACHMENT_READY, "a file of the customer's can be downloaded", "attachment_id, attempts"),
    (
        FactKind.ATTACHMENT_BLOCKED,
        "a file was refused: files are disabled, or its type is not allowed",
        "attachment_id, reason",
    ),
    (FactKind.ATTACHMENT_TOO_LARGE, "a file was refused: it is too large", "attachment_id, reason"),
    (FactKind.ATTACHMENT_EXPIRED, "Meta's link to a file does not work any more", "attachment_id, reason"),
    (
        FactKind.ATTACHMENT_UNSAFE,
        "a file was not kept, because it is not safe",
        "attachment_id, reason",
    ),
    (
        FactKind.ATTACHMENT_QUARANTINED,
        "a file was given up after several tries",
        "attachment_id, reason, attempts",
    ),
    (FactKind.ATTACHMENT_FAILED, "a file could not be fetched", "attachment_id, reason, attempts"),
    (FactKind.NOTICE_SHOWN, "a line for the agent in the transcript", "trigger, cause_id, agent_id"),
    (
        FactKind.WINDOW_CLOSING_SOON,
        "the agent who has to answer is warned",
        "stage, until, agent_id, setting",
    ),
    (
        FactKind.WINDOW_OPENED,
        "the standard window opened, or what leaves no message has extended it",
        "opened_by, from, standard_until",
    ),
    (FactKind.WINDOW_STAGE_CHANGED, "a stage of the window ended", "from, to, opened_by, unanswered"),
    (FactKind.RULE_APPLIED, "a time-out rule acted", "rule_id, silent, after_seconds, action"),
    (FactKind.SURVEY_SCHEDULED, "a survey will be sent", "due_at, setting"),
    (FactKind.SURVEY_SENDING, "it is being sent", "way, setting"),
    (FactKind.SURVEY_SENT, "it was sent", "message_status"),
    (FactKind.SURVEY_REMINDED, "the customer is reminded", "setting"),
    (FactKind.SURVEY_REMINDER_NOT_ALLOWED, "the window forbids the reminder", "code"),
    (FactKind.SURVEY_ANSWERED, "the customer answered; dated when they did", "late"),
    (FactKind.SURVEY_ANSWER_RECEIVED, "an answer came, by page or in the thread", "source, ignored, late"),
    (FactKind.SURVEY_ANSWER_IGNORED, "an answer that does not count", "seq"),
    (FactKind.SURVEY_EXPIRED, "nobody answered in time", "setting or reason"),
    (FactKind.SURVEY_NOT_ALLOWED, "the window forbids it", "reason"),
    (FactKind.SURVEY_SKIPPED, "no survey follows this ending", "reason"),
    (FactKind.SURVEY_CANCELLED, "the conversation went on before it was sent", "reason"),
    (FactKind.SURVEY_FAILED, "it could not be sent", "reason"),
    (FactKind.THREAD_TAKEN, "an agent took the thread from another app", "app_id"),
    (FactKind.THREAD_PASSED, "an agent passed the thread to another app or the Page inbox", "app_id"),
    (FactKind.THREAD_RELEASED, "an agent released the thread: every app may answer", ""),
    (FactKind.THREAD_REQUESTED, "an agent requested the thread from another app", "app_id"),
    (FactKind.COMMAND_REFUSED, "a command was refused", "action, code"),
    (
        FactKind.WEBHOOK_FIELDS_LEFT_OUT,
        "fields of an event had another type than Meta documents, and were not read",
        "inbox_id, kind, fields",
    ),
    (FactKind.EVENT_QUARANTINED, "an event could not be applied", "seq"),
    (
        FactKind.EVENT_RETRACTED,
        "an earlier event is not true: its workflow task was discarded",
        "event_id, kind",
    ),
)
"""The kinds of events in a conversation's timeline: the kind, its meaning, the fields of its data."""


def renewed(page: str) -> str:
    """The page with its tables generated again."""
    tables = {
        "transitions": _transitions,
        "participation": _participation,
        "deadlines": _deadlines,
        "facts": _facts,
    }
    for name, table in tables.items():
        page = with_table(page, name, table())
    return page


def _transitions() -> str:
    return (
        _table(
            ("from", "to", "by", "trigger", "reason"),
            (
                (
                    _state(row.source, row.while_in) if row.source else "(new)",
                    _state(row.target, row.phase),
                    row.actor.value,
                    _trigger(row) + (" †" if row.trigger in WITHOUT_CAUSE else ""),
                    f"`{row.reason}`",
                )
                for row in TRANSITIONS
            ),
        )
        + "\n† used by bots, which do not exist yet.\n"
    )


def _participation() -> str:
    return _table(
        ("command", "possible in"),
        (
            (f"`{action.replace('_', '-')}`", ", ".join(sorted(_place(each) for each in where)))
            for action, where in PARTICIPATION.items()
        ),
    )


def _place(place: Status | Phase) -> str:
    return _state(Status.ACTIVE, place) if isinstance(place, Phase) else _state(place, None)


def _deadlines() -> str:
    live = DEFAULT_SETTINGS
    return _table(
        ("what", "when", "set by", "default"),
        (
            ("Open or Active closes", "after the last activity", "fixed", _length(IDLE_LIMIT)),
            (
                "Waiting closes",
                "after the last activity",
                "workstream `auto_close_waiting_after_minutes`",
                _length(live.auto_close_waiting_after_seconds),
            ),
            (
                "an offer ends",
                "after it was made",
                "workstream `notification.countdown_seconds`",
                _length(DEFAULT_COUNTDOWN_SECONDS),
            ),
            (
                "an invitation to consult ends",
                "after it was made",
                "workstream `notification.countdown_seconds`",
                _length(DEFAULT_COUNTDOWN_SECONDS),
            ),
            (
                "a reservation ends",
                "after the conversation was routed",
                "workstream `reservation_seconds`",
                _length(WorkDistribution().reservation_seconds),
            ),
            ("it overflows", "after it entered its queue", "queue `overflow.while_queued`", "none"),
            (
                "wrap-up frees capacity",
                "after `end`",
                "workstream `wrap_up_capacity`",
                "with the end of wrap-up",
            ),
            ("Wrap-up closes", "after `end`", "fixed", _length(WRAP_UP_LIMIT)),
            (
                "Closed is final",
                "after the closing",
                "workstream `reopen_closed_within_minutes`",
                _length(live.reopen_closed_within_seconds),
            ),
            (
                "warning of a closing window",
                "before the standard window ends, and before the 7 days with the tag end",
                "workstream `window_warning_minutes`",
                _length(live.window_warning_seconds),
            ),
            ("a stage of the window ends", "24 h and 7 d after the opening", "Meta", ""),
            (
                "a time-out rule acts",
                "after the last message of the other side",
                "workstream `time_out_rules`",
                "none",
            ),
            ("a held message expires", "after it was held", "fixed", _length(HELD_LIMIT)),
            (
                "a survey is due",
                "after the ending",
                "page `survey.delay_minutes`",
                _length(_SURVEY.delay_seconds),
            ),
            (
                "the survey's reminder",
                "after it was sent",
                "page `survey.reminder_after_minutes`",
                "none",
            ),
            (
                "a survey expires",
                "after it was sent",
                "page `survey.expires_after_hours`",
                _length(_SURVEY.expires_after_seconds),
            ),
        ),
    )


def _facts() -> str:
    return _table(
        ("kind", "what happened", "data"), ((f"`{kind.value}`", what, data) for kind, what, data in FACTS)
    )


def _trigger(row: Transition) -> str:
    """Commands of people are named as in their addresses: `close-session`."""
    is_command = row.actor in (ActorKind.AGENT, ActorKind.SUPERVISOR)
    return f"`{row.trigger.replace('_', '-') if is_command else row.trigger}`"


def _state(status: Status, phase: Phase | None) -> str:
    name = status.replace("_", "-").capitalize()
    return f"{name} ({phase.replace('_', ' ')})" if phase else name


def _length(length: timedelta | int) -> str:
    seconds = length if isinstance(length, int) else int(length.total_seconds())
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds and seconds % unit == 0:
            return f"{seconds // unit} {name}"
    return f"{seconds} s" if seconds else "0"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
