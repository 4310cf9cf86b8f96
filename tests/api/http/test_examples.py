"""The examples of the documentation work as they stand."""

import re
from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter

from api.app import create_app
from api.http.examples import EXAMPLES, MESSAGES
from api.security.guarded_route import GuardedRoute
from base.settings import Settings
from domain.conversations.lifecycle import Status
from sandbox.media import sample_png
from support.api import Api, Seed, committed_operations
from support.paths import DOCS

IDS = ("the-id-of-an-upload", "the-id-of-a-message")


def _bodies() -> dict[str, Any]:
    """The type of each operation's JSON body, by the operation's name."""
    routes = (route for route in create_app(Settings()).routes if isinstance(route, GuardedRoute))
    return {route.name: route.body_field.field_info.annotation for route in routes if route.body_field}


def test_every_operation_with_a_body_shows_requests_that_are_valid() -> None:
    bodies, shown = _bodies(), 0
    for name, operation in committed_operations().items():
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            assert name not in bodies
            continue
        for example in content["examples"].values():
            TypeAdapter(bodies[name]).validate_python(example["value"])
            shown += 1
    assert len(bodies) > 25
    assert shown > len(bodies)
    assert EXAMPLES.keys() == {getattr(body, "__name__", "") for body in bodies.values()}


def test_the_page_of_messages_shows_each_kind_as_the_reference_does() -> None:
    page = (DOCS / "messages.md").read_text()
    blocks = [orjson.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    assert blocks == list(MESSAGES.values())
    assert [each in page for each in MESSAGES] == [True] * len(MESSAGES)


@pytest.mark.parametrize("kind", MESSAGES)
async def test_every_example_of_a_message_is_taken(api: Api, seed: Seed, kind: str) -> None:
    page_id = await seed.page(attachments_for_agents=True)
    thread = await seed.conversation(page_id=page_id, status=Status.ACTIVE)
    upload = await api.admin.post(
        "/v1/attachments",
        params={"name": "photo.png"},
        content=sample_png(1),
        headers={"Content-Type": "application/x-www-form-urlencoded"},  # as `curl --data-binary` does
    )
    assert upload.status_code == 201, upload.text
    filled = (upload.json()["id"], await seed.message(thread, "Which one?", mid="m_1"))
    body = orjson.dumps(MESSAGES[kind]).decode()
    for placeholder, value in zip(IDS, filled, strict=True):
        body = body.replace(placeholder, value)
    answer = await api.admin.post(
        f"/v1/conversations/{thread.conversation_id}/messages",
        content=body,
        headers={"Idempotency-Key": "one", "Content-Type": "application/json"},
    )
    assert answer.status_code == 201, answer.text


async def test_the_page_needs_nothing_from_elsewhere(api: Api) -> None:
    page = await api.client().get("/docs")
    assert page.status_code == 200
    assert "http" not in re.sub(r"<!doctype html>", "", page.text)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src-elem 'self'" in policy
    assert not re.search(r"https?:|'unsafe-eval'|script-src[^;]*unsafe", policy)
    addresses = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert sorted(addresses) == [
        "/docs/start.js",
        "/docs/swagger-ui-bundle.js",
        "/docs/swagger-ui.css",
        "/openapi.json",
    ]
    for address in addresses:
        answer = await api.client().get(address)
        assert answer.status_code == 200
        assert len(answer.content) > 500
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await api.client().get("/docs/../api/app.py")).status_code == 404


async def test_the_reference_begins_with_how_every_operation_is_called(api: Api) -> None:
    description = (await api.client().get("/openapi.json")).json()["info"]["description"]
    for subject in ("Sign in.", "Roles.", "Errors", "Idempotency.", "Lists", "Events.", "Limits."):
        assert f"**{subject}**" in description
