"""An attempt whose process stood still: what it reports when it wakes must be true, and must not be lost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from sqlmodel import Session
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.sending.send_message import SendActivities
from base.settings import Settings
from messenger.graph.client import GraphClient
from store import tables
from store.attachments.object_store import FileStore
from store.db.database import Database
from store.pages.pages import get_rows
from support.eventually import eventually
from support.store import PAGE_A, PSID, add_message, make_settings, seed
from workflows.messages import SendMessage, SendReport

NOW = ActivityEnvironment.default_info().started_time


class PatientEngine:
    """Temporal as an activity knows it: it takes every signal."""

    def get_workflow_handle(self, _: str) -> "PatientEngine":
        return self

    async def signal(self, *_: Any) -> None:
        """Nobody listens."""


class Standstill:
    """A send during which the world goes on: `meanwhile` is written, then the call ends in `outcome`."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings.store_url)
        self._settings = settings

    async def send(
        self,
        outcome: httpx.Response | Exception,
        *,
        status: str,
        began_ago: float = 10,
        cancelled: bool = False,
        new_token: bool = False,
    ) -> SendReport:
        """Send "mine"; its row is `status`, its attempt older and perhaps cancelled when the call ends."""
        environment = ActivityEnvironment(client=cast("Client", PatientEngine()))

        async def call(_: httpx.Request) -> httpx.Response:
            await self.database.write(lambda session: _age(session, status, began_ago))
            if new_token:
                await self.database.write(_reauthorize)
            if cancelled:
                environment.cancel()
                await asyncio.sleep(0.05)  # the cancellation is delivered while the call is under way
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        http = httpx.AsyncClient(transport=httpx.MockTransport(call))
        graph = GraphClient(http, "https://graph.invalid", "v26.0")
        sends = SendActivities(
            self.database, graph, self._settings.vault, FileStore(self._settings.files_url)
        )
        request = SendMessage(PAGE_A, "c", "mine", human_agent_tag=False, tries=0)
        return await environment.run(sends.send_message, request)

    async def row(self) -> tuple[str | None, str | None]:
        """Status and reason of the message."""
        row = await self.database.read(lambda session: session.get_one(tables.Message, "mine"))
        return row.status, row.reason


def _age(session: Session, status: str, seconds: float) -> None:
    message = session.get_one(tables.Message, "mine")
    assert message.status == "sending"
    message.status = status
    message.occurred_at = NOW - timedelta(seconds=seconds)


def _reauthorize(session: Session) -> None:
    session.get_one(tables.Page, PAGE_A).token_saved_at = NOW


@pytest.fixture
async def standstill(tmp_path: Path) -> AsyncIterator[Standstill]:
    settings = make_settings(tmp_path)
    standstill = Standstill(settings)

    def work(session: Session) -> None:
        seed(session, settings)
        session.flush()
        session.add(tables.Customer(id="c", page_id=PAGE_A, psid=PSID, created_at=NOW))
        session.flush()
        tomorrow = NOW + timedelta(days=1)
        session.add(tables.Thread(customer_id="c", page_id=PAGE_A, standard_until=tomorrow))
        add_message(session, "mine", "c", NOW)

    await standstill.database.write(work)
    yield standstill
    standstill.database.close()


NOT_SENT = httpx.ConnectError("nobody there")
DEAD_TOKEN = httpx.Response(400, json={"error": {"code": 190, "error_subcode": 463, "message": "expired"}})


async def test_what_was_not_sent_for_certain_is_tried_again(standstill: Standstill) -> None:
    report = await standstill.send(NOT_SENT, status="unknown")
    assert (report.status, (await standstill.row())[0]) == ("queued", "queued")


@pytest.mark.parametrize("outcome", [NOT_SENT, DEAD_TOKEN])
async def test_what_is_parked_already_has_failed_for_nobody_comes_back_to_it(
    standstill: Standstill, outcome: httpx.Response | Exception
) -> None:
    report = await standstill.send(outcome, status="unknown", began_ago=61)
    assert (report.status, (await standstill.row())[0]) == ("failed", "failed")


@pytest.mark.parametrize("outcome", [NOT_SENT, DEAD_TOKEN, httpx.Response(500)])
async def test_what_an_agent_has_said_again_stays_so(
    standstill: Standstill, outcome: httpx.Response | Exception
) -> None:
    report = await standstill.send(outcome, status="resent")
    assert (report.status, (await standstill.row())[0]) == ("resent", "resent")


async def test_the_truth_wins_over_all(standstill: Standstill) -> None:
    accepted = httpx.Response(200, json={"recipient_id": PSID, "message_id": "m_1"})
    assert (await standstill.send(accepted, status="resent", began_ago=600)).status == "sent"
    assert await standstill.row() == ("sent", None)


async def test_an_attempt_that_is_cancelled_while_meta_answers_still_keeps_what_meta_said(
    standstill: Standstill,
) -> None:
    accepted = httpx.Response(200, json={"recipient_id": PSID, "message_id": "m_1"})
    with pytest.raises(asyncio.CancelledError):
        await standstill.send(accepted, status="unknown", cancelled=True)

    async def is_sent() -> bool:
        return (await standstill.row())[0] == "sent"

    await eventually(is_sent)


async def test_the_refusal_of_a_former_token_says_nothing_of_the_new_one(standstill: Standstill) -> None:
    report = await standstill.send(DEAD_TOKEN, status="sending", new_token=True)
    assert (report.status, report.reason) == ("queued", "token_invalid")
    assert report.until is not None
    rows = await standstill.database.read(lambda session: get_rows(session, PAGE_A))
    assert (rows.send_state.send_gate, rows.health.findings) == ("open", {})
