"""A sandbox in this process, its clock standing still, with an app, a Page and a person."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from local.processes.served import served
from sandbox.app import create_app
from sandbox.config import Config
from sandbox.model import FIELDS
from sandbox.world import World
from support.sandbox_driver import APP, CALLBACK, PAGE, PSID, SECRET, TOKEN, Messenger, Receiver


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def app(receiver: Receiver) -> Starlette:
    return create_app(Config(seed=7, transport=receiver))


@pytest.fixture
async def messenger(app: Starlette, receiver: Receiver) -> AsyncIterator[Messenger]:
    world: World = app.state.world
    await world.start()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://graph.test") as client:
        messenger = Messenger(world, client, receiver)
        await messenger.control("/clock", set="2026-11-22T10:00:00+00:00", speed=0)
        await messenger.control(
            "/apps", app_id=APP, app_secret=SECRET, callback_url=CALLBACK, fields=sorted(FIELDS)
        )
        await messenger.control(
            "/pages",
            page_id=PAGE,
            name="Shop",
            access_token=TOKEN,
            app_id=APP,
            subscribed_fields=sorted(FIELDS),
        )
        await messenger.control("/customers", page_id=PAGE, psid=PSID, name="Ada Byron")
        yield messenger
        await world.close()
        assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


@pytest.fixture
async def open_window(messenger: Messenger) -> Messenger:
    """A Messenger whose customer has written."""
    await messenger.act("say", text="hello")
    await messenger.settle()
    return messenger


@pytest.fixture
async def wired(app: Starlette, open_window: Messenger) -> AsyncIterator[Messenger]:
    """The same on a real socket."""
    async with (
        served(app) as address,
        httpx.AsyncClient(base_url=address, trust_env=False, timeout=5) as client,
    ):
        yield Messenger(open_window.world, client, open_window.receiver)
