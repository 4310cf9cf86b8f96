"""Erasing on the server of time travel, which can neither list nor delete histories: all else goes."""

import pytest
from sqlmodel import Session, select
from temporalio.testing import WorkflowEnvironment

from background.erasure_starter import ErasureStarter
from base import clock
from store import tables
from store.privacy import erasures
from store.privacy.erasures import ErasureStatus
from support.desk import Desk
from support.life import greeted
from support.store import rows
from workflows.messages import erasure_workflow_id

pytestmark = pytest.mark.time_skipping


async def test_where_histories_cannot_be_deleted_the_rest_is_erased(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await greeted(desk, env)
    customer_id, vault = (await desk.thread()).customer_id, desk.settings.vault

    def ask(session: Session) -> str:
        return erasures.request_for_customer(session, vault, customer_id, agent_id="eve", at=clock.now()).id

    erasure_id = await desk.store.write(ask)
    starter = ErasureStarter(desk.store, desk.client, task_queue=desk.task_queue)
    await starter.start(ErasureStatus.REQUESTED)
    await env.client.get_workflow_handle(erasure_workflow_id(erasure_id)).result()

    assert await rows(desk.store, tables.Customer) == []
    erasure = await desk.store.read(
        lambda s: s.exec(select(tables.Erasure).where(tables.Erasure.id == erasure_id)).one()
    )
    assert (erasure.status, erasure.outcome) == ("done", "erased")
    assert "histories" not in erasure.counts
