"""What a conversation can live through, each played once for every release and recorded.

Every one asserts enough to know that what was to be recorded has happened. Add scenarios as the product
grows; what a release recorded stays as it is.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx

from base.ids import new_id
from domain.routing.capacity import Origin
from domain.routing.routing_signals import AgentGone, OfferMade
from domain.workstreams.conversation_settings import (
    Question,
    RuleAction,
    Silent,
    SurveySettings,
    SurveyWay,
    TimeOutRule,
)
from replay.stage import Stage
from store.sending import send_gate
from store.tables.pages import REMOVED
from support.eventually import eventually
from workflows.messages import (
    AGENT_GONE_SIGNAL,
    CHECK_SIGNAL,
    GATE_OPENED_SIGNAL,
    OFFER_SIGNAL,
    PAGE_WORKFLOW,
    SETTINGS_SIGNAL,
    TASK_TIMEOUT,
    PageWorkflowInput,
    page_workflow_id,
)

Scenario = Callable[[Stage], Awaitable[None]]

HOUR = 3600


async def greeted(stage: Stage) -> None:
    """A new customer writes and is greeted."""
    await stage.greeted()


async def late_first_message(stage: Stage) -> None:
    """Meta tells of a message a day late: the greeting may not go any more."""
    now = await stage.now()
    await stage.desk.customer_writes(now - timedelta(hours=25), received=now)
    await stage.happened("message.not_allowed")


async def told_again(stage: Stage) -> None:
    """The first signal's fate was not known, so it is repeated and the run loads the thread."""
    (routed,) = await stage.desk.take({"message": {"mid": "m_again", "text": "hello"}}, await stage.now())
    await stage.desk.signal(routed, told_before=True)
    await stage.sent(1)
    await stage.desk.signal(routed, told_before=True)
    await stage.does("pick")


async def whole_life(stage: Stage) -> None:
    """From the first message to Closed, with everything that agents do on the way."""
    await stage.greeted()
    await stage.does("pick")
    await stage.replies()
    await stage.sent(2)
    await stage.does("close_session")
    await stage.writes()
    await stage.status_is("open")
    await stage.does("pick")
    await stage.replies()
    await stage.does("close_session", "reopen", "release", "pick")
    await stage.sent(3)
    await stage.does("end", "complete")
    await stage.run_ends()


async def refusals(stage: Stage) -> None:
    """Commands that are not allowed, too late, or for somebody else."""
    await stage.greeted()
    await stage.is_refused("reopen", "invalid_state")
    await stage.does("pick")
    await stage.is_refused("pick", "already_picked", agent="tom")
    await stage.is_refused("end", "not_your_conversation", agent="tom")
    await stage.is_refused("end", "conversation_closed", conversation_id=new_id())
    await stage.passes(hours=25)
    await stage.is_refused("reply", "human_agent_tag_disabled", message_id=new_id())


async def waiting_closes(stage: Stage) -> None:
    """Waiting ends by itself."""
    await stage.greeted()
    await stage.does("pick", "close_session")
    await stage.passes(hours=1, minutes=1)
    await stage.status_is("closed")
    await stage.run_ends()


async def open_and_wrap_up_close(stage: Stage) -> None:
    """Wrap-up ends after a day, Open after thirty."""
    await stage.greeted()
    await stage.does("pick", "end")
    await stage.passes(days=1, minutes=1)
    await stage.status_is("closed")
    await stage.writes()
    await stage.status_is("open")
    await stage.passes(days=30, minutes=1)
    await stage.status_is("closed")
    await stage.run_ends()


async def closed_by_supervisor(stage: Stage) -> None:
    """A supervisor closes what somebody else has."""
    await stage.greeted()
    await stage.does("pick")
    await stage.does("force_close", agent="ada", supervises=True)
    await stage.status_is("closed")


async def next_conversation_in_wrap_up(stage: Stage) -> None:
    """A message in Wrap-up: one conversation ends, the next begins, the run continues as new."""
    await stage.greeted()
    await stage.does("pick", "end")
    await stage.writes()
    await stage.sent(2)
    await stage.does("pick")


