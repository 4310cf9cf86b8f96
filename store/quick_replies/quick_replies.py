"""Quick replies: kept, found, and filled in for a conversation."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select as sql_select
from sqlmodel import Session, col, func, select

from domain.quick_replies.quick_replies import (
    MAX_PERSONAL,
    MAX_SHARED,
    Owner,
    Place,
    Wanted,
    find,
    may_see,
)
from domain.quick_replies.quick_replies import QuickReply as KnownReply
from domain.routing.field_errors import FieldError, duplicates
from domain.workstreams.automated_texts import best_language
from store.db.refusals import InvalidFieldsError, RefusalReason, StoreRefusalError, not_found
from store.db.sql import delete_rows, take_turn
from store.tables import Conversation, Page, QuickReply, QuickReplyWorkstream, Workstream
from store.workstreams.wording import Wording


@dataclass(frozen=True, slots=True)
class Content:
    """What is set of a quick reply; the texts are by language tag."""

    slug: str
    title: str
    texts: dict[str, str]
    fallback_language: str | None
    tags: list[str]
    workstream_ids: list[str]


@dataclass(frozen=True, slots=True)
class Found:
    """A quick reply with the workstreams that it is of, and its place in the list that it was found in."""

    row: QuickReply
    workstream_ids: list[str]
    place: Place


@dataclass(frozen=True, slots=True)
class Filled:
    """A quick reply as a customer would read it: None where nothing is left of its text."""

    found: Found
    language: str
    text: str | None


def get(session: Session, reply_id: str, agent_id: str) -> Found:
    """The reply; refused as `not_found`, and alike where it is somebody else's."""
    row = session.get(QuickReply, reply_id)
    if row is None or not may_see(row.owner_id, agent_id):
        raise not_found("quick reply", reply_id)
    return Found(row, _workstreams_of(session, [reply_id])[reply_id], (0, row.slug, row.id))


def listed(session: Session, wanted: Wanted, *, after: Place | None, limit: int) -> list[Found]:
    """The replies that are wanted, the best first."""
    places = {
        reply.id: place
        for place, reply in find(_known(session, wanted), wanted)
        if after is None or place > after
    }
    ids = list(places)[:limit]
    rows = {row.id: row for row in session.exec(select(QuickReply).where(col(QuickReply.id).in_(ids)))}
    workstreams = _workstreams_of(session, ids)
    return [Found(rows[each], workstreams[each], places[each]) for each in ids]


def filled_for(
    session: Session, conversation_id: str, wanted: Wanted, *, after: Place | None, limit: int
) -> list[Filled]:
    """Those of the conversation's workstream, in the customer's language and with placeholders filled in.

    Without a text in the customer's language it is the page's, then the fallback language, then any. Refused
    as `not_found` without the conversation.
    """
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        raise not_found("conversation", conversation_id)
    page = session.get_one(Page, conversation.page_id)
    wanted = replace(wanted, workstream_id=conversation.workstream_id or page.workstream_id)
    wording = Wording(session, page, conversation.customer_id)
    found = listed(session, wanted, after=after, limit=limit)
    return [_filled(wording, each, conversation, wanted.agent_id) for each in found]


def add(session: Session, reply_id: str, owner_id: str | None, content: Content, at: datetime) -> None:
    """A new reply, of one agent or, without one, of everybody."""
    most = MAX_SHARED if owner_id is None else MAX_PERSONAL
    take_turn(session, f"quick replies of {owner_id or 'everybody'}")
    count = select(func.count()).select_from(QuickReply).where(QuickReply.owner_id == owner_id)
    if session.exec(count).one() >= most:
        raise StoreRefusalError(RefusalReason.LIMIT_REACHED, limit=most)
    row = QuickReply(id=reply_id, owner_id=owner_id, slug="", title="", created_at=at, changed_at=at)
    _set(session, row, content, at)


def change(session: Session, reply_id: str, content: Content, at: datetime) -> None:
    """Let the reply say this from now on."""
    _set(session, session.get_one(QuickReply, reply_id), content, at)


def delete(session: Session, reply_id: str) -> None:
    """Delete a reply. What was sent with it stays as it was sent."""
    delete_rows(session, QuickReplyWorkstream, col(QuickReplyWorkstream.quick_reply_id) == reply_id)
    delete_rows(session, QuickReply, col(QuickReply.id) == reply_id)


