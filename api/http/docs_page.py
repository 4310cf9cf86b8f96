"""The browsable documentation: Swagger UI, served from here alone, so that it needs no other network."""

import asyncio
from importlib.resources import files
from importlib.resources.abc import Traversable

import fastapi_offline
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

OPENAPI_PATH = "/openapi.json"
DOCS_PATH = "/docs"

_SWAGGER_UI = files(fastapi_offline) / "static"
_ASSETS: dict[str, tuple[Traversable, str]] = {
    "swagger-ui.css": (_SWAGGER_UI / "swagger-ui.css", "text/css"),
    "swagger-ui-bundle.js": (_SWAGGER_UI / "swagger-ui-bundle.js", "text/javascript"),
    "start.js": (files("api") / "docs_start.js", "text/javascript"),
}
_PAGE = f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pagedesk API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{DOCS_PATH}/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"><p>The reference is also at <a href="{OPENAPI_PATH}">{OPENAPI_PATH}</a>.</p></div>
<script src="{DOCS_PATH}/swagger-ui-bundle.js"></script>
<script src="{DOCS_PATH}/start.js"></script>
</body>
</html>
"""
# Swagger UI sets style attributes; scripts and style sheets come from here alone, and none is inline.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src-elem 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ASSET_HEADERS = {"Cache-Control": "public, max-age=3600"}


def docs_routes() -> list[Route]:
    """The public routes, served if the settings say so."""
    return [
        Route(OPENAPI_PATH, _openapi, methods=["GET"]),
        Route(DOCS_PATH, _docs, methods=["GET"]),
        *(Route(f"{DOCS_PATH}/{name}", _asset, methods=["GET"], name=name) for name in _ASSETS),
    ]


async def _openapi(request: Request) -> Response:
    """The document, made once: repeated requests must cost next to nothing."""
    state = request.app.state
    if not hasattr(state, "openapi_document"):
        state.openapi_document = asyncio.ensure_future(asyncio.to_thread(_render_document, request.app))
    return Response(await asyncio.shield(state.openapi_document), media_type="application/json")


def _render_document(app: FastAPI) -> bytes:
    return bytes(JSONResponse(app.openapi()).body)


async def _docs(_request: Request) -> Response:
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


def _asset(request: Request) -> Response:
    file, media_type = _ASSETS[request.url.path.removeprefix(f"{DOCS_PATH}/")]
    return Response(file.read_bytes(), media_type=media_type, headers=_ASSET_HEADERS)
