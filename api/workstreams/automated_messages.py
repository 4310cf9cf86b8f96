"""Automated messages: which are switched on, and what they say, on the channel and on single pages."""

from collections.abc import Callable
from typing import Annotated, Self

from fastapi import Path, Response
from pydantic import BaseModel, Field, model_validator
from sqlmodel import Session

from api.http.dependencies import DatabaseDep
from api.http.fields import (
    Description,
    Digits,
    Flag,
    Input,
    Language,
    PathPageId,
    Texts,
    refuse_fallback_without_text,
)
from api.http.paging import CursorPage
from api.http.problem_docs import problems
from api.security.audit import record
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from base import clock
from domain.conversations.automated_messages import FOR_AGENTS
from domain.events.kinds import FactKind
from domain.workstreams.conversation_settings import AutomatedTrigger, Receiver
from store.db.database import Database
from store.pages import pages
from store.workstreams import automated_messages
from store.workstreams.automated_messages import CHANNEL, EffectiveMessage

router = api_router("automated messages")

PathTrigger = Annotated[AutomatedTrigger, Path()]


class AutomatedMessageInput(Input):
    """What a level says of a message. Without texts it says those of the level below.

    A text may hold `{AgentName}`, `{CustomerName}`, `{PageName}`, `{QueueName}` and `{$Variable$}`, which
    stands for a context variable; what is said where there is no value follows a bar: `{CustomerName|there}`.
    Other words in braces are refused. A text is said in the customer's language, else in the page's, else in
    the fallback language; where there is none of these, the stock text is said.
    """

    active: Flag
    texts: Texts = Field(default_factory=dict)
    fallback_language: Language | None = None
    description: Description | None = None

    @model_validator(mode="after")
    def _fallback_has_a_text(self) -> Self:
        refuse_fallback_without_text(self.texts, self.fallback_language)
        return self


class AutomatedMessageView(BaseModel):
    """An automated message as it now is.

    `level` says who decided whether it is said: the `page`, the `channel`, or nobody (`stock`); `texts_level`
    whose texts these are.
    """

    trigger: AutomatedTrigger
    receiver: Receiver
    active: bool
    level: str
    texts: dict[str, str]
    texts_level: str
    fallback_language: str | None
    description: str | None

    @classmethod
    def of(cls, message: EffectiveMessage) -> Self:
        """The message with whom it is for."""
        return cls(
            trigger=message.trigger,
            receiver=Receiver.AGENT if message.trigger in FOR_AGENTS else Receiver.CUSTOMER,
            active=message.active,
            level=message.level,
            texts=message.texts,
            texts_level=message.texts_level,
            fallback_language=message.fallback_language,
            description=message.description,
        )


@router.get("/v1/automated-messages", responses=problems("not_found"))
async def list_automated_messages(
    database: DatabaseDep, page_id: Digits | None = None
) -> CursorPage[AutomatedMessageView]:
    """Every automated message as it is on the channel, or, where one is named, on a page."""

    def load(session: Session) -> CursorPage[AutomatedMessageView]:
        if page_id is not None:
            pages.get(session, page_id)
        found = automated_messages.effective(session, page_id).values()
        return CursorPage(items=[AutomatedMessageView.of(each) for each in found], next_cursor=None)

    return await database.read(load)


@router.put("/v1/automated-messages/{trigger}", responses=problems("not_found"))
async def set_automated_message(
    database: DatabaseDep,
    caller: Caller,
    trigger: PathTrigger,
    body: AutomatedMessageInput,
) -> AutomatedMessageView:
    """Say what holds on every page that does not say otherwise."""
    return await _set(database, caller, None, trigger, body=body)


@router.delete("/v1/automated-messages/{trigger}", status_code=204, responses=problems("not_found"))
async def reset_automated_message(database: DatabaseDep, caller: Caller, trigger: PathTrigger) -> Response:
    """Go back to the stock texts, and to whether the message is active by itself."""
    return await _reset(database, caller, None, trigger)


@router.put("/v1/pages/{page_id}/automated-messages/{trigger}", responses=problems("not_found"))
async def set_page_automated_message(
    database: DatabaseDep,
    caller: Caller,
    *,
    page_id: PathPageId,
    trigger: PathTrigger,
    body: AutomatedMessageInput,
) -> AutomatedMessageView:
    """Say what holds on this page."""
    return await _set(database, caller, page_id, trigger, body=body)


@router.delete(
    "/v1/pages/{page_id}/automated-messages/{trigger}", status_code=204, responses=problems("not_found")
)
async def reset_page_automated_message(
    database: DatabaseDep,
    caller: Caller,
    page_id: PathPageId,
    trigger: PathTrigger,
) -> Response:
    """Let the page have what the channel says."""
    return await _reset(database, caller, page_id, trigger)


async def _set(
    database: Database,
    caller: Principal,
    page_id: str | None,
    trigger: AutomatedTrigger,
    *,
    body: AutomatedMessageInput,
) -> AutomatedMessageView:
    said = automated_messages.Record(body.active, body.texts, body.fallback_language, body.description)

    def save(session: Session, level: str) -> None:
        automated_messages.save(session, level, trigger, said, clock.now())

    return await _change(database, caller, page_id, trigger, change=save, done="set")


async def _reset(
    database: Database,
    caller: Principal,
    page_id: str | None,
    trigger: AutomatedTrigger,
) -> Response:
    def forget(session: Session, level: str) -> None:
        automated_messages.reset(session, level, trigger)

    await _change(database, caller, page_id, trigger, change=forget, done="reset")
    return Response(status_code=204)


async def _change(
    database: Database,
    caller: Principal,
    page_id: str | None,
    trigger: AutomatedTrigger,
    *,
    change: Callable[[Session, str], None],
    done: str,
) -> AutomatedMessageView:
    def work(session: Session) -> AutomatedMessageView:
        level = CHANNEL if page_id is None else pages.get(session, page_id).page_id
        change(session, level)
        session.flush()
        record(session, caller, FactKind(f"automated_message.{done}"), page_id=page_id, trigger=trigger.value)
        return AutomatedMessageView.of(automated_messages.effective(session, page_id)[trigger])

    return await database.write(work)
