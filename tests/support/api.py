"""The API as tests use it: clients per role, Temporal replaced at its seam, rows of other rooms."""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import event
from sqlmodel import Session
from starlette.routing import Match

from api.http.problem_docs import CODES
from api.services.workflow_client import CommandRefusedError, RunNotFoundError, TemporalUnavailableError
from base.ids import new_id
from base.settings import Settings
from domain.conversations.changes import Refusal
from domain.conversations.command_types import Command
from domain.conversations.lifecycle import Status
from ingest.events.event_router import RoutedBatch, route
from ingest.inbox.reader import InboxReader
from store import tables
from store.db.database import Database
from store.search import texts as search_texts
from store.workstreams.settings_versions import note_told, untold_settings
from support.paths import DOCS
from workflows.messages import CommandResult

ADMIN_TOKEN = "an-admin-token-for-tests"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@functools.cache
def committed_openapi() -> dict[str, Any]:
    """The committed OpenAPI document, which `test_documents` proves current (making it is slow)."""
    document: dict[str, Any] = orjson.loads((DOCS / "openapi.json").read_bytes())
    return document


@functools.cache
def committed_operations() -> dict[str, dict[str, Any]]:
    """The operations of the committed OpenAPI document by their ids."""
    paths = committed_openapi()["paths"].values()
    return {operation["operationId"]: operation for path in paths for operation in path.values()}


class FakeEngine:
    """Answers as it is told and remembers what it was asked."""

    def __init__(self) -> None:
        self.commands: list[Any] = []
        self.started: list[Any] = []
        self.checked: list[str] = []
        self.written_down: list[tuple[str, str]] = []
        self.answer: Callable[[Any], Any] = lambda _: None
        self.is_down = False
        self.pings = 0

    async def command(self, _page_id: str, _customer_id: str, command: Command) -> CommandResult:
        self.commands.append(command)
        return await self._answer(command)

    async def command_with_start(self, _page_id: str, _customer_id: str, command: Command) -> CommandResult:
        self.started.append(command)
        return CommandResult(command.conversation_id, Status.ACTIVE, 1)

    async def request_projection(self, page_id: str, customer_id: str) -> None:
        self._refuse_if_down()
        self.written_down.append((page_id, customer_id))

    async def check_page(self, page_id: str) -> None:
        self._refuse_if_down()
        self.checked.append(page_id)

    async def ping(self) -> None:
        self.pings += 1
        self._refuse_if_down()

    def refuse(self, refusal: Refusal) -> None:
        """Refuse every command from now on."""
        self.answer = lambda _: CommandRefusedError(refusal)

    def lose_run(self) -> None:
        """Have no open run."""
        self.answer = lambda _: RunNotFoundError()

    async def _answer(self, command: Command) -> CommandResult:
        self._refuse_if_down()
        answer = self.answer(command)
        if asyncio.iscoroutine(answer):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        return CommandResult(command.conversation_id, Status.ACTIVE, 1)

    def _refuse_if_down(self) -> None:
        if self.is_down:
            raise TemporalUnavailableError


class FakeMeta:
    """The Graph API of the API's own few calls: answers as it is told and remembers what it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.answer: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(
            200, json={"success": True}
        )
        self.transport = httpx.MockTransport(self._take)

    def fail(self, code: int, subcode: int | None = None, status: int = 400) -> None:
        """Refuse every call from now on."""
        error = {"message": "no", "type": "OAuthException", "code": code, "error_subcode": subcode}
        self.answer = lambda _: httpx.Response(status, json={"error": error})

    def _take(self, request: httpx.Request) -> httpx.Response:
        content = request.content.decode()
        if request.headers.get("content-type") == "application/json":
            given = orjson.loads(content)
        else:
            given = dict(httpx.QueryParams(content or request.url.query))
        self.calls.append((request.method, request.url.path.rpartition("/")[2], given))
        return self.answer(request)


@dataclass
class Api:
    """The application and clients of it, one per role."""

    app: FastAPI
    settings: Settings
    database: Database
    engine: FakeEngine = field(default_factory=FakeEngine)
    meta: FakeMeta = field(default_factory=FakeMeta)
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    _routed_to: int = 0

    async def pages_with_untold_settings(self) -> list[str]:
        """The pages whose settings got a newer version since the last look."""

        def work(session: Session) -> list[str]:
            untold = untold_settings(session)
            for page_id, version in untold:
                note_told(session, page_id, version)
            return sorted(page_id for page_id, _ in untold)

        return await self.database.write(work)

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """A client with this bearer token."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://api.test",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            event_hooks={"response": [self._refuse_undocumented]},
        )
        self.clients.append(client)
        return client

    async def inbox(self) -> list[tables.InboxEvent]:
        """The whole inbox."""
        with contextlib.closing(Database(self.settings.inbox_url)) as inbox:
            return await InboxReader(inbox).after(0)

    async def route_inbox(self) -> RoutedBatch:
        """Bring what is new in the inbox into the store, as the relay does."""
        new = [each for each in await self.inbox() if (each.id or 0) > self._routed_to]
        self._routed_to = new[-1].id or 0 if new else self._routed_to
        return await self.database.write(lambda session: route(session, new))

    async def walk(self, path: str, *, limit: int, **narrowed: Any) -> list[str]:
        """The ids of a whole list, read page by page."""
        seen: list[str] = []
        params: dict[str, Any] = {"limit": limit, **narrowed}
        while True:
            page = (await self.admin.get(path, params=params)).json()
            assert len(page["items"]) <= limit
            seen.extend(item["id"] for item in page["items"])
            if page["next_cursor"] is None:
                return seen
            params["cursor"] = page["next_cursor"]

    @contextlib.contextmanager
    def counted_statements(self) -> Iterator[list[str]]:
        """Collects the SQL statements that are executed meanwhile."""
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith("BEGIN"):
                statements.append(statement)

        engines = {self.database._read_engine, self.database._write_engine}
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        yield statements
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)

    async def close(self) -> None:
        """Close every client."""
        for client in self.clients:
            await client.aclose()

    async def _refuse_undocumented(self, response: httpx.Response) -> None:
        """Every problem that a test meets must be in the OpenAPI document of its operation."""
        if response.headers.get("content-type") != "application/problem+json":
            return
        content = await response.aread()
        code = orjson.loads(content)["code"] if content else "internal_error"
        operation = self.operation(response.request.method, response.request.url.path)
        known = self.documented_codes(operation) if operation else {code}
        if code not in known | {"internal_error"}:
            raise AssertionError(f"{operation} does not document {code}")

    def operation(self, method: str, path: str) -> str | None:
        """The operation id of a request; None where there is no such route."""
        scope = {"type": "http", "method": method, "path": path, "root_path": ""}
        return next(
            (
                route.name
                for route in self.app.routes
                if isinstance(route, APIRoute) and route.matches(scope)[0] is Match.FULL
            ),
            None,
        )

    def documented_codes(self, operation: str) -> set[str]:
        """The problem codes that the OpenAPI document lists for an operation."""
        responses = committed_operations()[operation]["responses"].values()
        return {code for response in responses for code in response.get(CODES, ())}

    @property
    def admin(self) -> httpx.AsyncClient:
        """The bootstrap admin."""
        return self.client(ADMIN_TOKEN)

    async def somebody(self, role: str, name: str = "Somebody") -> tuple[str, httpx.AsyncClient]:
        """A new agent's id and a client with its key."""
        made = await self.admin.post("/v1/agents", json={"name": name, "role": role})
        agent_id = made.json()["id"]
        key = await self.admin.post(f"/v1/agents/{agent_id}/keys", json={"name": "test"})
        return agent_id, self.client(key.json()["key"])


