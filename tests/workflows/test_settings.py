"""What admins set, as conversations live by it: rules, texts, and changes while they run."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from background.settings_watcher import SettingsWatcher
from domain.conversations.lifecycle import Status
from store.tables import Agent, AgentSession, AutomatedMessage, Message, Page, TimeOutRule
from store.workstreams import time_out_rules
from support.desk import Desk
from support.eventually import eventually
from support.store import PAGE_A
from workflows.messages import SETTINGS_SIGNAL, CommandResult

pytestmark = pytest.mark.time_skipping

NOW = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
HOUR = timedelta(hours=1)


def _rule(rule_id: str, hours: int, action: str, **more: Any) -> TimeOutRule:
    row: dict[str, Any] = {
        "id": rule_id,
        "workstream_id": "messenger",
        "after_seconds": hours * 3600,
        "action": action,
    }
    return TimeOutRule(**{**row, "silent": "customer", "created_at": NOW, **more})


async def _add(desk: Desk, *rows: Any) -> None:
    await desk.store.write(lambda session: session.add_all(rows))


async def _speak_german(desk: Desk) -> None:
    def work(session: Session) -> None:
        session.get_one(Page, PAGE_A).language = "de"
        session.add(Agent(id="mia", name="Mia Sommer", role="agent", created_at=NOW))

    await desk.store.write(work)


async def _sent(desk: Desk, number: int) -> bool:
    return [message.status for message in await desk.messages("outbound")] == ["sent"] * number


async def _greeted(desk: Desk, env: WorkflowEnvironment) -> None:
    await desk.customer_writes(await env.get_current_time())
    await eventually(lambda: _sent(desk, 1))


async def _answered_at(desk: Desk) -> datetime:
    """When the workflow took the agent's last reply."""
    return (await desk.events("message.queued"))[-1].at


async def _is_closed(desk: Desk) -> bool:
    return (await desk.conversation()).status == Status.CLOSED


