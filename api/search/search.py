"""`GET /v1/search`: messages, notes, customers and contacts by words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.requests import Request

from api.http.fields import Digits, Id, Instant, SearchText
from api.http.paging import Cursor, CursorOf, CursorPage
from api.http.problem_docs import problems
from api.http.slow_reads import LongReadsDep
from api.schemas.enumerations import MessageSender
from api.schemas.views import CustomerBrief
from api.security.auth import Caller
from api.security.guarded_route import api_router
from domain.search.snippets import MAX_SNIPPET_LENGTH, snippet_of
from domain.search.terms import Term, terms_of
from store.db.ranges import Span
from store.search import hits
from store.search.hits import FoundContact, Hit, HitKind, SearchFilter
from store.search.texts import MAX_MATCHES
from store.tables import Message, Note

MAX_HITS = 50
MAX_SNIPPETS = 5
"""A contact may have words in more fields."""

_BY_TIME = CursorOf("search", tuple[Instant, Id])

router = api_router("search")


class MatchView(BaseModel):
    """Where a word is: from its first to beyond its last UTF-16 code unit, as JavaScript counts."""

    start: int
    end: int


class SnippetView(BaseModel):
    """A part of a text, on one line, with what was found in it. It is plain text: escape it as any other.

    `field`: what it is of, `text`, `name`, `email`, `phone`, `number`, or `fields.…` for a field of the
    business's own. `matches` are in order and do not touch.
    """

    field: str
    text: Annotated[str, Field(max_length=MAX_SNIPPET_LENGTH + 2)]
    matches: list[MatchView]


class _Found(BaseModel):
    id: str
    at: datetime
    snippets: list[SnippetView]


class _FoundOfCustomer(_Found):
    conversation_id: str
    page_id: str
    customer: CustomerBrief


class MessageHit(_FoundOfCustomer):
    """A message of a conversation; `at`: when it was said."""

    kind: Literal[HitKind.MESSAGE] = HitKind.MESSAGE
    sender_kind: MessageSender
    agent_id: str | None


class NoteHit(_FoundOfCustomer):
    """A note on a conversation; `at`: when it was written."""

    kind: Literal[HitKind.NOTE] = HitKind.NOTE
    agent_id: str


class CustomerHit(_FoundOfCustomer):
    """A customer by their name, with the latest conversation; `at`: the last activity in that."""

    kind: Literal[HitKind.CUSTOMER] = HitKind.CUSTOMER


class ContactHit(_Found):
    """A contact, with the latest conversation of its customers that you see; `at`: when it was added."""

    kind: Literal[HitKind.CONTACT] = HitKind.CONTACT
    conversation_id: str | None
    name: str | None


SearchHit = Annotated[MessageHit | NoteHit | CustomerHit | ContactHit, Field(discriminator="kind")]


class SearchPage(CursorPage[SearchHit]):
    """One page of what was found."""


@router.get("/v1/search", responses=problems("invalid_cursor", "too_many_requests", "read_too_slow"))
async def search(
    request: Request,
    long_reads: LongReadsDep,
    caller: Caller,
    *,
    q: Annotated[
        SearchText,
        Query(
            description="Words that one text holds, all of them. The last may be the beginning of a word; "
            f"case and accents do not matter. Of each kind the newest {MAX_MATCHES} that match are looked at."
        ),
    ],
    kind: Annotated[
        list[HitKind] | None, Query(max_length=len(HitKind), description="One kind or several; none: all.")
    ] = None,
    page_id: Annotated[Digits | None, Query(description="Of this page: no contacts.")] = None,
    customer_id: Annotated[Id | None, Query(description="Of this customer's thread: no contacts.")] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MAX_HITS, description="The most items of one page.")] = 20,
) -> SearchPage:
    """What people said, what notes say, and what customers and contacts are called, the newest first.

    Of the conversations that your lists show. What Pagedesk says by itself is not searched.
    """
    wanted, before, reader = (
        SearchFilter(q, kind or (), page_id, customer_id),
        _BY_TIME.read(cursor),
        caller.reader,
    )
    terms = terms_of(q)

    def load(session: Session) -> SearchPage:
        found = hits.find(session, wanted, reader, Span(limit + 1, newest_first=True, before=before))
        page = _BY_TIME.page(found, limit, lambda hit: _shown(hit, terms), hits.place_of)
        return SearchPage(items=page.items, next_cursor=page.next_cursor)

    return await long_reads.read(request, caller.agent_id, load)


def _shown(hit: Hit, terms: Sequence[Term]) -> SearchHit:
    common: dict[str, Any] = {
        "id": hit.id,
        "at": hit.at,
        "snippets": _snippets(hit.texts, terms),
        "conversation_id": hit.conversation_id,
    }
    if isinstance(hit, FoundContact):
        return ContactHit(**common, name=hit.name)
    customer = hit.customer
    common["page_id"] = customer.page_id
    common["customer"] = CustomerBrief(id=customer.id, psid=customer.psid, name=customer.name)
    match hit.row:
        case Message() as message:
            return MessageHit(**common, sender_kind=message.sender_kind, agent_id=message.agent_id)
        case Note() as note:
            return NoteHit(**common, agent_id=note.agent_id)
        case None:
            return CustomerHit(**common)


def _snippets(texts: Mapping[str, str], terms: Sequence[Term]) -> list[SnippetView]:
    """A snippet of each text that holds a word, or of the first where the words are beyond what is marked."""
    made = [(field, snippet_of(text, terms)) for field, text in texts.items()]
    chosen = [each for each in made if each[1].matches] or made[:1]
    return [
        SnippetView(
            field=field,
            text=snippet.text,
            matches=[MatchView(start=start, end=end) for start, end in snippet.matches],
        )
        for field, snippet in chosen[:MAX_SNIPPETS]
    ]
