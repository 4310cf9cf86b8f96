"""What a refused message makes of its page: noted, checked at once, and no oftener than once a minute."""

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any
from unittest import mock

import pytest
from sqlmodel import select
from temporalio.testing import ActivityEnvironment

from activities.sending.send_message import SendActivities
from domain.sending.delivery import MessageStatus
from messenger.graph.errors import GraphError, find_meaning
from store.attachments.object_store import FileStore
from store.attachments.rows import KeptFile, keep_upload
from store.tables import Customer
from support.page_desk import PageDesk
from support.store import APP_ID, PAGE_A, add_message
from workflows.messages import SendMessage, SendReport

ANN = "7421908834567012"
HOUR = timedelta(hours=1)


class Sender:
    """Sends agents' messages as the worker does, and knows how often the page's workflow was told."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk
        self._client = mock.MagicMock()
        self._signal = mock.AsyncMock()
        self._client.get_workflow_handle.return_value.signal = self._signal
        self._sent = 0

    @property
    def told(self) -> int:
        return self._signal.await_count

    async def sends(self, **values: Any) -> SendReport:
        """One more message to Ann, under the human agent tag."""
        desk, self._sent = self._desk, self._sent + 1
        person = await desk.store.read(lambda s: s.exec(select(Customer).where(Customer.psid == ANN)).one())
        message_id = f"m{self._sent}"
        await desk.store.write(
            lambda session: add_message(session, message_id, person.id, desk.now(), **values)
        )
        environment = ActivityEnvironment(client=self._client)
        environment.info = replace(environment.info, started_time=desk.now())
        activities = SendActivities(
            desk.store, desk.graph, desk.settings.vault, FileStore(desk.settings.files_url)
        )
        request = SendMessage(PAGE_A, person.id, message_id, human_agent_tag=True, tries=0)
        return await environment.run(activities.send_message, request)


@pytest.fixture
async def sender(desk: PageDesk) -> Sender:
    """Ann has written, and the page is well."""
    await desk.control("/customers", page_id=PAGE_A, psid=ANN, name="Ann")
    await desk.change(human_agent_tag=True)
    assert (await desk.check()).running
    await desk.says(ANN)
    await desk.relayed()
    return Sender(desk)


async def test_a_human_agent_tag_that_meta_does_not_grant_is_found_by_the_first_that_needs_it(
    desk: PageDesk, sender: Sender
) -> None:
    await desk.control("/apps", app_id=APP_ID, features=[])
    assert (await sender.sends()).status is MessageStatus.SENT
    assert sender.told == 0
    await desk.control("/clock", advance_seconds=(25 * HOUR).total_seconds())
    report = await sender.sends()
    assert (report.status, report.reason, sender.told) == (MessageStatus.FAILED, "not_permitted", 1)
    assert (await desk.check()).running
    assert await desk.codes() == ([], ["human_agent_not_granted"])
    await desk.change(human_agent_tag=False)
    await desk.check()
    assert await desk.codes() == ([], [])


async def test_a_tag_that_meta_refuses_as_a_bad_parameter_is_one_that_it_does_not_grant(
    desk: PageDesk, sender: Sender
) -> None:
    await desk.control("/settings", no_feature_code=100)
    await desk.control("/apps", app_id=APP_ID, features=[])
    await desk.control("/clock", advance_seconds=(25 * HOUR).total_seconds())
    report = await sender.sends()
    assert (report.status, report.reason, sender.told) == (MessageStatus.FAILED, "not_permitted", 1)
    failed = (await desk.messages())[-1]
    assert failed.reason_detail == "Meta refuses the human agent tag to the app."
    assert (await desk.check()).running
    assert await desk.codes() == ([], ["human_agent_not_granted"])
    assert "App Review" in (await desk.health()).warnings[0]["remedy"]


@pytest.mark.parametrize(
    ("hours", "content"),
    [
        pytest.param(1, None, id="without the tag"),
        pytest.param(25, {"quick_replies": [{"content_type": "text", "title": "Yes"}]}, id="not plain"),
    ],
)
async def test_code_100_says_nothing_of_the_tag_where_it_may_mean_something_else(
    desk: PageDesk, sender: Sender, hours: int, content: Any
) -> None:
    await desk.control("/clock", advance_seconds=hours * 3600)
    await desk.control("/faults", kind="error", code=100, message="Invalid parameter", times=1)
    report = await sender.sends(content=content)
    assert (report.status, report.reason, sender.told) == (MessageStatus.FAILED, "message_rejected", 0)


async def test_many_refusals_of_a_minute_are_one_doubt(desk: PageDesk, sender: Sender) -> None:
    await desk.control("/apps", app_id=APP_ID, mode="development")
    for told in (1, 1, 1):
        assert (await sender.sends()).status is MessageStatus.FAILED
        assert sender.told == told
    await desk.control("/clock", advance_seconds=60)
    await sender.sends()
    assert sender.told == 2
    await desk.check()
    assert await desk.codes() == ([], ["development_mode"])


async def test_a_message_that_is_refused_for_reasons_of_its_own_says_nothing_of_the_page(
    desk: PageDesk, sender: Sender
) -> None:
    await desk.control("/customers", page_id=PAGE_A, psid=ANN, unreachable="blocked")
    assert (await sender.sends()).reason == "customer_unreachable"
    assert sender.told == 0
    assert (await desk.health()).findings == {}


@pytest.mark.parametrize(
    ("code", "status", "gate", "found"),
    [
        (190, MessageStatus.HELD, ("held", "token_invalid"), ["token_invalid"]),
        (368, MessageStatus.HELD, ("held", "policy_block"), ["policy_block"]),
        (4, MessageStatus.QUEUED, ("paused", "rate_limited"), []),
        (100, MessageStatus.FAILED, ("open", None), []),
    ],
)
async def test_a_refused_upload_says_of_the_page_what_a_refused_message_says(
    desk: PageDesk,
    sender: Sender,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    status: MessageStatus,
    gate: tuple[str, str | None],
    found: list[str],
) -> None:
    kept = KeptFile("plan.pdf", 4, "application/pdf", "sha", "agents/f")
    await FileStore(desk.settings.files_url).put("agents/f", BytesIO(b"%PDF"))
    await desk.store.write(lambda session: keep_upload(session, "f", "agent", kept, desk.now()))
    refusal = GraphError(find_meaning(code, None), status=400, code=code)
    monkeypatch.setattr(desk.graph, "upload_file", mock.AsyncMock(side_effect=refusal))
    assert (await sender.sends(attachments=[{"id": "f"}])).status is status
    state = await desk.send_state()
    assert (state.send_gate, state.send_gate_reason) == gate
    assert list((await desk.health()).findings) == found
    assert sender.told == len(found)


async def test_an_engine_that_cannot_be_told_changes_no_outcome(desk: PageDesk, sender: Sender) -> None:
    sender._signal.side_effect = TimeoutError
    await desk.control("/apps", app_id=APP_ID, mode="development")
    assert (await sender.sends()).status is MessageStatus.FAILED
    assert list((await desk.health()).findings) == ["development_mode"]
