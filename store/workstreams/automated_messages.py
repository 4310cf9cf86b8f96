"""What admins say about automated messages: records of two levels over the stock texts.

A page's record decides for that page; without one the channel's does, and without that the message is active
if `ConversationSettings` says so, in the stock texts. A record without texts takes those of the level below
it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from domain.workstreams.automated_texts import DEFAULT_TEXTS, FALLBACK_LANGUAGE
from domain.workstreams.conversation_settings import AutomatedTrigger, ConversationSettings
from store.db.refusals import not_found
from store.db.sql import delete_rows, upsert
from store.tables import AutomatedMessage
from store.workstreams.settings_versions import raise_settings_versions, raise_versions_of_all

STOCK = "stock"
CHANNEL = "channel"
PAGE = "page"

# Read for every conversation, command and text: columns, not rows of the unit of work.
_RECORDS = select(
    col(AutomatedMessage.level),
    col(AutomatedMessage.trigger),
    col(AutomatedMessage.active),
    col(AutomatedMessage.texts),
    col(AutomatedMessage.fallback_language),
    col(AutomatedMessage.description),
).where(col(AutomatedMessage.level).in_([CHANNEL, bindparam("page_id")]))


@dataclass(frozen=True, slots=True)
class Record:
    """What an admin sets: whether it is said, and its words by language tag."""

    active: bool
    texts: dict[str, str]
    fallback_language: str | None
    description: str | None


@dataclass(frozen=True, slots=True)
class EffectiveMessage:
    """An automated message as it now is. Levels are `stock`, `channel` or `page`."""

    trigger: AutomatedTrigger
    active: bool
    level: str
    texts: dict[str, str]
    texts_level: str
    fallback_language: str | None
    description: str | None


def effective(session: Session, page_id: str | None) -> dict[AutomatedTrigger, EffectiveMessage]:
    """Every automated message as it is on a page, or on the channel. One statement."""
    found = session.connection().execute(_RECORDS, {"page_id": page_id or CHANNEL})
    records = {(row.level, row.trigger): Record(*row[2:]) for row in found}
    return {
        trigger: _effective(trigger, records.get((CHANNEL, trigger)), records.get((page_id or "", trigger)))
        for trigger in AutomatedTrigger
    }


def active_triggers(session: Session, page_id: str) -> tuple[AutomatedTrigger, ...]:
    """What is switched on for a page, sorted. One statement."""
    return tuple(sorted(each.trigger for each in effective(session, page_id).values() if each.active))


def save(session: Session, level: str, trigger: AutomatedTrigger, record: Record, at: datetime) -> None:
    """Set a level's record: `CHANNEL`, or a page's id."""
    row = {
        "level": level,
        "trigger": trigger.value,
        "active": record.active,
        "texts": record.texts,
        "fallback_language": record.fallback_language,
        "description": record.description,
        "changed_at": at,
    }
    upsert(session, AutomatedMessage, row)
    _raise_versions(session, level)


def reset(session: Session, level: str, trigger: AutomatedTrigger) -> None:
    """Forget a level's record, so that the level below it decides; refused as `not_found` without one."""
    record = session.get(AutomatedMessage, (level, trigger.value))
    if record is None:
        raise not_found("automated message of its own", trigger.value)
    session.delete(record)
    _raise_versions(session, level)


def forget_page(session: Session, page_id: str) -> None:
    """Forget what was set for a page."""
    delete_rows(session, AutomatedMessage, col(AutomatedMessage.level) == page_id)
    raise_settings_versions(session, [page_id])


def _raise_versions(session: Session, level: str) -> None:
    if level == CHANNEL:
        raise_versions_of_all(session)
    else:
        raise_settings_versions(session, [level])


def _effective(trigger: AutomatedTrigger, channel: Record | None, page: Record | None) -> EffectiveMessage:
    levels = [(PAGE, page), (CHANNEL, channel)]
    set_ = [(level, record) for level, record in levels if record is not None]
    worded = [(level, record) for level, record in set_ if record.texts]
    return EffectiveMessage(
        trigger,
        active=set_[0][1].active if set_ else trigger in ConversationSettings().automated_messages,
        level=set_[0][0] if set_ else STOCK,
        texts=worded[0][1].texts if worded else DEFAULT_TEXTS[trigger],
        texts_level=worded[0][0] if worded else STOCK,
        fallback_language=worded[0][1].fallback_language if worded else FALLBACK_LANGUAGE,
        description=set_[0][1].description if set_ else None,
    )