async def test_a_silent_customer_is_reminded_after_2_hours_and_closed_after_4(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await _speak_german(desk)
    texts = {"en": "Still there?", "de": "Sind Sie noch da? {AgentName} wartet."}
    await _add(
        desk,
        _rule("remind", 2, "send", texts=texts, fallback_language="en"),
        _rule("close", 4, "close"),
    )
    await _greeted(desk, env)
    assert isinstance(await desk.command("pick"), CommandResult)
    assert isinstance(await desk.reply("How can I help?", await env.get_current_time()), CommandResult)
    await eventually(lambda: _sent(desk, 2))
    answered_at = await _answered_at(desk)

    await env.sleep(answered_at + 2 * HOUR - await env.get_current_time() - timedelta(seconds=5))
    assert not await desk.happened("rule.applied")
    await env.sleep(timedelta(minutes=1))
    await eventually(lambda: _sent(desk, 3))
    reminder = (await desk.messages("outbound"))[-1]
    assert (reminder.kind, reminder.text) == ("rule", "Sind Sie noch da? Mia Sommer wartet.")
    assert desk.meta.sent[-1]["message"]["text"] == reminder.text
    assert desk.meta.sent[-1]["messaging_type"] == "RESPONSE"

    await env.sleep(answered_at + 4 * HOUR - await env.get_current_time() + timedelta(minutes=1))
    await eventually(lambda: _is_closed(desk))
    applied = await desk.events("rule.applied")
    assert [(event.data["rule_id"], event.at - answered_at) for event in applied] == [
        ("remind", 2 * HOUR),
        ("close", 4 * HOUR),
    ]
    conversation = await desk.conversation()
    assert conversation.status_reason == "closed_by_rule"
    assert conversation.closed_at == answered_at + 4 * HOUR
    assert await _sent(desk, 3)


async def test_a_page_says_its_own_text_in_its_language_with_the_agents_name(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await _speak_german(desk)
    channel = {"de": "Jemand ist da.", "en": "Somebody is here."}
    own = {"de": "{AgentName} von {PageName} ist jetzt für Sie da.", "en": "{AgentName} is here."}
    await _add(
        desk,
        AutomatedMessage(
            level="channel", trigger="agent_joined", active=False, texts=channel, changed_at=NOW
        ),
        AutomatedMessage(level=PAGE_A, trigger="agent_joined", active=True, texts=own, changed_at=NOW),
    )
    await _greeted(desk, env)
    assert isinstance(await desk.command("pick"), CommandResult)
    await eventually(lambda: _sent(desk, 2))
    greeting, joined = await desk.messages("outbound")
    assert (greeting.text or "").startswith("Hallo")
    assert joined.text == f"Mia Sommer von Page {PAGE_A} ist jetzt für Sie da."
    assert desk.meta.sent[-1]["message"]["text"] == joined.text


async def test_a_rule_that_is_new_holds_for_a_conversation_that_runs(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await _greeted(desk, env)
    (received,) = await desk.events("conversation.opened")
    await _add(desk, _rule("impatient", 3, "close", silent="agent"))
    await desk.tell_settings_changed()

    await env.sleep(received.at + 3 * HOUR - await env.get_current_time() + timedelta(minutes=1))
    await eventually(lambda: _is_closed(desk))
    assert (await desk.conversation()).closed_at == received.at + 3 * HOUR


async def test_a_change_reaches_an_idle_conversation_though_the_api_dies_right_after_its_commit(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await _greeted(desk, env)
    (received,) = await desk.events("conversation.opened")
    rule = time_out_rules.Rule(
        silent="agent",
        after_seconds=5 * 60,
        action="close",
        receiver="customer",
        priority=0,
        texts={},
        fallback_language=None,
        active=True,
    )
    await desk.store.write(lambda session: time_out_rules.add(session, "messenger", "impatient", rule, NOW))
    assert not await desk.has_told_settings()

    await SettingsWatcher(desk.store, env.client, task_queue=desk.task_queue).look()
    await eventually(desk.has_told_settings)

    due = received.at + timedelta(minutes=5)
    await env.sleep(due - await env.get_current_time() + timedelta(minutes=1))
    await eventually(lambda: _is_closed(desk))
    assert (await desk.conversation()).closed_at == due


async def test_a_command_is_judged_by_the_settings_that_were_saved_before_it_was_given(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await _greeted(desk, env)
    await desk.set_page(human_agent_tag=True)
    assert isinstance(await desk.command("pick"), CommandResult)
    session = await desk.store.read(lambda session: session.exec(select(AgentSession)).one())
    assert session.human_agent_tag

    await desk.set_workstream(reopen_closed_within_seconds=3600)
    assert isinstance(await desk.command("end"), CommandResult)
    assert isinstance(await desk.command("complete"), CommandResult)
    await desk.set_workstream(reopen_closed_within_seconds=0)
    refused = await desk.command("reopen")
    assert isinstance(refused, ApplicationError)
    assert refused.type == "conversation_closed"


async def test_who_knows_a_version_reads_nothing_when_told_of_it_or_of_an_older_one(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await _greeted(desk, env)
    await desk.set_page(human_agent_tag=True)
    assert isinstance(await desk.command("pick"), CommandResult)
    read = desk.settings_read
    handle = await desk.handle()
    for version in (1, 2):
        await handle.signal(SETTINGS_SIGNAL, version)
    assert isinstance(await desk.command("close_session"), CommandResult)
    assert desk.settings_read == read


async def test_what_has_no_words_fails_and_the_agent_is_told(desk: Desk, env: WorkflowEnvironment) -> None:
    texts = {"en": "{$NobodySetThis$}"}
    await _add(desk, _rule("wordless", 2, "send", texts=texts, fallback_language="en"))
    await _greeted(desk, env)
    assert isinstance(await desk.command("pick"), CommandResult)
    assert isinstance(await desk.reply("How can I help?", await env.get_current_time()), CommandResult)
    await eventually(lambda: _sent(desk, 2))
    await env.sleep(2 * HOUR + timedelta(minutes=1))

    async def noticed() -> list[Message]:
        return await desk.messages("internal")

    (notice,) = await eventually(noticed)
    failed = (await desk.messages("outbound"))[-1]
    assert (failed.kind, failed.status, failed.reason) == ("rule", "failed", "empty_message")
    assert (notice.kind, notice.status) == ("message_not_sent", None)
    assert (notice.text or "").startswith("A message could not be sent")
    assert len(desk.meta.sent) == 2
