"""The erasure of a person, against a dev server: the one that can list and delete histories."""

import asyncio
import contextlib
import functools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlmodel import Session, select
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from activities.privacy import erasures as activities
from activities.privacy.file_erasure import FileErasure
from background.erasure_starter import ErasureStarter
from base import clock
from base.converter import data_converter
from domain.conversations.state import ThreadEvent, ThreadEventKind
from ingest.events.event_router import RoutedThread
from store import tables
from store.privacy import erasures
from store.privacy.erasures import ErasureStatus
from support.canaries import files, found
from support.desk import Desk, make_desk
from support.eventually import eventually
from support.store import ACCOUNT, APP_ID, APP_SECRET, PAGE_A, PSID, make_settings, rows
from workflows import erasure as workflow
from workflows.activity_calls import SEND_TIMEOUT
from workflows.messages import conversation_workflow_id, erasure_workflow_id

pytestmark = [pytest.mark.dev_server, pytest.mark.asyncio(loop_scope="session")]

WORDS = "canary words of the erased"
ANSWER = "canary answer to the erased"
ASID = "10223344556677"


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path, dev_server: str) -> AsyncIterator[Desk]:
    client = await Client.connect(dev_server, data_converter=data_converter)
    desk = await make_desk(make_settings(tmp_path), client)
    yield desk
    for row in await rows(desk.store, tables.Erasure):
        with contextlib.suppress(RPCError):  # it has ended by itself
            await desk.client.get_workflow_handle(erasure_workflow_id(row.id)).terminate()
    await desk.close()


async def talked(desk: Desk) -> str:
    """The customer wrote and was answered; the relay has read all. Returns the customer's id."""
    await desk.customer_writes(clock.now(), text=WORDS)
    await eventually(lambda: desk.happened("conversation.opened"), within=30)
    await desk.command("pick")
    await desk.reply(ANSWER, clock.now())

    async def answered() -> bool:
        return (ANSWER, "sent") in [(row.text, row.status) for row in await desk.messages("outbound")]

    await eventually(answered, within=30)
    await relay_has_read(desk)
    return (await desk.thread()).customer_id


async def relay_has_read(desk: Desk) -> None:
    def work(session: Session) -> None:
        for n in range(16):
            session.merge(tables.RelayPartition(partition=n, position=desk._position))

    await desk.store.write(work)


async def ask(desk: Desk, customer_id: str) -> str:
    vault = desk.settings.vault
    asked = await desk.store.write(
        lambda s: erasures.request_for_customer(s, vault, customer_id, agent_id="eve", at=clock.now())
    )
    await start(desk)
    return asked.id


async def start(desk: Desk) -> None:
    starter = ErasureStarter(desk.store, desk.client, task_queue=desk.task_queue)
    await starter.start(ErasureStatus.REQUESTED, ErasureStatus.RUNNING)


async def erasure_of(desk: Desk, erasure_id: str) -> tables.Erasure:
    return await desk.store.read(lambda s: s.get_one(tables.Erasure, erasure_id))


async def done(desk: Desk, erasure_id: str) -> tables.Erasure:
    await desk.client.get_workflow_handle(erasure_workflow_id(erasure_id)).result()
    return await erasure_of(desk, erasure_id)


async def gone(desk: Desk, customer_id: str) -> None:
    """Until the rows are deleted; Temporal takes its time to delete histories."""

    async def look() -> bool:
        return all(row.id != customer_id for row in await rows(desk.store, tables.Customer))

    await eventually(look, within=60)


async def runs_of(desk: Desk, customer_id: str) -> list[str]:
    workflow_id = conversation_workflow_id(PAGE_A, customer_id)
    listed = desk.client.list_workflows(f"WorkflowId = '{workflow_id}'")
    return [run.run_id async for run in listed]


async def nothing_is_left(desk: Desk, customer_id: str) -> None:
    def work(session: Session) -> list[Any]:
        kept = (tables.Customer, tables.Thread, tables.Message, tables.Conversation, tables.Opening)
        return [row for model in kept for row in session.exec(select(model)).all()]

    assert await desk.store.read(work) == []
    assert await runs_of(desk, customer_id) == []
    with pytest.raises(RPCError):
        await desk.client.get_workflow_handle(conversation_workflow_id(PAGE_A, customer_id)).describe()
    written = {n: c for n, c in files(desk.settings.data_dir).items() if ".db" in n}
    assert found({"words": WORDS, "answer": ANSWER, "psid": PSID}, written) == []


