"""Quick replies: texts that agents send often, everybody's and their own."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Query, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator
from sqlmodel import Session

from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import (
    STORABLE,
    Flag,
    Id,
    Input,
    Language,
    Name,
    OptionalIdempotencyKey,
    PathId,
    SearchText,
    Texts,
    refuse_fallback_without_text,
)
from api.http.paging import Cursor, CursorOf, CursorPage, Limit, Number
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.security.audit import record
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.security.idempotency import once
from base import clock
from base.ids import new_id
from domain.events.kinds import FactKind
from domain.quick_replies.quick_replies import MAX_TAGS, Owner, Wanted, may_change
from store.access.idempotency import create_once
from store.quick_replies import quick_replies
from store.quick_replies.quick_replies import Content, Filled, Found

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")]
Tag = Annotated[
    str,
    StringConstraints(min_length=1, max_length=50, pattern=r"^[^\s#\x00-\x1f\x7f]+$"),
    STORABLE,
    AfterValidator(str.casefold),
]
Typed = Annotated[
    SearchText | None,
    Query(
        description="The beginning of a slug, words of the title or of tags, or `#` with the beginning of a "
        "tag. The last word may be the beginning of one."
    ),
]

_LIST = CursorOf("quick_replies", tuple[Number, Slug, Id])
_OF_CONVERSATION = CursorOf("conversation_quick_replies", tuple[Number, Slug, Id])

router = api_router("quick replies")


class QuickReplyChange(Input):
    """What the reply is to be, as a whole.

    `slug` is the short name that is typed to get it. A text may hold the placeholders of automated messages.
    Without `workstream_ids` it is of all workstreams.
    """

    slug: Slug
    title: Name
    texts: Annotated[Texts, Field(min_length=1)]
    fallback_language: Language | None = None
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS, default_factory=list)]
    workstream_ids: Annotated[list[Id], Field(max_length=100, default_factory=list)]

    @model_validator(mode="after")
    def _fallback_has_a_text(self) -> Self:
        refuse_fallback_without_text(self.texts, self.fallback_language)
        return self

    @property
    def content(self) -> Content:
        """The reply as the store has it; a tag that is given twice counts once."""
        tags = list(dict.fromkeys(self.tags))
        return Content(self.slug, self.title, self.texts, self.fallback_language, tags, self.workstream_ids)


class QuickReplyInput(QuickReplyChange):
    """A new quick reply. A personal one is its author's alone; supervisors and admins add shared ones."""

    personal: Flag = False


class QuickReplyView(BaseModel):
    """A quick reply, its placeholders as they were written."""

    id: str
    slug: str
    title: str
    personal: bool
    texts: dict[str, str]
    fallback_language: str | None
    tags: list[str]
    workstream_ids: list[str]
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, found: Found) -> Self:
        """The reply as it is set."""
        row = found.row.model_dump()
        personal = found.row.owner_id is not None
        return cls.model_validate({**row, "personal": personal, "workstream_ids": found.workstream_ids})


class FilledQuickReplyView(BaseModel):
    """A quick reply as this customer would read it, to be sent as a message.

    `language` is the tag of the text that was taken, `languages` those that there are. `text` is null where
    nothing is left of it because its placeholders have no value here.
    """

    id: str
    slug: str
    title: str
    personal: bool
    tags: list[str]
    language: str
    languages: list[str]
    text: str | None

    @classmethod
    def of(cls, filled: Filled) -> Self:
        """The reply, filled in."""
        row = filled.found.row
        return cls(
            id=row.id,
            slug=row.slug,
            title=row.title,
            personal=row.owner_id is not None,
            tags=row.tags,
            language=filled.language,
            languages=list(row.texts),
            text=filled.text,
        )