async def reopened_after_closed(stage: Stage) -> None:
    """The workstream lets closed conversations go on: by the agent, by the customer, then no more."""
    await stage.desk.set_workstream(reopen_closed_within_seconds=HOUR)
    await stage.greeted()
    await stage.does("pick", "end", "complete")
    await stage.desk.set_page(human_agent_tag=True)
    await stage.passes(minutes=30)
    await stage.does("reopen", "end", "complete")
    await stage.writes()
    await stage.status_is("open")
    await stage.does("pick", "end", "complete")
    await stage.passes(hours=1, minutes=1)
    await stage.run_ends()


async def started_by_agent(stage: Stage) -> None:
    """An agent begins a conversation with a known customer."""
    await stage.greeted()
    await stage.does("pick", "end", "complete")
    await stage.run_ends()
    wanted = new_id()
    await stage.does("start", conversation_id=wanted, command_id=wanted)
    await stage.replies()
    await stage.sent(2)


async def window_runs_out(stage: Stage) -> None:
    """Warnings and closings of both stages; the tag lets a person answer in between."""
    await stage.desk.set_page(human_agent_tag=True)
    await stage.greeted()
    await stage.does("pick")
    await stage.passes(hours=25)
    await stage.happened("window.stage_changed")
    await stage.replies()
    await stage.sent(2)
    await stage.passes(days=7)
    await stage.happened("window.stage_changed", times=2)


async def held_messages(stage: Stage) -> None:
    """One is offered and sent, one cancelled, one expires."""
    await stage.greeted()
    await stage.does("pick")
    await stage.passes(hours=25)
    sent, cancelled, expired = [await stage.replies(hold=True) for _ in range(3)]
    await stage.writes()
    await stage.happened("message.held_offered", times=3)
    await stage.does("send_held", message_id=sent)
    await stage.message_is(sent, "sent")
    await stage.does("cancel_message", message_id=cancelled)
    await stage.passes(days=7, minutes=1)
    await stage.message_is(expired, "expired")


async def held_message_sent_unseen(stage: Stage) -> None:
    """The workstream sends what is held as soon as the customer is back."""
    await stage.desk.set_workstream(send_held_unseen=True)
    await stage.greeted()
    await stage.does("pick")
    await stage.passes(hours=25)
    held = await stage.replies(hold=True)
    await stage.writes()
    await stage.message_is(held, "sent")


async def sends_fail(stage: Stage) -> None:
    """Meta asks for patience, then refuses; the next message still goes."""
    await stage.greeted()
    await stage.does("pick")
    stage.desk.meta.faults = [_fault(613), _fault(613)]
    await stage.replies()
    await stage.passes(minutes=1)
    await stage.sent(2)
    stage.desk.meta.faults = [_fault(100)]
    failed = await stage.replies()
    await stage.message_is(failed, "failed")
    await stage.replies()
    await stage.sent(3)


async def outcome_unknown(stage: Stage) -> None:
    """An answer is lost: no echo tells, Meta's conversation neither, and the message is parked."""
    await stage.greeted()
    await stage.does("pick")
    stage.desk.meta.instead = _loses
    unknown = await stage.replies()
    await stage.message_is(unknown, "unknown")
    await stage.passes(minutes=2)
    await stage.happened("message.parked")
    stage.desk.meta.instead = None
    await stage.replies()
    await stage.sent(2)


async def page_holds(stage: Stage) -> None:
    """The token dies: messages wait for the page, and go when it is mended."""
    await stage.greeted()
    await stage.does("pick")
    stage.desk.meta.faults = [_fault(190)]
    held = await stage.replies()
    await stage.message_is(held, "held")
    await stage.passes(hours=1)
    at = await stage.now()
    await stage.desk.store.write(lambda session: send_gate.open_gate(session, stage.desk.page_id, at))
    await (await stage.desk.handle()).signal(GATE_OPENED_SIGNAL)
    await stage.sent(2)