@dataclass
class Thread:
    """A thread with one live conversation, as the relay and the projection would have written them."""

    page_id: str
    customer_id: str
    conversation_id: str


class Seed:
    """Writes rows that other rooms write in the real service."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._pages = 0

    async def page(self, **settings: Any) -> str:
        """A page of an account of its own."""
        self._pages += 1
        page_id = str(1000 + self._pages)
        account = await self._api.admin.post(
            "/v1/accounts",
            json={"name": f"Shop {page_id}", "app_id": f"9{page_id}", "app_secret": "0123456789abcdef"},
        )
        made = await self._api.admin.post(
            f"/v1/accounts/{account.json()['id']}/pages",
            json={"page_id": page_id, "name": "Shop", "access_token": "EAAG" + page_id, **settings},
        )
        assert made.status_code == 201, made.text
        return page_id

    async def conversation(
        self,
        *,
        page_id: str | None = None,
        name: str | None = "Ada",
        status: Status = Status.OPEN,
        agent_id: str | None = None,
        last_message_at: datetime = NOW,
        standard_until: datetime | None = None,
        human_agent_until: datetime | None = None,
        owed_since: datetime | None = None,
        closed_at: datetime | None = None,
    ) -> Thread:
        """A customer with a thread and a conversation."""
        page = page_id or await self.page()
        customer_id, conversation_id = new_id(), new_id()
        until = standard_until or last_message_at + timedelta(hours=24)
        session_id = new_id() if status is Status.ACTIVE else None
        rows: list[Any] = [
            tables.Customer(
                id=customer_id, page_id=page, psid="7" + customer_id[:8], name=name, created_at=NOW
            ),
            tables.Thread(
                customer_id=customer_id,
                page_id=page,
                opened_by="message",
                opened_at=until - timedelta(hours=24),
                standard_until=until,
                human_agent_until=human_agent_until or until + timedelta(days=6),
            ),
            tables.Conversation(
                id=conversation_id,
                page_id=page,
                customer_id=customer_id,
                status=status.value,
                status_reason="customer_wrote",
                status_changed_at=NOW,
                agent_id=agent_id,
                session_id=session_id,
                opened_at=NOW,
                last_message_at=last_message_at,
                owed_since=owed_since,
                closed_at=closed_at,
                version=1,
            ),
        ]
        if session_id:
            rows.append(
                tables.AgentSession(
                    id=session_id,
                    conversation_id=conversation_id,
                    number=1,
                    agent_id=agent_id,
                    started_at=NOW,
                )
            )
        await self.add(*rows)
        await self._api.database.write(
            lambda session: search_texts.replace_name(session, session.get_one(tables.Customer, customer_id))
        )
        return Thread(page, customer_id, conversation_id)

    async def message(self, thread: Thread, text: str | None, **values: Any) -> str:
        """A message of the thread's conversation, inbound unless told."""
        message_id = new_id()
        row: dict[str, Any] = {
            "id": message_id,
            "page_id": thread.page_id,
            "customer_id": thread.customer_id,
            "conversation_id": thread.conversation_id,
            "direction": "inbound",
            "sender_kind": "customer",
            "text": text,
            "occurred_at": NOW,
            "created_at": NOW,
            **values,
        }
        await self.add(tables.Message(**row))
        await self._api.database.write(lambda session: search_texts.keep_messages(session, [row]))
        return message_id

    async def add(self, *rows: Any) -> None:
        """Write rows in their order."""

        def work(session: Any) -> None:
            for row in rows:
                session.add(row)
                session.flush()

        await self._api.database.write(work)
