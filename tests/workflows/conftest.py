"""Workflows on a time-skipping server, with the real store behind them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from base.converter import data_converter
from local.temporal_server.test_server import start_time_skipping
from support.desk import Desk, make_desk
from support.store import make_settings


@pytest.fixture
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """A server of the test's own: what another test left running would hold the time."""
    environment = await start_time_skipping(data_converter=data_converter)
    yield environment
    await environment.shutdown()


@pytest.fixture
async def desk(tmp_path: Path, env: WorkflowEnvironment) -> AsyncIterator[Desk]:
    """A desk with a running worker."""
    desk = await make_desk(make_settings(tmp_path), env.client)
    async with desk.working():
        yield desk
        await desk.close()
