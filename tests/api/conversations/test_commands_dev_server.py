"""Commands through the real API, a real Temporal server, the real workflow and store."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.client import Client

from api.app import create_app
from api.sending.reply_service import ReplyService
from api.services.conversation_commands import ConversationCommands
from api.services.workflow_client import TemporalWorkflowClient
from base import clock
from store.sending.replies import unsettled_replies
from support.api import ADMIN_TOKEN, Api
from support.desk import Desk, make_desk
from support.eventually import eventually
from support.store import make_settings

pytestmark = pytest.mark.dev_server

HELLO = {"text": "How can I help?"}


@pytest.fixture
async def desk(tmp_path: Path, dev_server: str) -> AsyncIterator[Desk]:
    settings = make_settings(tmp_path, admin_token=SecretStr(ADMIN_TOKEN))
    desk = await make_desk(settings, await Client.connect(dev_server))
    yield desk
    await desk.close()


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[Api]:
    engine = TemporalWorkflowClient(desk.client, task_queue=desk.task_queue)
    app = create_app(desk.settings, database=desk.store, workflow_client=engine)
    async with app.router.lifespan_context(app):
        api = Api(app, desk.settings, desk.store)
        yield api
        await api.close()


async def _conversation(desk: Desk, *, days_ago: float = 0) -> str:
    """The address of a conversation that a customer has just begun."""
    await desk.customer_writes(clock.now() - timedelta(days=days_ago))

    async def is_there() -> bool:
        return bool(await desk.conversations())

    await eventually(is_there)
    return f"/v1/conversations/{(await desk.conversation()).id}"


async def test_of_twenty_agents_who_pick_at_once_one_succeeds(desk: Desk, api: Api) -> None:
    agents = [await api.somebody("agent", f"Agent {number}") for number in range(20)]
    async with desk.working():
        address = await _conversation(desk)
        answers = await asyncio.gather(*(client.post(f"{address}/pick") for _, client in agents))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 19}
    losers = [answer.json() for answer in answers if answer.status_code == 409]
    assert {problem["code"] for problem in losers} == {"already_picked"}
    (winner,) = (answer.json() for answer in answers if answer.status_code == 200)
    shown = (await api.admin.get(address)).json()
    assert shown["agent_id"] == winner["agent_id"] == shown["session"]["agent_id"]
    assert winner["agent_id"] in [agent_id for agent_id, _ in agents]
    kinds = Counter(event["kind"] for event in (await api.admin.get(f"{address}/timeline")).json()["items"])
    assert (kinds["command.refused"], kinds["conversation.active"], kinds["session.started"]) == (19, 1, 1)


async def test_a_reply_reaches_meta_once_per_key(desk: Desk, api: Api) -> None:
    async with desk.working():
        address = await _conversation(desk)
        assert (await api.admin.post(f"{address}/pick")).status_code == 200
        headers = {"Idempotency-Key": "one"}
        answers = await asyncio.gather(
            *(api.admin.post(f"{address}/messages", json=HELLO, headers=headers) for _ in range(20))
        )
        assert {answer.status_code for answer in answers} == {201}
        (message_id,) = {answer.json()["id"] for answer in answers}

        async def is_sent() -> bool:
            shown = (await api.admin.get(f"{address}/messages")).json()["items"]
            return [m["status"] for m in shown if m["id"] == message_id] == ["sent"]

        await eventually(is_sent)
    texts = [call["message"]["text"] for call in desk.meta.sent]
    assert texts.count(HELLO["text"]) == 1


async def test_the_window_of_a_refused_reply_is_told(desk: Desk, api: Api) -> None:
    async with desk.working():
        address = await _conversation(desk, days_ago=8)
        assert (await api.admin.post(f"{address}/pick")).status_code == 200
        refused = await api.admin.post(f"{address}/messages", json=HELLO, headers={"Idempotency-Key": "one"})
    assert (refused.status_code, refused.json()["code"]) == (409, "window_closed")
    window = refused.json()["window"]
    assert window["stage"] == "closed"
    assert window == (await api.admin.get(address)).json()["window"]


async def test_the_whole_life_and_what_is_not_legal(desk: Desk, api: Api) -> None:
    async with desk.working():
        address = await _conversation(desk)
        early = await api.admin.post(f"{address}/end")
        assert (early.status_code, early.json()["allowed_commands"]) == (
            409,
            ["pick", "assign", "force-close"],
        )
        states = [
            (await api.admin.post(f"{address}/{action}")).json()["status"]
            for action in ("pick", "close-session", "reopen", "end", "complete")
        ]
        assert states == ["active", "waiting", "active", "wrap_up", "closed"]
        late = await api.admin.post(f"{address}/pick")
    assert (late.status_code, late.json()["code"]) == (409, "conversation_closed")


async def test_what_a_conversation_was_about_is_asked_for_and_stays(desk: Desk, api: Api) -> None:
    code = {"name": "Solved"}
    code_id = (await api.admin.post("/v1/disposition-codes", json=code)).raise_for_status().json()["id"]
    async with desk.working():
        await desk.set_workstream(disposition_required=True)
        address = await _conversation(desk)
        await api.admin.post(f"{address}/pick")
        refused = await api.admin.post(f"{address}/end")
        assert (refused.status_code, refused.json()["code"]) == (409, "disposition_required")
        ended = await api.admin.post(f"{address}/end", json={"disposition_code_id": code_id})
        assert (ended.status_code, ended.json()["disposition_code_id"]) == (200, code_id)
        closed = (await api.admin.post(f"{address}/complete")).json()
    assert (closed["status"], closed["disposition_code_id"]) == ("closed", code_id)
    in_use = await api.admin.delete(f"/v1/disposition-codes/{code_id}")
    assert in_use.json()["code"] == "disposition_code_in_use"


async def test_a_live_conversation_without_a_run_gets_one(desk: Desk, api: Api) -> None:
    async with desk.working():
        address = await _conversation(desk)
        await api.admin.post(f"{address}/pick")
        await (await desk.handle()).terminate("an operator's mistake")
        ended = await api.admin.post(f"{address}/end")
    assert (ended.status_code, ended.json()["status"]) == (200, "wrap_up")


async def test_a_reply_that_no_worker_answers_is_kept_and_delivered_later(desk: Desk, api: Api) -> None:
    async with desk.working():
        address = await _conversation(desk)
        await api.admin.post(f"{address}/pick")
    kept = await api.admin.post(f"{address}/messages", json=HELLO, headers={"Idempotency-Key": "one"})
    assert (kept.status_code, kept.json()["status"]) == (202, "queued")
    waiting = await desk.store.read(lambda s: unsettled_replies(s, clock.now()))
    assert waiting == [kept.json()["id"]]
    async with desk.working():
        engine = TemporalWorkflowClient(desk.client, task_queue=desk.task_queue)
        commands = ConversationCommands(desk.store, engine)
        replies = ReplyService(desk.store, commands, api.app.state.meta_actions)
        await replies.deliver_pending_reply(waiting[0])
        again = await api.admin.post(f"{address}/messages", json=HELLO, headers={"Idempotency-Key": "one"})
        assert (again.status_code, again.json()["id"]) == (201, waiting[0])
    assert await desk.store.read(lambda s: unsettled_replies(s, clock.now())) == []
