"""From exceptions to problems: what FastAPI, Starlette, the store and we raise, each in one place."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match

from api.http.problems import PROBLEMS, Problem
from api.http.validation_errors import describe_errors, describe_field_errors
from base.log import get_logger
from base.secrets import SecretUnreadableError
from store.db.read_limits import ReadTooSlowError
from store.db.refusals import InvalidFieldsError, RefusalReason, StoreRefusalError
from store.db.unavailable import STORE_UNAVAILABLE

_CLIENT_CLOSED_REQUEST = 499
_CODE_OF_STATUS = {400: "bad_request", 404: "not_found"}

_log = get_logger("api")

if missing := {*RefusalReason} - PROBLEMS.keys():
    raise LookupError(f"Refusals of the store are missing in the table of problems: {missing}")


def add_error_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem document."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StoreRefusalError, _refused)
    app.add_exception_handler(InvalidFieldsError, _wrong_fields)
    app.add_exception_handler(IntegrityError, _conflict)
    app.add_exception_handler(SecretUnreadableError, _secrets_unreadable)
    app.add_exception_handler(ReadTooSlowError, _read_too_slow)
    app.add_exception_handler(ClientDisconnect, _left)
    for unavailable in STORE_UNAVAILABLE:
        app.add_exception_handler(unavailable, _store_unavailable)


async def _http(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return error.response
    status = error.status_code if isinstance(error, HTTPException) else 400
    if status == 405:  # noqa: PLR2004 - Method Not Allowed
        allowed = ", ".join(sorted(_methods_at(request)))
        return Problem("method_not_allowed", headers={"Allow": allowed}).response
    return Problem(_CODE_OF_STATUS.get(status, "bad_request")).response


async def _invalid(_request: Request, error: Exception) -> Response:
    """Describe where and why a request is invalid, never the value."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    if any(each["loc"][0] == "path" for each in found):
        return Problem("not_found").response
    body = error.body if isinstance(error, RequestValidationError) else None
    return Problem("invalid_request", errors=describe_errors(found, body)).response


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, StoreRefusalError):
        raise error
    return Problem(error.code, _detail_of(error), **error.facts).response


async def _wrong_fields(_request: Request, error: Exception) -> Response:
    if not isinstance(error, InvalidFieldsError):
        raise error
    return Problem("invalid_request", errors=describe_field_errors(error.errors)).response


def _detail_of(error: StoreRefusalError) -> str | None:
    if error.code is RefusalReason.NOT_FOUND:
        return f"There is no {error.facts['resource']} with the id {error.facts['id']}."
    return None


async def _conflict(_request: Request, _error: Exception) -> Response:
    """Two writers conflicted at a unique key or a reference; the answer to one of them."""
    return Problem("conflict").response


async def _secrets_unreadable(request: Request, error: Exception) -> Response:
    _log.error("secrets_unreadable", path=request.url.path, error=str(error))
    return Problem("secrets_unreadable").response


async def _read_too_slow(request: Request, _error: Exception) -> Response:
    _log.warning("read_too_slow", path=request.url.path)
    return Problem("store_unavailable").response


async def _left(_request: Request, _error: Exception) -> Response:
    """Nobody reads this answer."""
    return Response(status_code=_CLIENT_CLOSED_REQUEST)


async def _store_unavailable(request: Request, error: Exception) -> Response:
    _log.warning("store_unavailable", path=request.url.path, error=type(error).__name__)
    return Problem("store_unavailable").response


def _methods_at(request: Request) -> set[str]:
    """All methods of the address, whichever route has them."""
    return {
        method
        for route in request.app.routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in getattr(route, "methods", None) or ()
    }
