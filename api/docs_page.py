"""The browsable documentation: Swagger UI from its CDN, with a content policy that allows just that."""

import asyncio
import base64
import hashlib
import re

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

OPENAPI_PATH = "/openapi.json"
DOCS_PATH = "/docs"
_CDN = "https://cdn.jsdelivr.net"


def docs_routes() -> list[Route]:
    """The two public routes, served if the settings say so."""
    return [Route(OPENAPI_PATH, _openapi, methods=["GET"]), Route(DOCS_PATH, _docs, methods=["GET"])]


async def _openapi(request: Request) -> Response:
    """The document, made once: whoever asks for it again and again must cost next to nothing."""
    state = request.app.state
    if not hasattr(state, "openapi_document"):
        state.openapi_document = asyncio.ensure_future(asyncio.to_thread(_rendered, request.app))
    return Response(await asyncio.shield(state.openapi_document), media_type="application/json")


def _rendered(app: FastAPI) -> bytes:
    return bytes(JSONResponse(app.openapi()).body)


async def _docs(_request: Request) -> Response:
    page = get_swagger_ui_html(openapi_url=OPENAPI_PATH, title="Pagedesk API", swagger_favicon_url="data:,")
    html = bytes(page.body).decode()
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    hashes = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {_CDN} {hashes}; style-src {_CDN} 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(html, headers={"Content-Security-Policy": policy})


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
