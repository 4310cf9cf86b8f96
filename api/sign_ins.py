"""Signing in and out: a person's email and password for a token that lasts an hour."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, Field, SecretStr
from starlette.requests import Request

from api.auth import Caller, digest_of
from api.fields import STORABLE, Input
from api.problem_docs import problems
from api.problems import Problem
from api.routing import api_router
from api.services import Shared
from base import clock
from base.ids import new_secret
from store import credentials

LIFETIME = timedelta(hours=1)

router = api_router("sign-in")


class Credentials(Input):
    """Who signs in."""

    email: Annotated[str, Field(min_length=1, max_length=254), STORABLE]
    password: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class SignInView(BaseModel):
    """A sign-in. `token` goes into the Authorization header and is shown this once."""

    token: str
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name
    expires_at: datetime
    agent_id: str


@router.post("/v1/sign-in", status_code=201, responses=problems("wrong_credentials", "too_many_attempts"))
async def sign_in(request: Request, services: Shared, body: Credentials) -> SignInView:
    """Sign in. Wrong tries are counted for the account and for where they come from."""
    email, source = body.email.strip().lower(), request.client.host if request.client else ""
    services.throttle.begin(email, source)
    agent = await services.database.read(lambda s: credentials.agent_by_email(s, email))
    stored = agent.password_hash if agent is not None and agent.active else None
    right = await services.passwords.matches(stored, body.password.get_secret_value())
    if agent is None or not right:
        raise Problem("wrong_credentials")
    services.throttle.succeeded(email, source)
    token, now = new_secret(credentials.SIGN_IN_PREFIX), clock.now()
    await services.database.write(
        lambda s: credentials.begin_sign_in(s, agent.id, digest_of(token), now, now + LIFETIME)
    )
    return SignInView(token=token, expires_at=now + LIFETIME, agent_id=agent.id)


@router.post("/v1/sign-out", status_code=204)
async def sign_out(services: Shared, caller: Caller) -> Response:
    """End this sign-in. With an API key it does nothing: keys are revoked."""
    if (sign_in_id := caller.sign_in_id) is not None:
        await services.database.write(lambda s: credentials.end_sign_in(s, sign_in_id, clock.now()))
    return Response(status_code=204)
