"""`/console/`: the page of the console, its files, and what a browser lets them do.

Every address of the console is the same page, which reads the address itself. Files are named by what is in
them and kept for a year; the page that names them is asked for each time.
"""

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from api.console.releases import Releases

CONSOLE_PATH = "/console"

# The hash is of the one style that React Aria puts into the page, a constant of its `usePress`.
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; font-src 'self'; "
    "style-src 'self' 'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o='; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_PAGE_HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
_NAMED_BY_CONTENT = {"Cache-Control": "public, max-age=31536000, immutable"}
_OTHER_FILES = {"Cache-Control": "no-cache"}
_NOT_BUILT = (
    "The console is not built here. Run `make setup` where Pagedesk was checked out; it says why not.\n"
)


def console_routes() -> list[Route]:
    """The public routes, in the order in which they are tried."""
    return [
        Route(CONSOLE_PATH, _go_to_console, methods=["GET"]),
        Route(CONSOLE_PATH + "/assets/{name}", _asset, methods=["GET"]),
        Route(CONSOLE_PATH + "/{path:path}", _page, methods=["GET"]),
    ]


async def _go_to_console(_request: Request) -> Response:
    return RedirectResponse(f"{CONSOLE_PATH}/")


def _asset(request: Request) -> Response:
    releases: Releases | None = request.app.state.console
    file = releases.find(f"assets/{request.path_params['name']}") if releases else None
    if file is None:
        return PlainTextResponse("There is no such file.\n", 404)
    return FileResponse(file, headers=_NAMED_BY_CONTENT)


def _page(request: Request) -> Response:
    """The page, or one of the few files that stand beside it."""
    releases: Releases | None = request.app.state.console
    if releases is None:
        return PlainTextResponse(_NOT_BUILT, 404)
    path = request.path_params["path"]
    if "." in path and (file := releases.find(path)) is not None and file != releases.index():
        return FileResponse(file, headers=_OTHER_FILES)
    return FileResponse(releases.index(), headers=_PAGE_HEADERS)
