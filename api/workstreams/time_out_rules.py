"""Time-out rules of a workstream: what is to happen when the customer or the agent has been silent."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Response
from pydantic import BaseModel, Field, model_validator
from sqlmodel import Session

from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import (
    Flag,
    Input,
    Language,
    OptionalIdempotencyKey,
    PathId,
    SilenceMinutes,
    Texts,
    refuse_fallback_without_text,
)
from api.http.paging import CursorPage
from api.http.problem_docs import problems
from api.security.audit import record
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.security.idempotency import once
from base import clock
from base.ids import new_id
from domain.events.kinds import FactKind
from domain.workstreams.conversation_settings import Receiver, RuleAction, Silent
from store.access.idempotency import create_once
from store.tables import TimeOutRule
from store.workstreams import time_out_rules, workstreams

_SECONDS = 60

router = api_router("workstreams")


class TimeOutRuleInput(Input):
    """A rule. It runs once per silence; of those with the same condition the smallest `priority` alone.

    `silent` is who has not answered: the `customer` after the agent's last message, or the `agent` after the
    customer's. `receiver`, `texts` and `fallback_language` are for the action `send` alone, and there the
    fallback language's text is said where none fits the page's language. What is for the customer is not sent
    where Meta's window forbids it, nor where the workstream allows no automated messages.
    """

    silent: Silent
    after_minutes: SilenceMinutes
    action: RuleAction
    receiver: Receiver = Receiver.CUSTOMER
    priority: Annotated[int, Field(strict=True, ge=0, le=1000)] = 0
    texts: Texts = Field(default_factory=dict)
    fallback_language: Language | None = None
    active: Flag = True

    @model_validator(mode="after")
    def _words_are_for_sending(self) -> Self:
        refuse_fallback_without_text(self.texts, self.fallback_language)
        if self.action is RuleAction.SEND and self.fallback_language is None:
            raise ValueError("What is sent needs a text in its fallback language.")
        if self.action is not RuleAction.SEND and self.texts:
            raise ValueError("Only the action `send` has texts.")
        return self

    @property
    def rule(self) -> time_out_rules.Rule:
        """The rule in the store's units."""
        return time_out_rules.Rule(
            silent=self.silent.value,
            after_seconds=self.after_minutes * _SECONDS,
            action=self.action.value,
            receiver=self.receiver.value,
            priority=self.priority,
            texts=self.texts,
            fallback_language=self.fallback_language,
            active=self.active,
        )


class TimeOutRuleView(BaseModel):
    """A rule of a workstream."""

    id: str
    workstream_id: str
    silent: Silent
    after_minutes: int
    action: RuleAction
    receiver: Receiver
    priority: int
    texts: dict[str, str]
    fallback_language: str | None
    active: bool
    created_at: datetime

    @classmethod
    def of(cls, rule: TimeOutRule) -> Self:
        """The rule in the API's units."""
        return cls.model_validate({**rule.model_dump(), "after_minutes": rule.after_seconds // _SECONDS})


@router.get("/v1/workstreams/{workstream_id}/time-out-rules", responses=problems("not_found"))
async def list_time_out_rules(database: DatabaseDep, workstream_id: PathId) -> CursorPage[TimeOutRuleView]:
    """The rules of a workstream, best priority first."""

    def load(session: Session) -> CursorPage[TimeOutRuleView]:
        workstreams.get(session, workstream_id)
        found = time_out_rules.of_workstream(session, workstream_id)
        return CursorPage(items=[TimeOutRuleView.of(each) for each in found], next_cursor=None)

    return await database.read(load)


@router.post(
    "/v1/workstreams/{workstream_id}/time-out-rules",
    status_code=201,
    responses=problems("not_found", "limit_reached", "idempotency_key_reused"),
)
async def create_time_out_rule(
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    *,
    workstream_id: PathId,
    body: TimeOutRuleInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> TimeOutRuleView:
    """Add a rule; a workstream may have 20. Running conversations follow it from now on."""
    wanted = once(settings.vault, caller, idempotency_key, f"create_time_out_rule {workstream_id}", body)

    def create(session: Session, rule_id: str) -> None:
        time_out_rules.add(session, workstream_id, rule_id, body.rule, clock.now())
        _record(session, caller, "created", workstream_id, rule_id)

    def work(session: Session) -> TimeOutRuleView:
        fresh = new_id()
        rule_id = create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        return TimeOutRuleView.of(time_out_rules.get(session, workstream_id, rule_id))

    return await database.write(work)


@router.get("/v1/workstreams/{workstream_id}/time-out-rules/{rule_id}", responses=problems("not_found"))
async def get_time_out_rule(database: DatabaseDep, workstream_id: PathId, rule_id: PathId) -> TimeOutRuleView:
    """One rule."""
    return await database.read(lambda s: TimeOutRuleView.of(time_out_rules.get(s, workstream_id, rule_id)))


@router.put("/v1/workstreams/{workstream_id}/time-out-rules/{rule_id}", responses=problems("not_found"))
async def change_time_out_rule(
    database: DatabaseDep,
    caller: Caller,
    *,
    workstream_id: PathId,
    rule_id: PathId,
    body: TimeOutRuleInput,
) -> TimeOutRuleView:
    """Let the rule say this from now on. A silence that it has acted on already stays as it is."""

    def work(session: Session) -> TimeOutRuleView:
        view = TimeOutRuleView.of(time_out_rules.change(session, workstream_id, rule_id, body.rule))
        _record(session, caller, "changed", workstream_id, rule_id)
        return view

    return await database.write(work)


@router.delete(
    "/v1/workstreams/{workstream_id}/time-out-rules/{rule_id}",
    status_code=204,
    responses=problems("not_found"),
)
async def delete_time_out_rule(
    database: DatabaseDep, caller: Caller, workstream_id: PathId, rule_id: PathId
) -> Response:
    """Forget a rule. What it was just about to send is not sent, and shows so."""

    def work(session: Session) -> None:
        time_out_rules.delete(session, workstream_id, rule_id)
        _record(session, caller, "deleted", workstream_id, rule_id)

    await database.write(work)
    return Response(status_code=204)


def _record(session: Session, caller: Principal, done: str, workstream_id: str, rule_id: str) -> None:
    record(session, caller, FactKind(f"time_out_rule.{done}"), workstream_id=workstream_id, rule_id=rule_id)
