"""Whether the process lives, and whether all that it needs answers.

`/readyz` says 503 also when only Temporal is away. Webhooks and reading go on then, so let a load
balancer look at `/healthz`, and people and alarms at `/readyz`.
"""

from fastapi import Response
from pydantic import BaseModel

from api.health.readiness import ReadinessDep
from api.security.guarded_route import api_router

router = api_router("health")


class HealthView(BaseModel):
    """The process is alive."""

    status: str = "ok"


class ReadinessView(BaseModel):
    """`status` is `ready` or `not_ready`; `checks` says `ok` or `failed` for each thing that is needed."""

    status: str
    checks: dict[str, str]


@router.get("/healthz")
async def healthz() -> HealthView:
    """Whether the process is alive."""
    return HealthView()


@router.get(
    "/readyz",
    responses={503: {"model": ReadinessView, "description": "Something that is needed does not answer."}},
)
async def readyz(readiness: ReadinessDep, response: Response) -> ReadinessView:
    """Whether everything that is needed answers."""
    checks = await readiness.run_checks()
    ready = all(outcome == "ok" for outcome in checks.values())
    response.status_code = 200 if ready else 503
    return ReadinessView(status="ready" if ready else "not_ready", checks=checks)
