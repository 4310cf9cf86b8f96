"""Is a process ready to be used? Each probe answers at once, true or false."""

import asyncio
from datetime import timedelta

import httpx
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

_PROBE_SECONDS = 2


async def temporal_is_ready(address: str, namespace: str = "default") -> bool:
    """Whether the server at host:port answers and knows the namespace."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            client = await Client.connect(address, namespace=namespace)
            await client.workflow_service.describe_namespace(
                DescribeNamespaceRequest(namespace=namespace), timeout=timedelta(seconds=_PROBE_SECONDS)
            )
    except (RuntimeError, RPCError, TimeoutError):
        return False
    return True


async def http_is_ready(url: str) -> bool:
    """Whether a GET of the URL is answered with success."""
    try:
        async with httpx.AsyncClient(timeout=_PROBE_SECONDS, trust_env=False) as client:
            return (await client.get(url)).is_success
    except httpx.HTTPError:
        return False
