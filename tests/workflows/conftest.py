"""Workflows on the time-skipping server, with the real store behind them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from support.desk import Desk, make_desk
from support.store import make_settings


@pytest.fixture
async def desk(tmp_path: Path, time_skipping_env: WorkflowEnvironment) -> AsyncIterator[Desk]:
    """A desk with a running worker."""
    desk = await make_desk(make_settings(tmp_path), time_skipping_env.client)
    async with desk.working():
        yield desk
        await desk.close()
