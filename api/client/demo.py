"""The demo: `GET /v1/demo`, and `POST /v1/demo/travel` where its time is moved, and nowhere else.

The time machine belongs to the launcher, which alone knows when the whole desk is at rest: this asks it.
"""

from datetime import datetime
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, Field

from api.http.dependencies import SettingsDep
from api.http.fields import Input
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.schemas.views import EventView
from api.security.guarded_route import api_router
from base import clock
from base.settings import Settings

MAX_JOURNEY_SECONDS = 400 * 86_400
_WAIT_SECONDS = 610.0
"""The time machine gives a journey up after 600 s."""

_COMMAND = "pagedesk demo --time-travel"

router = api_router("client")


class DemoView(BaseModel):
    """The desk's clock, and where one writes as a customer.

    `time_travel`: whether `POST /v1/demo/travel` moves the clock; else `command` starts a demo where it does.
    """

    now: datetime
    sandbox_url: str
    time_travel: bool
    command: str


class JourneyInput(Input):
    """How far to go, forwards."""

    seconds: Annotated[int, Field(gt=0, le=MAX_JOURNEY_SECONDS)]


class LapsedOfferView(BaseModel):
    """An offer that nobody answered on the way; `agent` is their name."""

    at: datetime
    agent: str
    conversation_id: str


class JourneyView(BaseModel):
    """What happened from one instant to the other, to everybody; `real_seconds`: how long that took."""

    started_at: datetime
    ended_at: datetime
    real_seconds: float
    events: list[EventView]
    lapsed_offers: list[LapsedOfferView]


@router.get("/v1/demo", responses=problems("not_found"))
async def get_demo(settings: SettingsDep) -> DemoView:
    """The demo's clock, and its customers' side. Only a desk started with `pagedesk demo` has them."""
    if not (settings.demo or settings.time_travel):
        raise Problem("not_found", "This desk is no demo.")
    return DemoView(
        now=clock.now(),
        # `localhost`, where the console is 127.0.0.1: so it never gets the console's cookie.
        sandbox_url=f"http://localhost:{settings.sandbox_port}",
        time_travel=settings.time_travel,
        command=_COMMAND,
    )


@router.post("/v1/demo/travel", responses=problems("not_found", "journey_refused"))
async def travel(settings: SettingsDep, body: JourneyInput) -> JourneyView:
    """Let time pass, with all that is due meanwhile. It answers when the whole desk is at rest again."""
    _require_time_travel(settings)
    try:
        async with connect(settings.travel_url) as client:
            answer = await client.post("/travel", json={"seconds": body.seconds})
    except httpx.HTTPError as error:
        raise Problem("journey_refused", "The desk's time machine does not answer.") from error
    told: dict[str, Any] = answer.json()
    if answer.is_error:
        raise Problem("journey_refused", str(told["error"]))
    return JourneyView.model_validate({**told, "started_at": told["from"], "ended_at": told["to"]})


def connect(url: str) -> httpx.AsyncClient:
    """A client of the time machine."""
    return httpx.AsyncClient(base_url=url, trust_env=False, timeout=_WAIT_SECONDS)


def _require_time_travel(settings: Settings) -> None:
    if not settings.time_travel:
        raise Problem("not_found", "This desk's time cannot be moved.")
