"""A page that is deleted: Meta is told, the token is forgotten, and with the last page the secrets."""

from datetime import timedelta

import httpx
import pytest
from sqlmodel import Session, select

from activities.pages.checks import PageActivities
from messenger.graph.client import GraphClient
from store.attachments.rows import KeptFile, keep_upload
from store.attachments.uploads import WantedUpload, keep_meta_id
from store.pages import accounts, page_rows, pages
from store.pages.pages import unsettled_ids
from store.tables import Account, Attachment, Customer, Page, UnroutedEvent
from store.tables.pages import REMOVED
from support.page_desk import META, PageDesk
from support.store import ACCOUNT, APP_ID, PAGE_A, PAGE_B, PSID, TOKEN

MINUTE = timedelta(minutes=1)


async def delete(desk: PageDesk, *, with_history: bool) -> None:
    def work(session: Session) -> None:
        if with_history:
            session.add(Customer(id="c", page_id=PAGE_A, psid=PSID, created_at=desk.now()))
            session.flush()
        pages.remove(session, PAGE_A, desk.now())

    await desk.store.write(work)


async def row(desk: PageDesk) -> Page | None:
    return await desk.store.read(lambda session: session.get(Page, PAGE_A))


@pytest.mark.parametrize("with_history", [True, False])
async def test_its_subscription_ends_and_its_token_is_forgotten(
    desk: PageDesk, *, with_history: bool
) -> None:
    await desk.check()
    await delete(desk, with_history=with_history)
    report = await desk.check()
    assert (report.running, report.deleted) == (False, True)
    assert [one.active for one in desk.world.subscriptions.values()] == [False]
    assert await desk.told("page.erased") == [{"at_meta": "unsubscribed"}]
    page = await row(desk)
    assert (page is not None) is with_history
    if page is not None:
        assert (page.access_token, page.provisioning_state) == ("", REMOVED)


async def test_a_file_that_meta_has_for_it_does_not_keep_it(desk: PageDesk) -> None:
    kept = KeptFile("plan.pdf", 4, "application/pdf", "sha", "agents/f")

    def work(session: Session) -> None:
        keep_upload(session, "f", "agent", kept, desk.now())
        keep_meta_id(session, WantedUpload(PAGE_A, "f", None), "meta", desk.now())

    await desk.store.write(work)
    await delete(desk, with_history=False)
    assert (await desk.check()).deleted
    assert await row(desk) is None
    assert await desk.store.read(lambda session: session.get(Attachment, "f")) is not None


async def test_a_dead_token_is_forgotten_though_nobody_can_unsubscribe(desk: PageDesk) -> None:
    await desk.control("/tokens", access_token=TOKEN, app_id=APP_ID, invalid_subcode=460)
    await delete(desk, with_history=True)
    assert (await desk.check()).deleted
    assert await desk.told("page.erased") == [{"at_meta": "token_invalid"}]


async def test_a_meta_that_does_not_answer_is_asked_for_an_hour(desk: PageDesk) -> None:
    await delete(desk, with_history=True)

    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(lost)) as http:
        activities = PageActivities(desk.store, GraphClient(http, META, "v26.0"), desk.settings)
        assert not (await activities.check_page(PAGE_A)).deleted
        await desk.control("/clock", advance_seconds=3599)
        assert not (await activities.check_page(PAGE_A)).deleted
        await desk.control("/clock", advance_seconds=1)
        assert (await activities.check_page(PAGE_A)).deleted
    page = await row(desk)
    assert page is not None
    assert page.access_token == ""
    assert await desk.told("page.erased") == [{"at_meta": "no_answer"}]


@pytest.mark.parametrize(
    ("status", "error"), [(400, {"code": 4}), (400, {"code": 2}), (400, {"code": 80006}), (502, None)]
)
async def test_a_passing_refusal_is_not_the_end(
    desk: PageDesk, status: int, error: dict[str, int] | None
) -> None:
    await desk.check()
    await delete(desk, with_history=True)
    answer = httpx.Response(status, json={"error": error}) if error else httpx.Response(status, text="bad")
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as http:
        activities = PageActivities(desk.store, GraphClient(http, META, "v26.0"), desk.settings)
        assert not (await activities.check_page(PAGE_A)).deleted
    assert (await desk.page()).access_token != ""
    assert (await desk.check()).deleted
    assert await desk.told("page.erased") == [{"at_meta": "unsubscribed"}]


async def test_one_that_takes_leave_is_woken_until_it_has_and_one_that_is_gone_no_more(
    desk: PageDesk,
) -> None:
    await delete(desk, with_history=True)
    assert PAGE_A in await desk.store.read(unsettled_ids)
    await desk.check()
    assert await desk.store.read(unsettled_ids) == [PAGE_B]
    calls = len(desk.world.graph.read())
    assert (await desk.check()).deleted
    assert len(desk.world.graph.read()) == calls


async def test_one_that_is_saved_again_before_it_has_gone_stays(desk: PageDesk) -> None:
    await delete(desk, with_history=True)
    new = pages.NewPage(
        page_id=PAGE_A,
        name="Back",
        access_token=TOKEN,
        language="en",
        human_agent_tag=False,
        attachments_for_customers=False,
        attachments_for_agents=False,
    )

    def save(session: Session) -> None:
        account = session.get_one(Account, ACCOUNT)
        pages.save(session, desk.settings.vault, account, new, workstream_id="messenger", at=desk.now())

    await desk.store.write(save)
    report = await desk.check()
    assert (report.running, report.gap) == (True, False)
    assert (await desk.send_state()).send_gate == "open"


async def test_a_deleted_account_keeps_its_secret_until_its_last_page_has_gone(desk: PageDesk) -> None:
    def forget_the_other(session: Session) -> None:
        page_rows.delete(session, session.get_one(Page, PAGE_B))

    await desk.store.write(forget_the_other)
    await delete(desk, with_history=True)
    await desk.store.write(lambda session: accounts.delete(session, ACCOUNT, desk.now()))
    assert [one.active for one in desk.world.subscriptions.values()] == [True]
    assert (await desk.check()).deleted
    assert [one.active for one in desk.world.subscriptions.values()] == [False]
    account = await desk.store.read(lambda session: session.get_one(Account, ACCOUNT))
    assert (account.app_secret, account.verify_token) == ("", None)
    assert account.app_id != APP_ID


async def test_deliveries_that_still_come_are_kept_raw_and_counted(desk: PageDesk) -> None:
    await desk.check()
    await delete(desk, with_history=True)
    await desk.check()
    message = {"mid": "m_late", "text": "Too late"}
    event = {"sender": {"id": PSID}, "recipient": {"id": PAGE_A}, "timestamp": 1, "message": message}
    body = {"object": "page", "entry": [{"id": PAGE_A, "time": 1, "messaging": [event]}]}
    await desk.control("/raw", app_id=APP_ID, body=body, restamp=True, apply=False)
    assert await desk.relayed() == 0
    assert await desk.messages() == []
    (kept,) = await desk.store.read(lambda session: list(session.exec(select(UnroutedEvent)).all()))
    assert (kept.page_id, kept.kind, kept.reason) == (PAGE_A, "message", "unknown_page")
