"""Baseline A: a FastAPI route that checks the signature, parses the JSON and stores nothing.

Served by uvicorn with the settings of `pagedesk api`.
"""

import json
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Header, HTTPException, Request
from fastapi.responses import PlainTextResponse

from base.settings import Settings
from local.demo.installation import load_or_make_secrets
from messenger.webhooks.signature import is_signed


def create_app(app_secret: str) -> FastAPI:
    """The application with its one route."""
    app = FastAPI()
    secrets = [app_secret.encode()]

    @app.post("/webhooks/messenger/{account_id}", response_class=PlainTextResponse)
    async def take(
        account_id: str, request: Request, x_hub_signature_256: Annotated[str, Header()]
    ) -> PlainTextResponse:
        body = await request.body()
        if not is_signed(body, x_hub_signature_256.encode(), secrets):
            raise HTTPException(401)
        delivery = json.loads(body)
        if not account_id or delivery["object"] != "page":
            raise HTTPException(400)
        return PlainTextResponse("EVENT_RECEIVED")

    return app


def main() -> None:
    """Serve on the port of the settings until stopped."""
    settings = Settings()
    uvicorn.run(
        create_app(load_or_make_secrets(settings.data_dir).app_secret),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
