"""Notes on conversations: what colleagues write to each other. The customer never gets them."""

from datetime import datetime
from functools import partial
from typing import Annotated, Self

from fastapi import Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import Id, Input, Instant, OptionalIdempotencyKey, PathId, displayed_text
from api.http.paging import CursorPage
from api.http.problem_docs import problems
from api.http.two_way_paging import RangeQuery, TwoWayList, range_by_id
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.security.idempotency import once
from base import clock
from base.ids import new_id
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from domain.notes.notes import MAX_UTF16_UNITS
from store.access.idempotency import create_once
from store.events.events import append_events, event_row
from store.notes import notes
from store.tables import Note

NoteText = Annotated[
    str,
    Field(min_length=1, max_length=MAX_UTF16_UNITS, description="1 to 5000 UTF-16 code units."),
    displayed_text(MAX_UTF16_UNITS),
]
NoteRange = Annotated[RangeQuery[str], range_by_id(default_limit=100)]

_NOTES = TwoWayList("notes", tuple[Instant, Id])
_THREAD_NOTES = TwoWayList("thread_notes", tuple[Instant, Id])

router = api_router("notes")


class NoteInput(Input):
    """What a note says."""

    text: NoteText


class NoteView(BaseModel):
    """A note. `agent_id` is its author; `edited_at` is null while it is as it was written first."""

    id: str
    conversation_id: str
    customer_id: str
    agent_id: str
    text: str
    created_at: datetime
    edited_at: datetime | None

    @classmethod
    def of(cls, note: Note) -> Self:
        """The note as it is."""
        return cls.model_validate(note.model_dump())


@router.get(
    "/v1/conversations/{conversation_id}/notes",
    responses=problems("not_found", "invalid_cursor", "unknown_item"),
)
async def list_notes(
    database: DatabaseDep, conversation_id: PathId, query: NoteRange
) -> CursorPage[NoteView]:
    """The notes on a conversation, by the time at which they were written."""

    def load(session: Session) -> CursorPage[NoteView]:
        return _NOTES.page(
            query,
            read=partial(notes.of_conversation, session, conversation_id),
            find=partial(notes.note_of_conversation, session, conversation_id),
            place_of=notes.place_of,
            show=_shown,
        )

    return await database.read(load)


@router.get(
    "/v1/customers/{customer_id}/notes", responses=problems("not_found", "invalid_cursor", "unknown_item")
)
async def list_thread_notes(
    database: DatabaseDep, customer_id: PathId, query: NoteRange
) -> CursorPage[NoteView]:
    """The notes on all conversations of a customer, by the time at which they were written."""

    def load(session: Session) -> CursorPage[NoteView]:
        return _THREAD_NOTES.page(
            query,
            read=partial(notes.of_thread, session, customer_id),
            find=partial(notes.note_of_thread, session, customer_id),
            place_of=notes.place_of,
            show=_shown,
        )

    return await database.read(load)


@router.post(
    "/v1/conversations/{conversation_id}/notes",
    status_code=201,
    responses=problems("not_found", "limit_reached", "idempotency_key_reused"),
)
async def create_note(
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    *,
    conversation_id: PathId,
    body: NoteInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> NoteView:
    """Write a note on a conversation, closed ones too. Whoever sees the conversation reads it."""
    wanted = once(settings.vault, caller, idempotency_key, f"create_note {conversation_id}", body)

    def create(session: Session, note_id: str) -> None:
        note = notes.add(
            session, note_id, conversation_id, agent_id=caller.agent_id, text=body.text, at=clock.now()
        )
        _record(session, caller, FactKind.NOTE_CREATED, note)

    def work(session: Session) -> NoteView:
        fresh = new_id()
        note_id = create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        return NoteView.of(notes.get(session, note_id))

    return await database.write(work)


@router.get("/v1/notes/{note_id}", responses=problems("not_found"))
async def get_note(database: DatabaseDep, note_id: PathId) -> NoteView:
    """One note."""
    return await database.read(lambda s: NoteView.of(notes.get(s, note_id)))


@router.put("/v1/notes/{note_id}", responses=problems("not_found", "not_your_note"))
async def change_note(database: DatabaseDep, caller: Caller, note_id: PathId, body: NoteInput) -> NoteView:
    """Let a note of your own say this. What it said before is not kept."""

    def work(session: Session) -> NoteView:
        note = notes.change(session, note_id, caller.agent_id, body.text, clock.now())
        _record(session, caller, FactKind.NOTE_CHANGED, note)
        return NoteView.of(note)

    return await database.write(work)


@router.delete("/v1/notes/{note_id}", status_code=204, responses=problems("not_found", "not_your_note"))
async def delete_note(database: DatabaseDep, caller: Caller, note_id: PathId) -> Response:
    """Delete a note of your own, or, as a supervisor or administrator, any."""

    def work(session: Session) -> None:
        note = notes.delete(session, note_id, caller.agent_id, caller.role)
        _record(session, caller, FactKind.NOTE_DELETED, note)

    await database.write(work)
    return Response(status_code=204)


def _shown(found: list[Note]) -> list[NoteView]:
    return [NoteView.of(each) for each in found]


def _record(session: Session, caller: Principal, kind: FactKind, note: Note) -> None:
    """That there is a note goes into the timeline; its words stay out of it."""
    fact = Fact(
        kind, clock.now(), ActorKind.AGENT, caller.agent_id, note.conversation_id, data={"note_id": note.id}
    )
    append_events(session, [event_row(fact, note.page_id, note.customer_id, None)])