async def settings_change(stage: Stage) -> None:
    """What waits already waits as long as the workstream now says."""
    await stage.desk.set_workstream(auto_close_waiting_after_seconds=28 * 24 * HOUR)
    await stage.greeted()
    await stage.does("pick", "close_session")
    await stage.desk.set_workstream(auto_close_waiting_after_seconds=HOUR)
    await stage.desk.tell_settings_changed()
    await stage.passes(hours=1, minutes=1)
    await stage.status_is("closed")


async def time_out_rules(stage: Stage) -> None:
    """The customer is silent: Waiting first, then Closed."""
    stage.desk.live = {
        "time_out_rules": (
            TimeOutRule("to-waiting", Silent.CUSTOMER, HOUR, RuleAction.MOVE_TO_WAITING),
            TimeOutRule("close", Silent.CUSTOMER, HOUR + 1800, RuleAction.CLOSE),
        )
    }
    await stage.greeted()
    await stage.does("pick")
    await stage.replies()
    await stage.sent(2)
    await stage.passes(hours=1, minutes=1)
    await stage.status_is("waiting")
    await stage.passes(minutes=30)
    await stage.status_is("closed")


async def survey_by_link(stage: Stage) -> None:
    """Sent after a delay, reminded of once, answered on its page."""
    stage.desk.live = {
        "survey": SurveySettings(Question.CSAT, SurveyWay.LINK, delay_seconds=60, reminder_after_seconds=HOUR)
    }
    await _ended(stage)
    await stage.passes(minutes=2)
    await stage.happened("survey.sent")
    await stage.passes(hours=1)
    await stage.happened("survey.reminded")
    (sent,) = await stage.desk.events("survey.sent")
    for thread in await stage.desk.answers_by_link(sent.data["survey_id"], await stage.now(), score=4):
        await stage.desk.signal(thread)
    await stage.happened("survey.answered")
    await stage.does("complete")
    await stage.run_ends()


async def survey_runs_out(stage: Stage) -> None:
    """Nobody answers."""
    stage.desk.live = {
        "survey": SurveySettings(Question.NPS, SurveyWay.BUTTONS, expires_after_seconds=24 * HOUR)
    }
    await _ended(stage)
    await stage.happened("survey.sent")
    await stage.does("complete")
    await stage.passes(hours=25)
    await stage.happened("survey.expired")
    await stage.run_ends()


async def survey_after_the_window(stage: Stage) -> None:
    """Due when only Meta's template may go; the second one may not go at all."""
    late = SurveySettings(Question.CES, SurveyWay.LINK, late_by_template=True, delay_seconds=25 * HOUR)
    stage.desk.live = {"survey": late}
    await _ended(stage)
    await stage.does("complete")
    await stage.passes(hours=26)
    await stage.happened("survey.sent")
    stage.desk.live = {"survey": SurveySettings(Question.CES, SurveyWay.LINK, delay_seconds=25 * HOUR)}
    await stage.desk.raise_settings_version()
    await stage.writes()
    await stage.status_is("open")
    await stage.does("pick", "end", "complete")
    await stage.passes(hours=26)
    await stage.happened("survey.not_allowed")


async def survey_cancelled_and_skipped(stage: Stage) -> None:
    """The customer writes before it is due; the agent wants none the next time."""
    stage.desk.live = {"survey": SurveySettings(Question.CSAT, SurveyWay.LINK, delay_seconds=HOUR)}
    await _ended(stage)
    await stage.writes()
    await stage.happened("survey.cancelled")
    await stage.status_is("open")
    await stage.does("pick")
    await stage.does("end", skip_survey=True)
    await stage.happened("survey.skipped")


async def page(stage: Stage) -> None:
    """A page whose token is not good is checked, checked again, tells of settings, and is removed."""
    desk = stage.desk
    handle = await desk.client.start_workflow(
        PAGE_WORKFLOW,
        PageWorkflowInput(desk.page_id),
        id=page_workflow_id(desk.page_id),
        task_queue=desk.task_queue,
        task_timeout=TASK_TIMEOUT,
        start_signal=CHECK_SIGNAL,
    )
    desk.page_runs.append(handle.result_run_id or "")
    await stage.happened("page.checked")
    await stage.passes(minutes=3)
    await handle.signal(SETTINGS_SIGNAL, await desk.raise_settings_version())
    await eventually(desk.has_told_settings)
    await desk.set_page(provisioning_state=REMOVED)
    await handle.signal(CHECK_SIGNAL)
    await handle.result()


