"""The connection to Temporal, by the settings, and whether it answers."""

import asyncio

from temporalio.client import Client, TLSConfig
from temporalio.service import GrpcCompression, RetryConfig, RPCError, RPCStatusCode

from base.converter import data_converter
from base.settings import Settings

# The SDK's own pauses grow to 5 s: so long nobody would notice that Temporal is back.
_RETRY = RetryConfig(max_interval_millis=1_000)

_PROBE_TIMEOUT_SECONDS = 2.0

UNAVAILABLE = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.UNKNOWN,
    }
)
"""The statuses of calls that failed because Temporal is away, and not because of what it was asked."""


async def connect(settings: Settings, *, lazy: bool = False) -> Client:
    """Connect to Temporal. A lazy client connects with its first call."""
    return await Client.connect(
        settings.temporal_target,
        namespace=settings.temporal_namespace,
        api_key=settings.temporal_api_key.get_secret_value() if settings.temporal_api_key else None,
        tls=_tls(settings),
        lazy=lazy,
        data_converter=data_converter,
        retry_config=_RETRY,
        grpc_compression=GrpcCompression.NONE if _is_local(settings) else GrpcCompression.GZIP,
    )


async def temporal_answers(client: Client) -> bool:
    """Whether Temporal answers a question about its health within two seconds."""
    try:
        async with asyncio.timeout(_PROBE_TIMEOUT_SECONDS):
            return await client.service_client.check_health(retry=False)
    except TimeoutError:
        return False
    except RPCError as error:
        return error.status not in UNAVAILABLE  # A server without a health service says so itself.


def _is_local(settings: Settings) -> bool:
    """Compressing for the loopback costs the worker 8 % of its processor time and saves nothing."""
    return settings.temporal_target.rsplit(":", 1)[0] in ("127.0.0.1", "localhost", "[::1]")


def _tls(settings: Settings) -> TLSConfig | bool:
    files = (settings.temporal_tls_ca, settings.temporal_tls_cert, settings.temporal_tls_key)
    if not any(files):
        return settings.temporal_tls or settings.temporal_api_key is not None
    ca, certificate, key = (file.read_bytes() if file else None for file in files)
    return TLSConfig(server_root_ca_cert=ca, client_cert=certificate, client_private_key=key)
