"""What the sandbox's tests work with: an app that receives webhooks, and the calls a test makes."""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson

from sandbox.world import World

APP, SECRET = "1187452390011223", "test-app-secret"
PAGE, TOKEN = "108823774519302", "EAA-page-token"
PSID = "7421908834567012"
CALLBACK = "http://desk.test/webhooks"


class Receiver(httpx.AsyncBaseTransport):
    """The app under Meta: keeps what it is sent, and answers as the test says."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.status = 200
        self.answer = ""
        self.before_answer: Callable[[httpx.Request], Awaitable[None]] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, text=request.url.params["hub.challenge"])
        await request.aread()
        self.requests.append(request)
        if self.before_answer is not None:
            await self.before_answer(request)
        return httpx.Response(self.status, text=self.answer)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [orjson.loads(request.content) for request in self.requests]

    def events(self, kind: str | None = None, where: str = "messaging") -> list[dict[str, Any]]:
        """All events received, or those that carry a key."""
        found = [event for body in self.bodies for entry in body["entry"] for event in entry.get(where, [])]
        return [event for event in found if kind is None or kind in event]

    def texts(self) -> list[str]:
        return [event["message"]["text"] for event in self.events("message")]


class Messenger:
    """One sandbox with an app, a Page and a person, its clock standing still."""

    def __init__(self, world: World, client: httpx.AsyncClient, receiver: Receiver) -> None:
        self.world = world
        self.client = client
        self.receiver = receiver
        self.proof = hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()

    async def control(self, path: str, /, **body: Any) -> Any:
        answer = await self.client.post(f"/_sandbox{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def look(self, path: str, /, **query: Any) -> Any:
        answer = await self.client.get(f"/_sandbox{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def act(self, what: str, /, psid: str = PSID, **body: Any) -> Any:
        return await self.control(f"/customers/{PAGE}/{psid}/{what}", **body)

    async def settle(self) -> None:
        """Until every delivery that may go out has gone out."""
        await self.control("/wait", what="delivered_all", timeout=5)

    async def tries(self, count: int) -> None:
        """Until this many delivery attempts have been made."""
        async with asyncio.timeout(30):
            while len(self.ledger("meta")) < count:
                await self.world.changes.wait(1)

    async def advance(self, seconds: float) -> None:
        await self.control("/clock", advance_seconds=seconds)

    async def graph(self, method: str, path: str, /, **params: Any) -> httpx.Response:
        """A Graph call as a careful client makes it; `token` and `proof` may be among the parameters."""
        token = params.pop("token", TOKEN)
        proof = params.pop("proof", self.proof if token == TOKEN else "")
        headers = {"Authorization": f"Bearer {token}"}
        given = {**params, **({"appsecret_proof": proof} if proof else {})}
        if method == "GET":
            return await self.client.get(path, params=given, headers=headers)
        return await self.client.request(method, path, json=given, headers=headers)

    async def send(self, text: str = "hello", psid: str = PSID, **params: Any) -> httpx.Response:
        given = {"recipient": {"id": psid}, "message": {"text": text}, "messaging_type": "RESPONSE", **params}
        return await self.graph("POST", f"/v26.0/{PAGE}/messages", **given)

    def ledger(self, name: str = "graph") -> list[dict[str, Any]]:
        return (self.world.graph if name == "graph" else self.world.meta).read()

    def decision(self) -> dict[str, Any]:
        """The newest decision in the ledger."""
        return [line for line in self.ledger() if line["line"] == "decision"][-1]

    def sent(self) -> int:
        """How many messages of the Page the person has."""
        return len([message for message in self.world.transcript(PAGE, PSID) if message.from_page])


def error_of(answer: httpx.Response) -> tuple[int, int | None]:
    """(code, subcode) of a refused call."""
    error = answer.json()["error"]
    return error["code"], error.get("error_subcode")
