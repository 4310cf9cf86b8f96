"""`/v1/me`: who is calling, and the caller's own password."""

from typing import Annotated

from fastapi import Response
from pydantic import Field, SecretStr
from sqlmodel import Session
from starlette.requests import Request

from api.access.passwords import PasswordsDep
from api.access.sign_in_throttle import SignInThrottleDep
from api.access.views import AgentView
from api.http.dependencies import DatabaseDep
from api.http.fields import Input, Password
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.security.audit import record
from api.security.auth import Caller
from api.security.guarded_route import api_router
from api.security.refused_requests import Refused, RefusedRequestsDep, source_of
from base import clock
from domain.events.kinds import FactKind
from store.access import agents

router = api_router("sign-in")


class PasswordChange(Input):
    """The password that holds, and the one that is to hold from now on."""

    current_password: Annotated[SecretStr, Field(min_length=1, max_length=200)]
    new_password: Password


@router.get("/v1/me")
async def get_me(database: DatabaseDep, caller: Caller) -> AgentView:
    """Who you are."""
    return await database.read(lambda s: AgentView.of(agents.get(s, caller.agent_id)))


@router.post(
    "/v1/me/password",
    status_code=204,
    responses=problems("invalid_credentials", "weak_password", "too_many_attempts"),
)
async def change_own_password(
    request: Request,
    database: DatabaseDep,
    passwords: PasswordsDep,
    throttle: SignInThrottleDep,
    refused: RefusedRequestsDep,
    *,
    caller: Caller,
    body: PasswordChange,
) -> Response:
    """Change your own password. Every other sign-in of yours ends; keys stay.

    Who has none yet is given one by an admin. Wrong tries count as wrong sign-ins.
    """
    agent = await database.read(lambda s: agents.get(s, caller.agent_id))
    account, source = agent.email or agent.id, source_of(request)
    tried = await throttle.begin(request, account)
    if not await passwords.matches(agent.password_hash, body.current_password.get_secret_value()):
        refused.note(Refused.SIGN_IN, source, actor_id=caller.agent_id, reason="wrong_password_for_change")
        raise Problem("invalid_credentials")
    await throttle.record_success(tried)
    hashed = await passwords.hash_new(body.new_password.get_secret_value(), known=(agent.email, agent.name))

    def work(session: Session) -> None:
        agents.change_password(session, agent.id, hashed, clock.now(), stays=caller.sign_in_id)
        session.flush()
        record(session, caller, FactKind.AGENT_PASSWORD_CHANGED, agent_id=agent.id)

    await database.write(work)
    return Response(status_code=204)