@router.get("/v1/quick-replies", responses=problems("invalid_cursor"))
async def list_quick_replies(
    database: DatabaseDep,
    caller: Caller,
    *,
    owner: Annotated[Owner, Query(description="Whose: `shared`, `me`, or both.")] = Owner.ANYBODY,
    workstream_id: Annotated[Id | None, Query(description="Those that its conversations can use.")] = None,
    language: Annotated[Language | None, Query(description="Those with a text in it.")] = None,
    tag: Annotated[Tag | None, Query()] = None,
    q: Typed = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CursorPage[QuickReplyView]:
    """The shared quick replies and one's own: what fits `q` best first, then by slug."""
    wanted = Wanted(caller.agent_id, owner, workstream_id, language, tag, q or "")
    after = _LIST.read(cursor)
    found = await database.read(lambda s: quick_replies.listed(s, wanted, after=after, limit=limit + 1))
    return _LIST.page(found, limit, QuickReplyView.of, lambda each: each.place)


@router.get(
    "/v1/conversations/{conversation_id}/quick-replies", responses=problems("not_found", "invalid_cursor")
)
async def list_conversation_quick_replies(
    database: DatabaseDep,
    caller: Caller,
    *,
    conversation_id: PathId,
    tag: Annotated[Tag | None, Query()] = None,
    q: Typed = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CursorPage[FilledQuickReplyView]:
    """What can be used in a conversation: filled in, in the customer's language where there is a text in it.

    Else it is the page's language, then the reply's fallback language, then any.
    """
    wanted, after = Wanted(caller.agent_id, tag=tag, typed=q or ""), _OF_CONVERSATION.read(cursor)
    found = await database.read(
        lambda s: quick_replies.filled_for(s, conversation_id, wanted, after=after, limit=limit + 1)
    )
    return _OF_CONVERSATION.page(found, limit, FilledQuickReplyView.of, lambda each: each.found.place)


@router.post(
    "/v1/quick-replies",
    status_code=201,
    responses=problems("slug_taken", "limit_reached", "idempotency_key_reused"),
)
async def create_quick_reply(
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    *,
    body: QuickReplyInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> QuickReplyView:
    """Add a quick reply: a personal one, or, as a supervisor or administrator, a shared one."""
    owner_id = caller.agent_id if body.personal else None
    _refuse_others(caller, owner_id)
    wanted = once(settings.vault, caller, idempotency_key, "create_quick_reply", body)

    def create(session: Session, reply_id: str) -> None:
        quick_replies.add(session, reply_id, owner_id, body.content, clock.now())
        _record(session, caller, FactKind.QUICK_REPLY_CREATED, reply_id)

    def work(session: Session) -> QuickReplyView:
        fresh = new_id()
        reply_id = create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        return QuickReplyView.of(quick_replies.get(session, reply_id, caller.agent_id))

    return await database.write(work)


@router.get("/v1/quick-replies/{quick_reply_id}", responses=problems("not_found"))
async def get_quick_reply(database: DatabaseDep, caller: Caller, quick_reply_id: PathId) -> QuickReplyView:
    """One quick reply."""
    return await database.read(
        lambda s: QuickReplyView.of(quick_replies.get(s, quick_reply_id, caller.agent_id))
    )


@router.put("/v1/quick-replies/{quick_reply_id}", responses=problems("not_found", "slug_taken"))
async def change_quick_reply(
    database: DatabaseDep, caller: Caller, quick_reply_id: PathId, body: QuickReplyChange
) -> QuickReplyView:
    """Let the reply say this from now on. It stays personal or shared, as it is."""

    def work(session: Session) -> QuickReplyView:
        _refuse_others(caller, quick_replies.get(session, quick_reply_id, caller.agent_id).row.owner_id)
        quick_replies.change(session, quick_reply_id, body.content, clock.now())
        _record(session, caller, FactKind.QUICK_REPLY_CHANGED, quick_reply_id)
        return QuickReplyView.of(quick_replies.get(session, quick_reply_id, caller.agent_id))

    return await database.write(work)


@router.delete("/v1/quick-replies/{quick_reply_id}", status_code=204, responses=problems("not_found"))
async def delete_quick_reply(database: DatabaseDep, caller: Caller, quick_reply_id: PathId) -> Response:
    """Delete a reply. What was sent with it stays as it was sent."""

    def work(session: Session) -> None:
        _refuse_others(caller, quick_replies.get(session, quick_reply_id, caller.agent_id).row.owner_id)
        quick_replies.delete(session, quick_reply_id)
        _record(session, caller, FactKind.QUICK_REPLY_DELETED, quick_reply_id)

    await database.write(work)
    return Response(status_code=204)


def _refuse_others(caller: Principal, owner_id: str | None) -> None:
    if not may_change(owner_id, caller.agent_id, caller.role):
        raise Problem("forbidden", "Shared quick replies are changed by supervisors and administrators.")


def _record(session: Session, caller: Principal, kind: FactKind, reply_id: str) -> None:
    record(session, caller, kind, quick_reply_id=reply_id)