async def offered(stage: Stage) -> None:
    """Offered and not answered, declined, lost with an absent agent, accepted, transferred, assigned."""
    await stage.desk.set_workstream(distribution_mode="push", notification={"reject_button": True})
    await stage.greeted()
    await _is_offered(stage, "mia", 1)
    await stage.passes(minutes=3)
    await stage.happened("offer.timed_out")
    await _is_offered(stage, "tom", 2)
    await stage.does("decline", agent="tom")
    await _is_offered(stage, "eve", 3)
    gone = AgentGone("eve", await stage.now())
    await (await stage.desk.handle()).signal(AGENT_GONE_SIGNAL, gone)
    await stage.happened("offer.withdrawn")
    await _is_offered(stage, "mia", 4)
    await stage.does("accept")
    await stage.replies()
    await stage.sent(2)
    await stage.does("transfer", to_agent_id="tom")
    await stage.does("accept", agent="tom")
    await stage.does("transfer_to_queue", agent="tom", queue_id="default")
    await stage.does("assign", agent="ada", supervises=True, to_agent_id="mia")
    await stage.does("accept", "end", "complete")


async def offered_automatically(stage: Stage) -> None:
    """Assigned when the time is up, and Waiting once the agent is gone for good, as nobody is owed."""
    await stage.desk.set_workstream(distribution_mode="push", notification={"auto_assign": True})
    await stage.greeted()
    await _is_offered(stage, "mia", 1)
    await stage.passes(minutes=3)
    await stage.happened("offer.accepted")
    await stage.replies()
    await stage.sent(2)
    gone = AgentGone("mia", await stage.now(), final=True)
    await (await stage.desk.handle()).signal(AGENT_GONE_SIGNAL, gone)
    await stage.status_is("waiting")
    await stage.writes()
    await stage.status_is("open")


async def _is_offered(stage: Stage, agent_id: str, stay: int) -> None:
    conversation_id = (await stage.desk.conversation()).id
    until = await stage.now() + timedelta(minutes=5)
    offer = OfferMade(f"offer-{stay}", conversation_id, agent_id, stay, "default", Origin.PUSH, until)
    await (await stage.desk.handle()).signal(OFFER_SIGNAL, offer)
    await stage.happened("offer.made", times=stay)


async def continued_as_new(stage: Stage) -> None:
    """A conversation whose runs grow as long as the server likes them, with a deadline and a send each."""
    await stage.greeted()
    await stage.does("pick")
    for number in range(2, 14):
        await stage.writes()
        await stage.replies()
        await stage.sent(number)
    await stage.does("close_session", "reopen", "end", "complete")
    await stage.run_ends()


async def _ended(stage: Stage) -> None:
    await stage.greeted()
    await stage.does("pick", "end")


def _loses(request: httpx.Request) -> httpx.Response:
    if request.method == "GET":
        return httpx.Response(200, json={"data": []})
    raise httpx.ReadTimeout("lost", request=request)


def _fault(code: int) -> httpx.Response:
    return httpx.Response(400, json={"error": {"message": "no", "type": "OAuthException", "code": code}})


ON_SKIPPING_ENGINE: tuple[Scenario, ...] = (
    greeted,
    late_first_message,
    told_again,
    whole_life,
    refusals,
    waiting_closes,
    open_and_wrap_up_close,
    closed_by_supervisor,
    next_conversation_in_wrap_up,
    reopened_after_closed,
    started_by_agent,
    window_runs_out,
    held_messages,
    held_message_sent_unseen,
    sends_fail,
    outcome_unknown,
    page_holds,
    settings_change,
    time_out_rules,
    survey_by_link,
    survey_runs_out,
    survey_after_the_window,
    survey_cancelled_and_skipped,
    offered,
    offered_automatically,
    page,
)
ON_DEV_SERVER: tuple[Scenario, ...] = (continued_as_new,)
