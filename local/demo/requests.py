"""JSON requests of the demo to the API and the sandbox."""

from typing import Any

import httpx


async def get_json(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """The body of the answer. Raises httpx.HTTPError."""
    response = await client.get(path)
    response.raise_for_status()
    body: dict[str, Any] = response.json()
    return body


async def send_json(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The body of the answer. Raises RuntimeError with what was answered instead, or httpx.HTTPError."""
    response = await client.request(method, path, json=body)
    if not response.is_success:
        raise RuntimeError(f"{path} answered {response.status_code}: {response.text[:500]}")
    answered: dict[str, Any] = response.json()
    return answered


async def find_or_make(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the list at `path` has under the `name` of `body`; made from `body` if it is not there."""
    for found in (await get_json(client, path))["items"]:
        if found["name"] == body["name"]:
            item: dict[str, Any] = found
            return item
    return await send_json(client, "POST", path, body)
