"""The sandbox put together: the Graph API at the root, the control API at `/_sandbox`, the page at `/`."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route

from sandbox import control, control_faults, control_messenger
from sandbox.config import Config
from sandbox.graph import Graph
from sandbox.world import World

WEB = Path(__file__).parent / "web"
FILES = {"": "index.html"} | {
    name: name for name in ("page.css", "page.js", "common.js", "thread.js", "attached.js", "webhooks.js")
}
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' http: https: data:; base-uri 'none'",
    "Cache-Control": "no-store",
}


def create_app(config: Config | None = None) -> Starlette:
    """A sandbox as an ASGI application; its `World` is `app.state.world`.

    Its lifespan starts and closes the world. Where no lifespan runs (a bare `httpx.ASGITransport`), await
    `world.start()` before the first call and `world.close()` at the end.
    """
    world = World(config or Config())

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await world.start()
        try:
            yield
        finally:
            await world.close()

    app = Starlette(
        routes=[
            Route("/", _page),
            Mount(
                "/_sandbox",
                routes=[
                    *control.routes(world),
                    *control_messenger.routes(world),
                    *control_faults.routes(world),
                    Route("/web/{name}", _page),
                ],
            ),
            Mount("/", Graph(world)),
        ],
        lifespan=lifespan,
    )
    app.state.world = world
    return app


async def _page(request: Request) -> Response:
    name = FILES.get(request.path_params.get("name", ""))
    if name is None:
        return Response(status_code=404)
    return FileResponse(WEB / name, headers=PAGE_HEADERS)
