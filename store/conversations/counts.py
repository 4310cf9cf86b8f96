"""How many conversations a reader's lists have: each number is what the list with the same filter shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from domain.conversations.lifecycle import Status
from store.access.visibility import Reader
from store.conversations.list_filters import ConversationFilter, WindowFilter
from store.conversations.listing import LIVE_STATUSES, count_listed

MAX_COUNTED = 1000
"""More is told as this."""


@dataclass(frozen=True, slots=True)
class ListCounts:
    """How many conversations each list has, at most MAX_COUNTED."""

    mine: int
    open: int
    waiting: int
    closing_soon: int


def filters_of(agent_id: str) -> Mapping[str, ConversationFilter]:
    """What is counted for an agent, by the names of ListCounts."""
    return {
        "mine": ConversationFilter([Status.ACTIVE.value, Status.WRAP_UP.value], agent_id=agent_id),
        "open": ConversationFilter([Status.OPEN.value]),
        "waiting": ConversationFilter([Status.WAITING.value]),
        "closing_soon": ConversationFilter(LIVE_STATUSES, window=WindowFilter.CLOSING_SOON),
    }


def read_counts(session: Session, reader: Reader, now: datetime) -> ListCounts:
    """The counts of one moment, of what the reader sees."""
    counted = {
        name: count_listed(session, wanted, now=now, reader=reader, limit=MAX_COUNTED)
        for name, wanted in filters_of(reader.agent_id).items()
    }
    return ListCounts(**counted)