async def test_rows_inbox_files_and_histories_of_the_person_go(desk: Desk) -> None:
    async with desk.working():
        customer_id = await talked(desk)
        assert len(await runs_of(desk, customer_id)) == 1

        erasure = await done(desk, await ask(desk, customer_id))

        await nothing_is_left(desk, customer_id)
        assert (erasure.status, erasure.outcome, erasure.targets) == ("done", "erased", [])
        assert erasure.counts["customer"] == erasure.counts["conversation"] == 1
        assert erasure.counts["message"] >= 2
        assert erasure.counts["inbox_event"] == 1
        assert erasure.counts["histories"] == 1
        history = await desk.client.get_workflow_handle(erasure_workflow_id(erasure.id)).fetch_history()
        told = b"\n".join(event.SerializeToString() for event in history.events)
        assert customer_id.encode() in told
        assert found({"words": WORDS, "psid": PSID, "code": erasure.code}, {"history": told}) == []


async def test_who_writes_again_is_a_new_customer(desk: Desk) -> None:
    async with desk.working():
        customer_id = await talked(desk)
        await ask(desk, customer_id)
        await gone(desk, customer_id)
        await desk.customer_writes(clock.now(), text="it is me again")
        await eventually(lambda: desk.happened("conversation.opened"), within=30)
        new = await desk.thread()
        assert new.customer_id != customer_id
        assert [message.text for message in await desk.messages("inbound")] == ["it is me again"]


async def test_asked_for_by_meta_the_person_is_matched_by_the_ids_for_pages(desk: Desk) -> None:
    asked: list[httpx.Request] = []

    def meta(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/ids_for_pages"):
            return desk.meta.accept(request)
        asked.append(request)
        pairs = [{"id": PSID, "page": {"id": PAGE_A, "name": "Shop"}}, {"id": "1", "page": {"id": "2"}}]
        return httpx.Response(200, json={"data": pairs})

    async with desk.working():
        customer_id = await talked(desk)
        desk.meta.instead = meta
        erasure_id = await ask_by_meta(desk)
        await gone(desk, customer_id)
    assert (await erasure_of(desk, erasure_id)).customers == 1
    (request,) = asked
    assert request.url.path == f"/v26.0/{ASID}/ids_for_pages"
    assert request.headers["authorization"] == f"Bearer {APP_ID}|{APP_SECRET}"


async def ask_by_meta(desk: Desk, user_id: str = ASID) -> str:
    vault, now = desk.settings.vault, clock.now()
    asked = await desk.store.write(
        lambda s: erasures.request_from_meta(s, vault, ACCOUNT, user_id, issued_at=now, at=now)
    )
    await start(desk)
    return asked.id


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"data": []}, "nobody_found"),
        (400, {"error": {"code": 100, "error_subcode": 33, "message": "no such"}}, "not_matched"),
        (403, {"error": {"code": 10, "message": "not permitted"}}, "not_matched"),
    ],
)
async def test_who_cannot_be_matched_is_told_so_and_nobody_is_erased(
    desk: Desk, status: int, body: dict[str, Any], outcome: str
) -> None:
    async with desk.working():
        await talked(desk)
        desk.meta.instead = lambda _: httpx.Response(status, json=body)
        erasure = await done(desk, await ask_by_meta(desk))
    assert (erasure.status, erasure.outcome, erasure.customers) == ("done", outcome, 0)
    assert len(await rows(desk.store, tables.Customer)) == 1


async def test_a_psid_in_metas_request_is_matched_by_itself(desk: Desk) -> None:
    async with desk.working():
        customer_id = await talked(desk)
        desk.meta.instead = lambda _: httpx.Response(400, json={"error": {"code": 100, "message": "no"}})
        await ask_by_meta(desk, PSID)
        await gone(desk, customer_id)


async def test_what_is_being_sent_comes_to_its_end_and_what_waits_is_never_sent(desk: Desk) -> None:
    """The answer under way at Meta is waited for; the one behind it in the queue is cancelled."""
    sending, go_on = asyncio.Event(), asyncio.Event()
    texts: list[str] = []

    async def meta(request: httpx.Request) -> httpx.Response:
        texts.append(json.loads(request.content)["message"]["text"])
        sending.set()
        await go_on.wait()
        return desk.meta.accept(request)

    seen: list[tuple[str, str | None]] = []
    async with desk.working():
        customer_id = await talked(desk)
        with slow_meta(desk, meta):
            await desk.reply("under way", clock.now())
            await asyncio.wait_for(sending.wait(), 30)
            await desk.reply("behind it", clock.now())
            await ask(desk, customer_id)
            await desk.reply("after it was asked for", clock.now())
            seen += [(row.text or "", row.status) for row in await desk.messages("outbound")]
            await asyncio.sleep(1.5)  # the erasure looks once a second; it must still be waiting
            assert await desk.thread()
            assert await runs_of(desk, customer_id)
            go_on.set()
            await gone(desk, customer_id)
    assert ("under way", "sending") in seen
    assert ("behind it", "cancelled") in seen
    assert texts == ["under way"]


