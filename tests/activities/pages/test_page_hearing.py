"""What a page hears by webhook, and what its checks make of it: standby, silence, enforcement."""

from datetime import timedelta

from sqlmodel import select

from store.tables import PageSilence
from support.page_desk import PageDesk
from support.store import APP_ID, PAGE_A

ANN = "7421908834567012"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def heard(desk: PageDesk, *pauses: timedelta) -> None:
    """A message after each pause."""
    for pause in pauses:
        await desk.control("/clock", advance_seconds=pause.total_seconds())
        await desk.says(ANN)
        await desk.relayed()


async def silences(desk: PageDesk) -> list[int]:
    """The longest per day, in seconds."""
    ordered = select(PageSilence).order_by(PageSilence.day)  # type: ignore[arg-type]  # a column
    rows = await desk.store.read(lambda session: list(session.exec(ordered).all()))
    return [row.seconds for row in rows]


async def known(desk: PageDesk) -> None:
    await desk.control("/clock", set="2026-11-02T00:00:00+00:00", speed=0)
    await desk.control("/customers", page_id=PAGE_A, psid=ANN, name="Ann")
    assert (await desk.check()).running


async def test_a_page_is_called_silent_after_three_times_its_longest_silence(desk: PageDesk) -> None:
    await known(desk)
    await heard(desk, HOUR, 2 * HOUR, HOUR, 20 * HOUR + timedelta(minutes=30), HOUR)
    assert await silences(desk) == [7200, 73800]
    assert (await desk.after(60 * HOUR)).running
    assert await desk.codes() == ([], [])
    await desk.after(2 * HOUR)
    assert await desk.codes() == ([], ["silent"])
    await desk.after(HOUR)
    await heard(desk, HOUR)
    await desk.check()
    assert await desk.codes() == ([], [])
    assert await desk.alarms() == ["silent"]
    assert [data["code"] for data in await desk.told("page.alarm_ended")] == ["silent"]


async def test_what_is_older_than_two_weeks_is_forgotten(desk: PageDesk) -> None:
    await known(desk)
    await heard(desk, HOUR, HOUR, DAY)
    await desk.after(13 * DAY)
    assert len(await silences(desk)) == 2
    await desk.after(3 * DAY)
    assert await silences(desk) == []


async def test_messages_in_standby_alone_tell_of_another_receiver_until_one_comes_to_us(
    desk: PageDesk,
) -> None:
    await known(desk)
    await desk.control("/apps", app_id="555", app_secret="other-secret")
    await desk.control("/pages", page_id=PAGE_A, default_app_id="555")
    await heard(desk, HOUR, HOUR)
    await desk.check()
    assert await desk.codes() == ([], ["standby_only"])
    assert all(message.standby for message in await desk.messages())
    await desk.control("/pages", page_id=PAGE_A, default_app_id=APP_ID)
    await desk.control("/customers", page_id=PAGE_A, psid="7421908834567099", name="Ben")
    await desk.says("7421908834567099")
    assert await desk.relayed() == 1
    await desk.check()
    assert await desk.codes() == ([], [])


async def test_what_meta_enforces_is_heard_by_webhook(desk: PageDesk) -> None:
    await known(desk)
    for action, codes, gate in (
        ("warning", ([], ["policy_warning"]), "open"),
        ("block", (["policy_block"], ["policy_warning"]), "held"),
        ("unblock", ([], []), "open"),
    ):
        await desk.control(f"/pages/{PAGE_A}/policy", action=action, reason="spam")
        await desk.relayed()
        await desk.check()
        assert await desk.codes() == codes
        assert (await desk.send_state()).send_gate == gate
