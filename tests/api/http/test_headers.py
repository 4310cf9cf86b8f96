"""Headers that every answer has, whoever gives it."""

import httpx
import pytest
from pydantic import AnyHttpUrl

from api.app import create_app
from base.settings import Settings
from store.db.database import Database
from support.api import FakeEngine

PATHS = ["/healthz", "/v1/me", "/nothing", "/webhooks/messenger/nobody", "/survey/x", "/data-deletion/x"]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_only_under_https_every_answer_asks_browsers_to_stay_there(
    settings: Settings, database: Database, engine: FakeEngine, scheme: str
) -> None:
    public = settings.model_copy(update={"public_url": AnyHttpUrl(f"{scheme}://desk.example.org")})
    app = create_app(public, database=database, workflow_client=engine)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://desk.test") as client,
    ):
        answers = [await client.get(path) for path in PATHS] + [await client.post(PATHS[3])]
    expected = "max-age=31536000" if scheme == "https" else None
    assert [answer.headers.get("strict-transport-security") for answer in answers] == [expected] * 7
    assert {answer.headers["x-content-type-options"] for answer in answers} == {"nosniff"}
    guarded = [answer.headers.get("cross-origin-resource-policy") for answer in answers]
    assert guarded[:2] + guarded[4:6] == ["same-origin"] * 4  # Meta's webhook shows nothing
