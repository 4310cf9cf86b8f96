"""An agent who is no longer connected: how long they may stay away, and what becomes of their work.

Source: docs/reference/work-distribution.md, "Absence".
"""

from datetime import datetime, timedelta
from enum import StrEnum

STREAM_GRACE = timedelta(seconds=5)
"""A stream that is back sooner was never away (process clock)."""

ABSENCE_GRACE = timedelta(seconds=150)
"""Who is back sooner finds everything as it was; offers to them end at once."""


class WhenAgentGone(StrEnum):
    """The workstream's setting for conversations of an agent who does not come back in time."""

    RETURN = "return"
    KEEP = "keep"


class GoneOutcome(StrEnum):
    """What becomes of a conversation. TO_QUEUE: Open again; TO_WAITING: Waiting for the customer."""

    TO_QUEUE = "to_queue"
    TO_WAITING = "to_waiting"
    KEEP = "keep"


def absence_ends_at(absent_since: datetime, *, deactivated: bool = False) -> datetime:
    """When the conversations of an absent agent are handed back: at once where they were deactivated."""
    return absent_since if deactivated else absent_since + ABSENCE_GRACE


def is_back_in_time(absent_since: datetime, back_at: datetime) -> bool:
    """Whether an agent came back before that; at the instant itself it is too late."""
    return back_at < absence_ends_at(absent_since)


def agent_gone_outcome(
    setting: WhenAgentGone, *, awaiting_acceptance: bool, owes_answer: bool
) -> GoneOutcome:
    """What becomes of one conversation of theirs. `owes_answer`: the customer spoke last.

    What was only offered goes back to its queue, whatever the setting. Of the others only those go back whose
    customer waits; the next message of the rest is routed anew.
    """
    if awaiting_acceptance:
        return GoneOutcome.TO_QUEUE
    if setting is WhenAgentGone.KEEP:
        return GoneOutcome.KEEP
    return GoneOutcome.TO_QUEUE if owes_answer else GoneOutcome.TO_WAITING
