"""The HTTP server of every process of ours: uvicorn, with limits on connections, sizes and times."""

import contextlib
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp

from base.http.connections import Connections, connections_for
from base.http.open_files import raise_open_file_limit
from base.http.protocol import LimitedHttpProtocol
from base.http.proxies import TrustedProxies
from base.log import get_logger

_COULD_NOT_START = 3
_FEW_CONNECTIONS = 1000

_log = get_logger("http")


def serve(app: ASGIApp, **more: Any) -> None:
    """Serve until a signal comes; the process ends with status 3 where it could not start."""
    server = uvicorn.Server(server_config(app, **more))
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(_COULD_NOT_START)


def server_config(
    app: ASGIApp,
    *,
    connections: Connections | None = None,
    trusted_proxies: str | None = None,
    **more: Any,
) -> uvicorn.Config:
    """Uvicorn's configuration for an application; `more` is uvicorn's own.

    It raises the soft limit of open files, from which the number of connections follows.
    """
    if connections is None:
        connections = new_connections(trusted_proxies)
    protocol = cast("Callable[..., Any]", partial(LimitedHttpProtocol, registry=connections))
    return uvicorn.Config(
        app,
        http=cast("Any", protocol),
        ws="none",
        log_level="error",  # what it warns of is counted and told by `Connections`
        access_log=False,
        server_header=False,
        proxy_headers=trusted_proxies is not None,
        forwarded_allow_ips=trusted_proxies,
        **more,
    )


def new_connections(trusted_proxies: str | None = None) -> Connections:
    """The registry of a server of this process. The log warns where it may have few connections."""
    open_files = raise_open_file_limit()
    most = connections_for(open_files)
    if most < _FEW_CONNECTIONS:
        remedy = "Raise the hard limit of open files (`ulimit -Hn`, systemd's LimitNOFILE) to 8192."
        _log.warning("few_connections", most=most, open_files=open_files, remedy=remedy)
    return Connections(most, TrustedProxies.of(trusted_proxies))