@contextlib.contextmanager
def slow_meta(desk: Desk, meta: Callable[[httpx.Request], Awaitable[httpx.Response]]) -> Any:
    """Have Meta take its time."""
    desk.meta.instead = meta  # type: ignore[assignment]  # httpx awaits what its handler returns
    yield
    desk.meta.instead = None


async def test_a_signal_that_was_on_its_way_starts_no_conversation(desk: Desk) -> None:
    """It meets a thread that is gone: the run ends by itself and projects nothing."""
    async with desk.working():
        customer_id = await talked(desk)
        (late,) = await desk.take({"message": {"mid": "m_late", "text": WORDS}}, clock.now())
        await relay_has_read(desk)
        await ask(desk, customer_id)
        await gone(desk, customer_id)
        await desk.signal(late, told_before=True)
        handle = desk.client.get_workflow_handle(conversation_workflow_id(PAGE_A, customer_id))

        async def ended() -> bool:
            return (await handle.describe()).status is WorkflowExecutionStatus.FAILED

        await eventually(ended, within=30)
        assert await rows(desk.store, tables.Conversation) == []


async def test_a_run_whose_customer_was_erased_under_it_projects_nothing(desk: Desk) -> None:
    async with desk.working():
        await desk.take({"message": {"mid": "m_first", "text": WORDS}}, clock.now())
        thread = (await desk.thread()).customer_id

    event = ThreadEvent(1, ThreadEventKind.MESSAGE, clock.now(), None, "m1")
    await relay_has_read(desk)
    async with desk.working():
        await ask(desk, thread)
        await gone(desk, thread)
        await desk.signal(RoutedThread(PAGE_A, thread, [event], fresh=True))
        handle = desk.client.get_workflow_handle(conversation_workflow_id(PAGE_A, thread))

        async def projected() -> bool:
            history = await handle.fetch_history()
            return any(each.HasField("marker_recorded_event_attributes") for each in history.events)

        await eventually(projected, within=30)
        assert await rows(desk.store, tables.Conversation) == []
        await handle.terminate()


STEPS = (
    "find_people",
    "stop_conversation",
    "erase_files",
    "erase_rows",
    "erase_late_files",
    "erase_inbox",
    "clear_free_space",
    "erase_histories",
    "finish_erasure",
)


async def test_each_step_that_dies_is_done_by_the_next_worker(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every step fails before it did anything, then when it had done it all: it is done again."""
    tries: list[str] = []

    def dying(step: str) -> Callable[[Any, Any], Awaitable[Any]]:
        original = getattr(activities.ErasureActivities, step)

        @functools.wraps(original)
        async def dies_twice(self: Any, argument: Any) -> Any:
            tries.append(step)
            if tries.count(step) == 1:
                raise RuntimeError("The worker is gone.")
            result = await original(self, argument)
            if tries.count(step) == 2:
                raise RuntimeError("The worker is gone.")
            return result

        return dies_twice

    for step in STEPS:
        monkeypatch.setattr(activities.ErasureActivities, step, dying(step))
    async with desk.working():
        customer_id = await talked(desk)
        erasure = await done(desk, await ask(desk, customer_id))
        await nothing_is_left(desk, customer_id)
    assert {step for step in STEPS if tries.count(step) > 2} == set(STEPS)
    assert erasure.status == "done"
    assert erasure.counts["customer"] == 1
    assert erasure.counts["inbox_event"] == 1


async def test_stored_files_are_deleted_before_the_rows_that_know_them(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[tuple[str, int]] = []

    async def erase_files(_: FileErasure, customer_id: str) -> int:
        there.append((customer_id, len(await rows(desk.store, tables.Message))))
        return 3

    monkeypatch.setattr(FileErasure, "__call__", erase_files)
    async with desk.working():
        customer_id = await talked(desk)
        erasure_id = await ask(desk, customer_id)
        await gone(desk, customer_id)
        erasure = await erasure_of(desk, erasure_id)
    assert there[0][0] == customer_id
    assert there[0][1] > 0
    assert erasure.counts["files"] == 3


async def test_an_attempt_to_send_cannot_outlast_the_wait() -> None:
    assert workflow.MAX_SEND_DURATION > SEND_TIMEOUT
