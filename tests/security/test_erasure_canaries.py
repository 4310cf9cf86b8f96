"""A person with canaries in everything is erased: nothing of them is found anywhere; the rest works on."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from temporalio.service import RPCError

from support.canaries import files, found
from support.canary_desk import PAGE, PERSONAL, PSID, CanaryDesk, canary_desk
from support.deliveries import text_event
from support.eventually import eventually
from support.store import make_settings

pytestmark = [pytest.mark.dev_server, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory, dev_server: str) -> AsyncIterator[CanaryDesk]:
    """The product, before and after the erasure: the first test that needs it plants and erases."""
    settings = make_settings(tmp_path_factory.mktemp("erased"))
    async with canary_desk(settings, dev_server) as talked:
        planted = files(settings.data_dir, but=("ledger", "logs"))
        seen = {place.split(" in ")[0] for place in found(PERSONAL | talked.links, planted)}
        assert seen == PERSONAL.keys() - {"app-scoped id"} | talked.links.keys(), "What is not planted?"
        await _erase(talked)
        yield talked


async def _erase(desk: CanaryDesk) -> None:
    asked = await desk.api.post(f"/v1/customers/{desk.conversation['customer']['id']}/erase")
    asked.raise_for_status()
    desk.erasure_id = asked.json()["id"]

    async def done() -> bool:
        return bool((await desk.get(f"/v1/erasures/{desk.erasure_id}"))["status"] == "done")

    await eventually(done, within=90)


async def test_no_file_holds_a_word_of_the_person(desk: CanaryDesk) -> None:
    """Store, inbox, their logs, and what the processes wrote."""
    written = files(desk.settings.data_dir, but=("ledger",))
    assert {"pagedesk.db", "inbox.db"} <= written.keys()
    assert found({"page": PAGE}, written), "The scanner must see into the files."
    assert found(PERSONAL | desk.links, written) == []


async def test_the_engine_knows_no_run_of_the_person_and_no_word(desk: CanaryDesk) -> None:
    customer_id = desk.conversation["customer"]["id"]
    with pytest.raises(RPCError):
        await desk.engine.get_workflow_handle(f"conversation/{PAGE}/{customer_id}").describe()
    ids = {run.id async for run in desk.engine.list_workflows()}
    assert {each for each in ids if customer_id in each} == set()
    kept = {}
    for workflow_id in (f"erasure/{desk.erasure_id}", f"page/{PAGE}"):
        history = await desk.engine.get_workflow_handle(workflow_id).fetch_history()
        kept[workflow_id] = b"\n".join(event.SerializeToString() for event in history.events)
    assert found({"our own id": customer_id}, kept)
    assert found(PERSONAL | desk.links, kept) == []


async def test_the_file_of_the_dev_server_never_held_a_word_of_the_person(
    desk: CanaryDesk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Deleted histories stay in its free pages for a while: they hold our own ids, and those alone."""
    found_files = tmp_path_factory.getbasetemp().glob("dev-server*/temporal.db*")
    written = {path.name: path.read_bytes() for path in found_files}
    assert "temporal.db" in written
    assert found({"erasure": desk.erasure_id}, written), "The scanner must see into the file."
    assert found(PERSONAL | desk.links, written) == []


async def test_no_answer_of_the_api_tells_of_the_person(desk: CanaryDesk) -> None:
    conversation = f"/v1/conversations/{desk.conversation['id']}"
    customer = f"/v1/customers/{desk.conversation['customer']['id']}"
    for gone in (conversation, f"{conversation}/messages", f"{conversation}/timeline", customer):
        assert (await desk.api.get(gone)).status_code == 404
    lists = ("conversations", "customers", "messages", "surveys", "erasures", "webhook-events/unrouted")
    shown = {path: (await desk.api.get(f"/v1/{path}")).content for path in lists}
    shown["page"] = (await desk.api.get(f"/v1/pages/{PAGE}")).content
    assert found(PERSONAL | desk.links, shown) == []
    told = b""
    async with desk.api.stream("GET", "/v1/events", params={"after": 0}) as stream:
        async for part in stream.aiter_bytes():
            told += part
            if b"customer.erased" in told:
                break
    assert found(PERSONAL | desk.links, {"stream": told}) == []


async def test_the_audit_line_tells_who_when_and_how_much(desk: CanaryDesk) -> None:
    erasure: dict[str, Any] = await desk.get(f"/v1/erasures/{desk.erasure_id}")
    assert (erasure["outcome"], erasure["customers"], erasure["asked_by"]) == ("erased", 1, "agent")
    at_least = {"customer": 1, "conversation": 1, "survey_answer": 1, "message": 4, "inbox_event": 3}
    assert {name: min(erasure["counts"][name], least) for name, least in at_least.items()} == at_least
    assert erasure["counts"]["histories"] >= 1
    assert found(PERSONAL, {"audit": json.dumps(erasure).encode()}) == []
    page = await desk.api.get(f"/data-deletion/{erasure['confirmation_code']}")
    assert "have been deleted" in page.text


async def test_who_writes_again_is_somebody_new(desk: CanaryDesk) -> None:
    (await desk.webhook(text_event(PSID, PAGE, text="it is me again"))).raise_for_status()

    async def listed() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await desk.get("/v1/conversations", page_id=PAGE))["items"]
        return items

    (new,) = await eventually(listed)
    assert new["customer"]["id"] != desk.conversation["customer"]["id"]
    assert new["id"] != desk.conversation["id"]
