"""Reasons in events that no other list of the rules has: the one list of them.

Those of moves are in `conversations.lifecycle`, those of routing, the window, files and Meta's errors with
their rules. `scripts/docs/timeline.py` puts them together for whoever has to say them in words.
"""

from enum import StrEnum


class OtherReason(StrEnum):
    """Why something happened that is no move of a conversation."""

    # of a session of a colleague's, and of an invitation
    LEFT = "left"
    REMOVED = "removed"
    # of a queue
    QUEUE_DELETED = "queue_deleted"
    # of a survey
    NO_AGENT = "no_agent"
    SKIPPED_BY_AGENT = "skipped_by_agent"
    COOL_DOWN = "cool_down"
    SUPERSEDED = "superseded"
    AGENT_STARTED_CONVERSATION = "agent_started_conversation"
    CONVERSATION_REOPENED = "conversation_reopened"
    # of a message
    AWAITS_PROFILE = "awaits_profile"
    ATTEMPT_LOST = "attempt_lost"
    ATTACHMENT_STORE_UNAVAILABLE = "attachment_store_unavailable"
    CUSTOMER_ERASED = "customer_erased"
    EMPTY_MESSAGE = "empty_message"
    ORIGINAL_SENT = "original_sent"
    RESTORED = "restored"
    SURVEY_ANSWERED = "survey_answered"
    TOKEN_NOT_SENDABLE = "token_not_sendable"  # noqa: S105 - a reason, no secret
    TOO_LATE = "too_late"
    UNREADABLE_ANSWER = "unreadable_answer"