def share_with_copy(session: Session, workstream_id: str, copy_id: str) -> None:
    """Let what is of a workstream also be of its copy."""
    session.flush()
    of_it = select(QuickReplyWorkstream.quick_reply_id).where(
        QuickReplyWorkstream.workstream_id == workstream_id
    )
    session.add_all(
        QuickReplyWorkstream(quick_reply_id=each, workstream_id=copy_id) for each in session.exec(of_it).all()
    )


def forget_workstream(session: Session, workstream_id: str) -> None:
    """The workstream goes: what is of it alone goes with it, or it would be of all workstreams."""
    of_it = select(QuickReplyWorkstream.quick_reply_id).where(
        QuickReplyWorkstream.workstream_id == workstream_id
    )
    ids = session.exec(of_it).all()
    delete_rows(session, QuickReplyWorkstream, col(QuickReplyWorkstream.workstream_id) == workstream_id)
    others = _workstreams_of(session, ids)
    for reply_id in ids:
        if not others[reply_id]:
            delete(session, reply_id)


def _known(session: Session, wanted: Wanted) -> list[KnownReply]:
    """What may be wanted, without texts."""
    owners: dict[Owner, list[str | None]] = {
        Owner.SHARED: [None],
        Owner.ME: [wanted.agent_id],
        Owner.ANYBODY: [None, wanted.agent_id],
    }
    statement = sql_select(
        col(QuickReply.id),
        col(QuickReply.slug),
        col(QuickReply.title),
        col(QuickReply.owner_id),
        col(QuickReply.tags),
        col(QuickReply.texts),
    )
    rows = [
        row
        for owner_id in owners[wanted.owner]
        for row in session.execute(statement.where(col(QuickReply.owner_id) == owner_id))
    ]
    workstreams = _workstreams_of(session, None)
    return [
        KnownReply(id_, slug, title, owner_id, tuple(tags), frozenset(workstreams[id_]), tuple(texts))
        for id_, slug, title, owner_id, tags, texts in rows
    ]


def _workstreams_of(session: Session, reply_ids: Collection[str] | None) -> defaultdict[str, list[str]]:
    """The ids of the workstreams of these replies, or of all."""
    statement = select(QuickReplyWorkstream).order_by(col(QuickReplyWorkstream.workstream_id))
    if reply_ids is not None:
        statement = statement.where(col(QuickReplyWorkstream.quick_reply_id).in_(reply_ids))
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in session.exec(statement):
        found[row.quick_reply_id].append(row.workstream_id)
    return found


def _filled(wording: Wording, found: Found, conversation: Conversation, agent_id: str) -> Filled:
    texts = found.row.texts
    languages = (*wording.customers_languages, found.row.fallback_language)
    language = best_language(texts, languages) or next(iter(texts))
    return Filled(found, language, wording.filled(texts[language], conversation.id, agent_id))


def _set(session: Session, row: QuickReply, content: Content, at: datetime) -> None:
    _refuse_unknown_workstreams(session, content.workstream_ids)
    taken_by = session.exec(
        select(QuickReply.id).where(
            QuickReply.slug == content.slug, QuickReply.owner_id == row.owner_id, QuickReply.id != row.id
        )
    ).first()
    if taken_by is not None:
        raise StoreRefusalError(RefusalReason.SLUG_TAKEN, quick_reply_id=taken_by)
    row.slug, row.title, row.tags = content.slug, content.title, content.tags
    row.texts, row.fallback_language, row.changed_at = content.texts, content.fallback_language, at
    session.add(row)
    session.flush()
    delete_rows(session, QuickReplyWorkstream, col(QuickReplyWorkstream.quick_reply_id) == row.id)
    session.add_all(
        QuickReplyWorkstream(quick_reply_id=row.id, workstream_id=each) for each in content.workstream_ids
    )
    session.flush()


def _refuse_unknown_workstreams(session: Session, workstream_ids: list[str]) -> None:
    known = set(session.exec(select(Workstream.id).where(col(Workstream.id).in_(workstream_ids))))
    errors = duplicates("workstream_ids", workstream_ids)
    for place, each in enumerate(workstream_ids):
        if each not in known:
            path = f"workstream_ids.{place}"
            errors.append(FieldError(path, "unknown_workstream", "There is no such workstream."))
    if errors:
        raise InvalidFieldsError(errors)
