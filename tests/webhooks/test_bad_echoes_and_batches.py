"""W52 to W56 of docs/reference/bad-input.md: other events, echoes, forged ids, a bad event among many."""

import json
from typing import Any

import pytest

from base import clock
from base.ids import new_id
from domain.sending.delivery import MessageStatus
from store.conversations.messages import settle
from store.tables import Customer, Message
from support.deliveries import (
    POISONOUS_PSID,
    body_of,
    echo_event,
    new_mid,
    new_psid,
    text_event,
    with_raw,
)
from support.store import APP_ID, PAGE_A, PAGE_B, add_message, payload
from support.way_in import WayIn

pytestmark = pytest.mark.asyncio(loop_scope="session")

METADATA = "pd1:"


async def outbound(way_in: WayIn, psid: str, status: MessageStatus, page_id: str = PAGE_A) -> str:
    """A message of ours to a person who has written; its id."""
    await way_in.take(body_of(text_event(psid, page_id), page_id=page_id))
    customer = await way_in.one(Customer, psid=psid)
    now, message_id = clock.now(), new_id()
    values = {"page_id": page_id, "conversation_id": new_id(), "text": "our answer"}
    await way_in.store.write(lambda session: add_message(session, message_id, customer.id, now, **values))
    await way_in.store.write(lambda session: settle(session, message_id, status, now, reason="refused"))
    return message_id


OTHERS = [
    pytest.param("referral_ads.json", None, id="W52-referral"),
    pytest.param("referral_shortlink.json", None, id="W52-m-me-link"),
    pytest.param("optin_plugin_ref.json", None, id="W52-opt-in"),
    pytest.param("optin_notification_stop.json", None, id="W52-opt-out"),
    pytest.param("optin_checkbox_user_ref.json", "kept", id="W52-opt-in-of-nobody"),
    pytest.param("account_linked.json", "kept", id="W52-account-linked"),
    pytest.param("account_unlinked.json", "kept", id="W52-account-unlinked"),
    pytest.param("handover_pass_thread_control.json", None, id="W52-pass"),
    pytest.param("handover_take_thread_control.json", None, id="W52-take"),
    pytest.param("handover_request_thread_control.json", None, id="W52-request"),
    pytest.param("handover_app_roles.json", None, id="W52-app-roles"),
    pytest.param("policy_warning.json", None, id="W52-policy"),
    pytest.param("policy_unblock.json", None, id="W52-unblock"),
]


@pytest.mark.parametrize(("name", "disposition"), OTHERS)
async def test_events_about_something_else_than_messages_are_noted_or_kept(
    way_in: WayIn, name: str, disposition: str | None
) -> None:
    taken = await way_in.take(json.dumps(payload(name)).encode())
    assert taken.messages == []
    assert [given for given, _ in taken.set_aside] == ([disposition] if disposition else [])
    # What is only kept is a line in the timeline too, of a customer who is known by then.
    (event,) = taken.events
    kinds = [noted.kind for noted in taken.noted]
    assert kinds in ([], [f"customer.{event.kind}"]) if disposition else len(kinds) == 1


@pytest.mark.parametrize(
    "app_id",
    [
        pytest.param(2045518837702214, id="W53"),
        pytest.param("263902037430900", id="W53-the-page-inbox"),
        pytest.param(None, id="W53-no-app"),
        pytest.param(APP_ID, id="W53-our-app-without-metadata"),
        pytest.param({"id": 1}, id="W53-no-id"),
    ],
)
async def test_an_echo_of_nobody_whom_we_know_is_a_message_from_outside(way_in: WayIn, app_id: Any) -> None:
    (message,) = (await way_in.take(body_of(echo_event(new_psid(), app_id=app_id)))).messages
    assert (message.direction, message.sender_kind, message.status) == ("outbound", "outside", "sent")


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param(METADATA + "0" * 32, id="W54-of-nothing"),
        pytest.param(METADATA, id="W54-empty"),
        pytest.param(METADATA + "' OR 1=1 --", id="W54-sql"),
        pytest.param(METADATA + "x" * 5000, id="W54-long"),
        pytest.param('{"message_id": 1}', id="W54-somebody-elses"),
        pytest.param(17, id="W54-number"),
    ],
)
async def test_an_id_of_no_message_of_ours_makes_a_message_from_outside(way_in: WayIn, metadata: Any) -> None:
    told = echo_event(new_psid(), app_id=APP_ID, metadata=metadata)
    (message,) = (await way_in.take(body_of(told))).messages
    assert message.sender_kind == "outside"


