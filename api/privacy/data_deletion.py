"""Meta's data deletion callback, and the public page that shows the status of a request.

`POST /webhooks/messenger/{account_id}/data-deletion` is the address for the app's settings at Meta. It
answers as soon as the request is written; the erasure itself is a workflow.
"""

import re

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, Router

from api.http.body import read_form
from api.http.problems import Problem
from api.http.public_page import HEADERS, message_page
from api.http.rate_limit import RateLimit
from api.http.request_log import DATA_DELETION, WEBHOOKS
from api.privacy.data_deletion_texts import texts_for
from api.privacy.status_url import status_url
from api.security.refused_requests import Refused, RefusedRequests, source_of
from api.webhooks.secrets import AccountSecrets, SecretsUnavailableError
from base import clock
from base.log import get_logger
from base.settings import Settings
from messenger.webhooks.signed_request import BadSignedRequestError, read_deletion_request
from store.db.database import Database
from store.db.unavailable import STORE_UNAVAILABLE
from store.privacy import erasures
from store.tables import Erasure

MAX_FORM_BYTES = 16 * 1024
_CODE = re.compile(r"[A-Za-z0-9_-]{43}")
_UNAVAILABLE = (*STORE_UNAVAILABLE, SecretsUnavailableError)

_log = get_logger("api")


async def _receive_request(request: Request) -> Response:
    """Meta's callback: 200 with the code once the request is written, else a problem."""
    state = request.app.state
    limit: RateLimit = state.call_limit
    account_id = request.path_params["account_id"]
    try:
        limit.acquire(f"data deletion by {_client_address(request)}")
        erasure = await _store_request(
            state.database,
            state.settings,
            account_id,
            _signed_request(await read_form(request, max_bytes=MAX_FORM_BYTES)),
        )
    except Problem as problem:
        return problem.response
    except BadSignedRequestError as error:
        # The address names an account that exists: its secrets were asked before the signature.
        refused: RefusedRequests = state.refused_requests
        refused.note(Refused.DELETION_REQUEST, source_of(request), account_id=account_id)
        return Problem("invalid_signed_request", str(error)).response
    except _UNAVAILABLE as error:
        _log.warning("store_unavailable", path="data-deletion", error=type(error).__name__)
        return Problem("store_unavailable").response
    return JSONResponse({"url": status_url(state.settings, erasure), "confirmation_code": erasure.code})


async def _store_request(database: Database, settings: Settings, account_id: str, signed: str) -> Erasure:
    vault, now = settings.vault, clock.now()
    secrets = await AccountSecrets(database, vault).app_secrets(account_id)
    if secrets is None:
        raise Problem("not_found", resource="account", id=account_id)
    asked = read_deletion_request(signed, secrets, now)
    return await database.write(
        lambda session: erasures.request_from_meta(
            session, vault, account_id, asked.user_id, issued_at=asked.issued_at, at=now
        )
    )


async def _show_status(request: Request) -> Response:
    """Show the status. Every failure ends on a page that can be read."""
    state = request.app.state
    limit: RateLimit = state.public_page_limit
    database: Database = state.database
    texts, language = texts_for(request.headers)
    code = request.path_params["code"]
    try:
        limit.acquire(f"data deletion by {_client_address(request)}")
        known = _CODE.fullmatch(code) is not None
        erasure = await database.read(lambda s: erasures.by_code(s, code)) if known else None
    except Problem as problem:
        message, status, headers = texts.too_fast, problem.status_code, problem.headers
    except _UNAVAILABLE:
        message, status, headers = texts.away, 503, {"Retry-After": "5"}
    else:
        message, status, headers = texts.of(erasure, language), 404 if erasure is None else 200, {}
        if erasure is None:
            refused: RefusedRequests = state.refused_requests
            refused.note(Refused.LINK, source_of(request), page="data-deletion")
    return HTMLResponse(message_page(language, texts.title, message), status, {**HEADERS, **(headers or {})})


def _client_address(request: Request) -> str:
    return request.client.host if request.client else ""


def _signed_request(form: dict[str, list[str]]) -> str:
    values = form.get("signed_request", [])
    if len(values) != 1:
        raise BadSignedRequestError("The form must hold signed_request, once.")
    return values[0]


router = Router(
    [
        Route(WEBHOOKS + "{account_id}" + DATA_DELETION, _receive_request, methods=["POST"]),
        Route(WEBHOOKS + "{account_id}" + DATA_DELETION + "/", _receive_request, methods=["POST"]),
        Route(DATA_DELETION + "/{code}", _show_status, methods=["GET"]),
    ]
)
