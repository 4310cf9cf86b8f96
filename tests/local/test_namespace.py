"""A worker whose namespace does not exist says so, and how to make it; other answers are for later."""

from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from base.settings import Settings
from base.settings_reading import SettingsError
from local.start_checks import require_namespace

SETTINGS = Settings(temporal_address="temporal.example.com:7233", temporal_namespace="pagedesk")


def _client(error: RPCError | None) -> Client:
    service: Any = SimpleNamespace(describe_namespace=mock.AsyncMock(side_effect=error))
    return cast("Client", SimpleNamespace(workflow_service=service))


async def test_a_missing_namespace_is_told_with_the_command_that_makes_it() -> None:
    with pytest.raises(SettingsError) as refused:
        await require_namespace(_client(RPCError("gone", RPCStatusCode.NOT_FOUND, b"")), SETTINGS)
    (line,) = refused.value.lines
    assert line.startswith("Temporal at temporal.example.com:7233 has no namespace 'pagedesk'")
    assert line.endswith(
        "temporal operator namespace create --namespace pagedesk --address temporal.example.com:7233"
    )


@pytest.mark.parametrize("status", [None, RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAVAILABLE])
async def test_a_namespace_that_is_there_or_cannot_be_seen_stops_nobody(status: RPCStatusCode | None) -> None:
    error = RPCError("no", status, b"") if status is not None else None
    await require_namespace(_client(error), SETTINGS)
