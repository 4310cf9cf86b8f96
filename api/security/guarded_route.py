"""The route class of every endpoint: first who you are, then what you may and see, only then your body.

FastAPI reads the body before it asks any dependency, hence a route class.
"""

from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any, get_args, get_origin

import orjson
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Router

from api.http.body import read_body
from api.http.fields import is_id
from api.http.problems import Problem
from api.http.validation_errors import find_wrong_parameters
from api.security.auth import Principal, authenticate
from api.security.permissions import Permissions
from api.security.refused_requests import Refused, RefusedRequests, source_of
from store.access.visibility import SUBJECTS, refuse_unseen
from store.db.database import Database

MAX_BODY_BYTES = 256 * 1024
BODY_TIMEOUT_SECONDS = 10.0


class JsonRequest(Request):
    """A request whose body is capped in size and time and read by one strict JSON parser."""

    _body_read: bytes | None = None

    async def body(self) -> bytes:
        """The whole body, never buffered beyond the cap."""
        if self._body_read is None:
            self._body_read = await read_body(
                self, max_bytes=MAX_BODY_BYTES, timeout_seconds=BODY_TIMEOUT_SECONDS
            )
        return self._body_read

    async def json(self) -> Any:
        """The body's value. Of duplicate keys the last counts; NaN and lone surrogates are refused."""
        try:
            return orjson.loads(await self.body())
        except orjson.JSONDecodeError as error:
            raise Problem("malformed_json") from error


class GuardedRoute(APIRoute):
    """A route that asks `api.security.permissions` before it reads anything."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, behind the guard."""
        serve = super().get_route_handler()
        known = dict(_query_parameters(self.dependant))
        lists = {name for name, annotation in known.items() if _takes_list(annotation)}

        async def guarded(request: Request) -> Response:
            permissions: Permissions = request.app.state.permissions
            if not permissions.is_public(self.name):
                principal = await authenticate(request)
                if principal.role not in permissions.roles(self.name):
                    _record_denial(request, principal, self.name)
                    raise Problem("forbidden")
                request.app.state.call_limit.acquire(principal.agent_id)
                request.state.principal = principal
                if wrong := find_wrong_parameters(request.query_params.multi_items(), known, lists):
                    raise Problem("invalid_request", errors=wrong)
                await _refuse_unseen(request, principal)
            return await serve(self.prepare_request(request))

        return guarded

    def prepare_request(self, request: Request) -> Request:
        """The request as the operation may read it."""
        _refuse_other_than_json(request)
        return JsonRequest(request.scope, request.receive)


class UploadRoute(GuardedRoute):
    """A route whose operation reads a body of any type by itself, in pieces."""

    def prepare_request(self, request: Request) -> Request:
        """The request as it came."""
        return request


def api_router(tag: str, route_class: type[GuardedRoute] = GuardedRoute) -> APIRouter:
    """A router for one resource; its operation ids are the names of its functions."""
    return APIRouter(
        tags=[tag],
        route_class=route_class,
        generate_unique_id_function=lambda route: route.name,
    )


def merge_routers(*routers: Router) -> APIRouter:
    """The routes of a feature's modules in one router, in this order."""
    merged = APIRouter()
    merged.routes.extend(route for router in routers for route in router.routes)
    return merged


def _record_denial(request: Request, principal: Principal, operation: str) -> None:
    refused: RefusedRequests = request.app.state.refused_requests
    who, role = principal.agent_id, principal.role
    refused.note(Refused.ACCESS, source_of(request), actor_id=who, operation=operation, role=role)


async def _refuse_unseen(request: Request, principal: Principal) -> None:
    """What the path names and the caller does not see is answered as what does not exist."""
    named = [(name, value) for name, value in request.path_params.items() if name in SUBJECTS]
    database: Database = request.app.state.database
    for name, value in named:
        if is_id(value):  # what is none is refused with its reason
            await database.read(partial(_check, principal, name, value))


def _check(principal: Principal, name: str, value: str, session: Session) -> None:
    refuse_unseen(session, principal.reader, name, value)


def _query_parameters(dependant: Dependant) -> Iterator[tuple[str, Any]]:
    """The query parameters of an operation and of its dependencies: their names and types."""
    for each in dependant.query_params:
        yield each.alias, each.field_info.annotation
    for dependency in dependant.dependencies:
        yield from _query_parameters(dependency)


def _takes_list(annotation: Any) -> bool:
    """Whether a query parameter may be given several times: its type is a list, or a union with one."""
    return get_origin(annotation) is list or any(get_origin(each) is list for each in get_args(annotation))


def _refuse_other_than_json(request: Request) -> None:
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and media_type != "application/json":
        raise Problem("unsupported_media_type")
