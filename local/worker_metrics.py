"""The metrics of a worker over HTTP: its own and those of Temporal's SDK, in one answer."""

import contextlib
from collections.abc import AsyncIterator

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from base import metrics
from base.http.known_hosts import is_loopback
from base.http.local_only import LocalOnly
from base.log import get_logger
from base.settings_reading import SettingsError
from local.processes.served import served

_SDK_SECONDS = 5.0

_log = get_logger("worker")


@contextlib.asynccontextmanager
async def serving_metrics(binding: tuple[str, int], sdk_url: str | None) -> AsyncIterator[None]:
    """Serve `/metrics` at host and port, for the length of the block.

    `sdk_url` is where the SDK serves its own.
    """
    host, port = binding
    async with contextlib.AsyncExitStack() as stack:
        sdk = await stack.enter_async_context(httpx.AsyncClient(timeout=_SDK_SECONDS, trust_env=False))
        app = metrics_app(sdk, sdk_url)
        try:
            address = await stack.enter_async_context(
                served(LocalOnly(app) if is_loopback(host) else app, port, host)
            )
        except OSError as error:
            raise SettingsError(
                f"PAGEDESK_WORKER_METRICS_ADDRESS: {host}:{port} cannot be listened on ({error.strerror}). "
                "Each worker needs one of its own."
            ) from error
        _log.info("metrics_served", address=f"{address}/metrics")
        yield


def metrics_app(sdk: httpx.AsyncClient, sdk_url: str | None) -> Starlette:
    """`GET /metrics`. Where the SDK does not answer, the rest is served without its numbers."""

    async def get_metrics(_: Request) -> Response:
        text = metrics.exposition().decode()
        if sdk_url is not None:
            try:
                text += (await sdk.get(sdk_url)).raise_for_status().text
            except httpx.HTTPError as error:
                _log.warning("sdk_metrics_unavailable", error=type(error).__name__)
        return PlainTextResponse(text, media_type=metrics.CONTENT_TYPE)

    return Starlette(routes=[Route("/metrics", get_metrics, methods=["GET"])])
