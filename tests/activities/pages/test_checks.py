"""What a check finds: each state of the sandbox's page has its problem, its alarm once, and its end."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session

from activities.pages.checks import PageActivities
from activities.pages.send_findings import finding_of_refusal
from base.secret_scopes import access_token_place
from domain.pages.page_problems import KINDS, Severity
from messenger.graph.client import GraphClient
from messenger.graph.errors import GraphError, find_meaning
from messenger.webhooks.subscribed_fields import ALL_FIELDS
from store.installation.backups import begin_restored
from store.pages import findings
from store.pages.findings import note_enforcement
from store.pages.pages import reauthorize
from store.tables import PageHealth
from support.page_desk import META, PageDesk
from support.store import ACCOUNT, APP_ID, PAGE_A, PAGE_B, PUBLIC_URL, TOKEN

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


async def test_a_page_that_is_well_runs_and_tells_its_dates(desk: PageDesk) -> None:
    report = await desk.check()
    health = await desk.health()
    assert (report.running, report.releases, report.gap) == (True, False, False)
    assert (await desk.page()).provisioning_state == "Running"
    assert (health.problems, health.warnings) == ([], [])
    assert health.token_refresh_due_at is not None
    assert health.token_refresh_due_at >= desk.now() + 50 * DAY
    assert health.subscribed_at == health.checked_at == desk.now()


BROKEN: list[Any] = [
    pytest.param("/tokens", {"invalid_subcode": 463}, "token_invalid", id="expired"),
    pytest.param("/tokens", {"invalid_subcode": 460}, "token_invalid", id="password changed"),
    pytest.param("/tokens", {"permissions": ["pages_messaging"]}, "permission_missing", id="permission"),
    pytest.param("/apps", {"app_id": APP_ID, "app_secret": "another"}, "app_secret_invalid", id="secret"),
]


@pytest.mark.parametrize(("path", "body", "code"), BROKEN)
async def test_what_is_wrong_at_meta_is_a_problem_that_holds_the_gate(
    desk: PageDesk, path: str, body: dict[str, Any], code: str
) -> None:
    await desk.control(
        path, **({"access_token": TOKEN, "app_id": APP_ID} if path == "/tokens" else {}) | body
    )
    report = await desk.check()
    state = await desk.send_state()
    assert not report.running
    assert (await desk.codes())[0] == [code]
    assert KINDS[code].severity is Severity.HOLDS_SENDS
    assert (state.send_gate, state.send_gate_reason) == ("held", code)
    assert (await desk.health()).problems[0]["remedy"] == KINDS[code].remedy


async def test_an_alarm_is_raised_once_however_often_the_trouble_is_found(desk: PageDesk) -> None:
    await desk.check()
    await desk.control("/tokens", access_token=TOKEN, app_id=APP_ID, invalid_subcode=463)
    for _ in range(3):
        await desk.after(MINUTE)
    assert await desk.alarms() == ["token_invalid"]
    assert len(await desk.told("page.gate_held")) == 1
    await desk.control("/tokens", access_token=TOKEN, app_id=APP_ID, invalid_subcode=None)
    assert (await desk.after(MINUTE)).running
    assert [data["code"] for data in await desk.told("page.alarm_ended")] == ["token_invalid"]
    assert (await desk.send_state()).send_gate == "open"


async def test_a_refused_optional_field_is_a_warning_and_all_others_are_subscribed(desk: PageDesk) -> None:
    await desk.control("/apps", app_id=APP_ID, refused_fields=["message_edits", "messaging_feedback"])
    await desk.control("/apps", app_id=APP_ID, fields=["messages"])
    await desk.control("/pages", page_id=PAGE_A, app_id=APP_ID, subscribed_fields=["messages"])
    assert (await desk.check()).running
    wanted = set(ALL_FIELDS) - {"message_edits", "messaging_feedback"}
    overview = await desk.overview()
    assert set(overview["apps"][0]["fields"]) == wanted
    assert set(overview["subscriptions"][0]["fields"]) == wanted
    health = await desk.health()
    assert (health.problems, health.subscribed_at) == ([], desk.now())
    assert [each["code"] for each in health.warnings] == ["fields_refused"]
    assert health.warnings[0]["fields"] == ["message_edits", "messaging_feedback"]
    assert "message_edits, messaging_feedback" in health.warnings[0]["detail"]

    await desk.control("/apps", app_id=APP_ID, refused_fields=[])
    assert (await desk.after(60 * MINUTE)).running
    assert await desk.codes() == ([], [])
    assert await desk.alarms() == ["fields_refused"]


async def test_a_page_that_was_dropped_hears_again_though_a_field_is_refused(desk: PageDesk) -> None:
    await desk.check()
    await desk.control("/apps", app_id=APP_ID, refused_fields=["message_edits"])
    await desk.unsubscribe()
    report = await desk.check()
    assert (report.running, report.gap) == (True, True)
    assert set(await desk.warnings()) == {"unsubscribed", "fields_refused"}
    await desk.fill()
    await desk.check()
    assert set(await desk.warnings()) == {"fields_refused"}


async def test_a_refused_field_that_is_needed_stops_the_page_in_metas_words(desk: PageDesk) -> None:
    await desk.check()
    await desk.control("/apps", app_id=APP_ID, refused_fields=["standby"])
    await desk.unsubscribe()
    assert not (await desk.check()).running
    assert await desk.codes() == (["meta_refuses"], ["unsubscribed"])
    health = await desk.health()
    assert 'got "standby"' in health.problems[0]["detail"]
    told = health.warnings[0]["detail"] + health.warnings[0]["remedy"]
    assert "subscribed again" not in told


async def test_a_callback_that_meta_cannot_verify_is_named_with_metas_words(desk: PageDesk) -> None:
    await desk.control("/apps", app_id=APP_ID, fields=["messages"])
    working = desk.world.http
    desk.world.http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(404)))
    assert not (await desk.check()).running
    (problem,) = (await desk.health()).problems
    assert problem["code"] == "callback_not_verified"
    assert problem["detail"] == (
        f"Meta could not verify {PUBLIC_URL}/webhooks/messenger/{ACCOUNT}: Callback verification failed with "
        "the following errors: HTTP Status Code = 404; HTTP Message = Not Found"
    )
    assert "reachable from the internet, by https" in problem["remedy"]
    assert (problem["meta_code"], (await desk.send_state()).send_gate) == (2200, "open")
    desk.world.http = working
    assert (await desk.check()).running
    assert await desk.codes() == ([], [])


async def test_a_missing_task_when_subscribing_is_not_told_as_one_of_a_message(desk: PageDesk) -> None:
    await desk.control("/tokens", access_token=TOKEN, app_id=APP_ID, tasks=["MESSAGING"])
    await desk.unsubscribe()
    await desk.check()
    (problem,) = (await desk.health()).problems
    assert problem["code"] == "not_permitted"
    assert "task MODERATE" in problem["detail"]
    assert "role" not in problem["detail"].partition("Meta says")[0]


async def test_a_token_of_another_page_is_told_from_a_dead_one(desk: PageDesk) -> None:
    await desk.control("/pages", page_id=PAGE_B, access_token="EAA-other", app_id=APP_ID)
    sealed = desk.settings.vault.seal("EAA-other", access_token_place(PAGE_A))
    await desk.change(access_token=sealed)
    await desk.check()
    assert (await desk.codes())[0] == ["token_of_another_page"]


async def test_a_meta_that_does_not_answer_stops_no_message(desk: PageDesk) -> None:
    await desk.check()

    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(lost)) as http:
        pages = PageActivities(desk.store, GraphClient(http, META, "v26.0"), desk.settings)
        assert not (await pages.check_page(PAGE_A)).running
    assert (await desk.codes())[0] == ["meta_unreachable"]
    assert (await desk.send_state()).send_gate == "open"


async def test_the_refresh_is_told_of_14_and_3_days_before_and_ends_with_a_new_token(desk: PageDesk) -> None:
    await desk.check()
    due = (await desk.health()).token_refresh_due_at
    assert due is not None
    await desk.after(due - desk.now() - 14 * DAY - MINUTE)
    assert await desk.alarms() == []
    for length in (MINUTE, DAY, 10 * DAY, MINUTE):
        assert (await desk.after(length)).running
    assert [data.get("stage") for data in await desk.told("page.alarm")] == [14, 3]

    def renew(session: Session) -> None:
        reauthorize(session, desk.settings.vault, PAGE_A, "EAA-renewed", desk.now())

    await desk.control("/pages", page_id=PAGE_A, access_token="EAA-renewed", app_id=APP_ID)
    await desk.store.write(renew)
    await desk.check()
    assert (await desk.codes()) == ([], [])
    assert [data["code"] for data in await desk.told("page.alarm_ended")] == ["token_refresh_due"]


DOUBTS: list[Any] = [
    pytest.param(190, 463, None, "token_invalid", id="token"),
    pytest.param(368, None, None, "policy_block", id="policy"),
    pytest.param(10, None, None, "sends_not_permitted", id="permission"),
    pytest.param(10, None, "HUMAN_AGENT", "human_agent_not_granted", id="human agent"),
    pytest.param(200, None, None, "development_mode", id="roles only"),
    pytest.param(200, 2018028, None, "development_mode", id="not approved"),
    pytest.param(200, 1545041, None, None, id="a person's own"),
    pytest.param(551, None, None, None, id="blocked by a person"),
    pytest.param(613, None, None, None, id="throttled"),
]


@pytest.mark.parametrize(("code", "subcode", "tag", "doubt"), DOUBTS)
def test_what_a_refusal_says_of_the_page(
    code: int, subcode: int | None, tag: str | None, doubt: str | None
) -> None:
    error = GraphError(find_meaning(code, subcode), status=400, code=code, subcode=subcode)
    assert finding_of_refusal(error, tag) == doubt


@pytest.mark.parametrize(
    ("code", "lasts"),
    [("development_mode", 7 * DAY), ("human_agent_not_granted", 7 * DAY), ("sends_not_permitted", DAY)],
)
async def test_a_refused_permission_warns_and_holds_nothing(
    desk: PageDesk, code: str, lasts: timedelta
) -> None:
    await desk.change(human_agent_tag=True)
    await _found(desk, code)
    assert (await desk.check()).running
    assert (await desk.codes()) == ([], [code])
    assert (await desk.health()).warnings[0]["meta_code"] == 10
    await desk.after(lasts)
    assert (await desk.codes()) == ([], [])


async def test_a_tag_that_is_switched_off_is_not_missed(desk: PageDesk) -> None:
    await _found(desk, "human_agent_not_granted")
    await desk.check()
    assert (await desk.codes()) == ([], [])


async def test_what_only_sends_refuse_holds_the_gate_a_while_and_is_tried_again(desk: PageDesk) -> None:
    for code, lasts in (("token_invalid", 10 * MINUTE), ("policy_block", 60 * MINUTE)):
        await _found(desk, code)
        assert not (await desk.check()).running
        assert (await desk.send_state()).send_gate == "held"
        assert not (await desk.after(lasts - MINUTE)).running
        assert (await desk.after(MINUTE)).running
        assert (await desk.send_state()).send_gate == "open"


async def test_what_the_check_confirms_ends_when_the_check_says_so(desk: PageDesk) -> None:
    await _found(desk, "token_invalid")
    await desk.control("/tokens", access_token=TOKEN, app_id=APP_ID, invalid_subcode=463)
    await desk.check()
    await desk.control("/tokens", access_token=TOKEN, app_id=APP_ID, invalid_subcode=None)
    assert (await desk.after(MINUTE)).running


async def test_a_block_by_meta_stands_until_meta_lifts_it(desk: PageDesk) -> None:
    def enforce(action: str) -> Any:
        return desk.store.write(
            lambda s: note_enforcement(s.get_one(PageHealth, PAGE_A), action, "spam", desk.now())
        )

    await enforce("warning")
    assert (await desk.check()).running
    assert (await desk.codes())[1] == ["policy_warning"]
    await enforce("block")
    assert not (await desk.after(30 * DAY)).running
    assert (await desk.send_state()).send_gate_reason == "policy_block"
    await enforce("unblock")
    assert (await desk.check()).running
    assert await desk.alarms() == ["policy_warning", "policy_block"]


async def test_an_older_word_of_meta_that_comes_late_changes_nothing(desk: PageDesk) -> None:
    def enforce(action: str, minutes: int) -> Any:
        at = desk.now() + minutes * MINUTE
        return desk.store.write(lambda s: note_enforcement(s.get_one(PageHealth, PAGE_A), action, "spam", at))

    await enforce("unblock", 0)
    assert (await desk.check()).running
    await enforce("block", -1)
    assert (await desk.check()).running
    await enforce("block", 1)
    await enforce("unblock", 0)
    assert not (await desk.check()).running


async def test_a_block_whose_end_was_never_told_ends_with_a_new_token(desk: PageDesk) -> None:
    await desk.store.write(
        lambda s: note_enforcement(s.get_one(PageHealth, PAGE_A), "block", "spam", desk.now())
    )
    assert not (await desk.check()).running

    await desk.store.write(lambda s: reauthorize(s, desk.settings.vault, PAGE_A, TOKEN, desk.now()))
    assert (await desk.check()).running
    assert (await desk.send_state()).send_gate == "open"
    await desk.store.write(
        lambda s: note_enforcement(s.get_one(PageHealth, PAGE_A), "block", "spam", desk.now() - MINUTE)
    )
    assert (await desk.check()).running


async def _found(desk: PageDesk, code: str) -> None:
    def work(session: Session) -> None:
        findings.note(session.get_one(PageHealth, PAGE_A), code, desk.now(), {"meta_code": 10})

    await desk.store.write(work)


async def test_the_gate_names_what_is_wrong_now(desk: PageDesk) -> None:
    await desk.control("/tokens", access_token=TOKEN, app_id=APP_ID, invalid_subcode=460)
    await desk.check()
    generation = (await desk.send_state()).send_gate_generation
    few = ["pages_messaging"]
    await desk.control(
        "/tokens", access_token=TOKEN, app_id=APP_ID, page_id=PAGE_A, invalid_subcode=None, permissions=few
    )
    await desk.check()
    state = await desk.send_state()
    assert (state.send_gate, state.send_gate_reason) == ("held", "permission_missing")
    assert state.send_gate_generation == generation
    assert await desk.alarms() == ["token_invalid", "permission_missing"]


async def test_secrets_that_cannot_be_opened_are_a_problem_of_the_page(desk: PageDesk) -> None:
    sealed = (await desk.page()).access_token
    await desk.change(access_token="v1.other.key")
    assert not (await desk.check()).running
    assert (await desk.codes())[0] == ["secrets_unreadable"]
    assert (await desk.send_state()).send_gate == "held"
    await desk.change(access_token=sealed)
    assert (await desk.check()).running
    assert (await desk.send_state()).send_gate == "open"


async def test_a_restored_page_sends_only_after_what_was_said_since_is_read(desk: PageDesk) -> None:
    await desk.check()
    backed_up = desk.now()
    psid = (await desk.control("/customers", page_id=PAGE_A, name="Ada"))["psid"]
    await desk.store.write(lambda session: begin_restored(session, backed_up, desk.now()))
    await desk.control("/clock", advance_seconds=60)
    await desk.says(psid)

    report = await desk.check()
    assert (report.running, report.gap) == (True, True)
    assert (await desk.send_state()).send_gate == "held"
    assert await desk.codes() == ([], ["restored"])

    await desk.fill()
    await desk.check()
    assert (await desk.send_state()).send_gate == "open"
    assert await desk.codes() == ([], [])


async def test_a_dead_token_does_not_end_the_wait_of_a_restored_page(desk: PageDesk) -> None:
    await desk.check()
    await desk.store.write(lambda session: begin_restored(session, desk.now(), desk.now()))
    await desk.control("/tokens", access_token=TOKEN, app_id=APP_ID, invalid_subcode=463)
    await desk.check()
    await desk.control("/tokens", access_token=TOKEN, app_id=APP_ID, invalid_subcode=None)
    assert (await desk.check()).gap
    state = await desk.send_state()
    assert (state.send_gate, state.send_gate_reason) == ("held", "restored")