async def untouched(
    way_in: WayIn, message_id: str, psid: str, page_id: str = PAGE_A, app_id: Any = APP_ID
) -> None:
    """An echo in this thread that names the message changes nothing of it, and is shown by itself."""
    before = (await way_in.one(Message, id=message_id)).model_dump()
    told = echo_event(psid, page_id, app_id=app_id, metadata=METADATA + message_id)
    taken = await way_in.take(body_of(told, page_id=page_id))
    assert [message.sender_kind for message in taken.messages] == ["outside"]
    assert (await way_in.one(Message, id=message_id)).model_dump() == before


@pytest.mark.parametrize("status", [pytest.param(MessageStatus.UNKNOWN, id="W54-of-another-person")])
async def test_an_id_of_a_message_to_another_person_confirms_nothing(
    way_in: WayIn, status: MessageStatus
) -> None:
    message_id = await outbound(way_in, new_psid(), status)
    await untouched(way_in, message_id, new_psid())


@pytest.mark.parametrize("status", [pytest.param(MessageStatus.UNKNOWN, id="W54-of-another-page")])
async def test_an_id_of_a_message_of_another_page_confirms_nothing(
    way_in: WayIn, status: MessageStatus
) -> None:
    psid = new_psid()
    message_id = await outbound(way_in, psid, status)
    await untouched(way_in, message_id, psid, PAGE_B)


@pytest.mark.parametrize("app_id", [pytest.param(2045518837702214, id="W54-of-another-app")])
async def test_another_app_that_uses_our_id_confirms_nothing(way_in: WayIn, app_id: int) -> None:
    psid = new_psid()
    message_id = await outbound(way_in, psid, MessageStatus.UNKNOWN)
    await untouched(way_in, message_id, psid, app_id=app_id)


@pytest.mark.parametrize("text", [pytest.param("hello", id="W54-of-the-customers-own-message")])
async def test_an_id_of_the_customers_own_message_confirms_nothing(way_in: WayIn, text: str) -> None:
    psid = new_psid()
    (message,) = (await way_in.take(body_of(text_event(psid, text=text)))).messages
    await untouched(way_in, message.id, psid)


@pytest.mark.parametrize(
    ("status", "app"),
    [
        pytest.param(MessageStatus.UNKNOWN, {"app_id": int(APP_ID)}, id="W54-right"),
        pytest.param(MessageStatus.UNKNOWN, {}, id="W54-right-of-no-app"),
        pytest.param(MessageStatus.FAILED, {"app_id": int(APP_ID)}, id="W55"),
    ],
)
async def test_an_echo_of_a_message_that_we_took_for_failed_tells_the_truth_it_was_sent(
    way_in: WayIn, status: MessageStatus, app: dict[str, Any]
) -> None:
    psid, mid = new_psid(), new_mid()
    message_id = await outbound(way_in, psid, status)
    told = echo_event(psid, mid=mid, metadata=METADATA + message_id, **app)
    assert (await way_in.take(body_of(told))).messages == []
    message = await way_in.one(Message, id=message_id)
    assert (message.status, message.mid, message.reason) == ("sent", mid, None)


COUNT = 1000
POISONS = [
    pytest.param(
        json.dumps({"mid": new_mid(), "text": "x"}).encode(),
        POISONOUS_PSID,
        "quarantined",
        "InjectedFaultError in routing",
        id="W56-an-exception-in-routing",
    ),
    pytest.param(b'{"mid":m_x}', new_psid(), "kept", "it cannot be read.", id="W56-no-json"),
    pytest.param(
        b'{"mid":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        new_psid(),
        "kept",
        "it cannot be read.",
        id="W56-deep",
    ),
]


@pytest.mark.parametrize(("message", "psid", "disposition", "reason"), POISONS)
async def test_one_poisonous_event_of_a_thousand_harms_no_other(
    way_in: WayIn, message: bytes, psid: str, disposition: str, reason: str
) -> None:
    people = [new_psid() for _ in range(20)]
    events = [text_event(people[n % 20], text=str(n)) for n in range(COUNT)]
    events[437] = {**text_event(psid), "message": "POISON"}
    taken = await way_in.take(with_raw("POISON", message, body_of(*events)))
    assert len(taken.events) == COUNT
    assert taken.set_aside == [(disposition, reason)]
    assert sorted(int(message.text or "") for message in taken.messages) == [
        n for n in range(COUNT) if n != 437
    ]
