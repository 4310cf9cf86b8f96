"""Whether the engine answers now."""

import asyncio

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

_PROBE_SECONDS = 2.0
_AWAY = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.UNKNOWN,
    }
)


def is_away(error: RPCError) -> bool:
    """Whether a call failed because there is no engine, and not because of what it was asked."""
    return error.status in _AWAY


async def engine_answers(client: Client) -> bool:
    """Ask the engine for its health, once, for two seconds at most."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            return await client.service_client.check_health(retry=False)
    except TimeoutError:
        return False
    except RPCError as error:
        return not is_away(error)  # it may have no such service, and says so itself
