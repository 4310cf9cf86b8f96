"""Only Meta's own bytes are right; and all deliveries again, in any order, change nothing."""

import asyncio
import json
import random
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session, SQLModel, col, func, select

from background import page_waker as page_wake
from base import clock
from base.ids import new_id
from domain.sending.delivery import MessageStatus
from local.processes.served import served
from sandbox import wire
from store.conversations.messages import settle
from store.db.database import Database
from store.inbox.inbox_events import newest_inbox_id
from store.inbox.relay_shares import lowest_position
from store.tables import (
    Customer,
    DispatchShard,
    InboxEvent,
    ProcessLease,
    Relay,
    RelayPartition,
    inbox_metadata,
)
from support.deliveries import body_of, echo_event, new_mid, new_psid, now_ms
from support.eventually import eventually
from support.paths import PAYLOADS
from support.payload_table import WIRE_FILE, personal
from support.store import APP_ID, APP_SECRET, add_message
from support.whole import Whole

pytestmark = [pytest.mark.dev_server, pytest.mark.asyncio(loop_scope="session")]

SIGNED = "sha256=ac843dfa014e3df732d12a27e32a4e1d39b08d7acdce5f0a11f039c0ef3cb83e"
SIGNED_REBUILT = "sha256=86cbf48b5daa25da9316905131aa7783cf90e63fca1749f131842671a7d187a3"
"""The test vector of tests/fixtures/payloads/README.md, made with another tool."""

CONNECTIONS = 8
Tables = dict[str, list[tuple[Any, ...]]]


async def post(product: Whole, body: bytes, signature: str) -> int:
    headers = {"X-Hub-Signature-256": signature, "Content-Type": "application/json"}
    path = f"/webhooks/messenger/{product.account_id}"
    return (await product.api.post(path, content=body, headers=headers)).status_code


async def stored(product: Whole) -> int:
    count = select(func.count(col(InboxEvent.id)))
    return await product.inbox.read(lambda session: session.exec(count).one())


async def test_metas_own_bytes_are_accepted_with_metas_signature(product: Whole) -> None:
    body = (PAYLOADS / WIRE_FILE).read_bytes()
    assert len(body) == 597
    assert await post(product, body, SIGNED) == 200
    told = json.loads(body)["entry"][0]["messaging"][0]
    conversation = await product.conversation_of(told["sender"]["id"])
    message = await product.message_with(conversation["id"], mid=told["message"]["mid"])
    assert message["text"] == told["message"]["text"]


@pytest.mark.parametrize(
    ("rebuild", "signature"),
    [
        pytest.param(lambda value: json.dumps(value, separators=(",", ":")), SIGNED, id="ascii"),
        pytest.param(lambda value: json.dumps(value, ensure_ascii=False), SIGNED, id="utf-8"),
        pytest.param(wire.encode, SIGNED_REBUILT, id="its own bytes, signed as rebuilt ones"),
    ],
)
async def test_the_same_json_in_other_bytes_is_refused_and_not_stored(
    product: Whole, rebuild: Any, signature: str
) -> None:
    before = await stored(product)
    rebuilt = rebuild(json.loads((PAYLOADS / WIRE_FILE).read_bytes()))
    body = rebuilt if isinstance(rebuilt, bytes) else rebuilt.encode()
    assert await post(product, body, signature) == 401
    assert await stored(product) == before


async def test_an_echo_with_our_id_confirms_our_message_and_is_no_message_of_its_own(product: Whole) -> None:
    psid, mid, message_id = await product.customer(), new_mid(), new_id()
    await product.says(psid)
    conversation = await product.conversation_of(psid)
    now = clock.now()

    def lose_the_answer(session: Session) -> None:
        customer = session.exec(select(Customer).where(Customer.psid == psid)).one()
        values = {"page_id": customer.page_id, "conversation_id": conversation["id"], "text": "lost"}
        add_message(session, message_id, customer.id, now, **values)
        settle(session, message_id, MessageStatus.UNKNOWN, now, reason="ReadTimeout")

    await product.store.write(lose_the_answer)
    body = body_of(echo_event(psid, mid=mid, text="lost", app_id=APP_ID, metadata=f"pd1:{message_id}"))
    assert await post(product, body, wire.signature_headers(body, APP_SECRET)["X-Hub-Signature-256"]) == 200
    message = await product.message_with(conversation["id"], mid=mid)
    assert message["id"] == message_id
    assert message["status"] in ("sent", "delivered")  # a late receipt of the greeting may cover it
    texts = [each["text"] for each in await product.messages(conversation["id"])]
    assert texts.count("lost") == 1


async def test_everything_again_in_any_order_from_eight_connections_changes_nothing(
    product: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A check of the page that an event has asked for must not come in the middle.
    monkeypatch.setattr(page_wake, "MIN_INTERVAL", timedelta(0))
    bodies = [personal(path.name, new_psid(), now_ms()) for path in sorted(PAYLOADS.glob("*.json"))]
    limits = httpx.Limits(max_connections=CONNECTIONS)
    app: Any = product.api._transport
    async with served(app.app) as address, httpx.AsyncClient(base_url=address, limits=limits) as http:
        for body in bodies:
            assert await _delivered(http, product, body) == 200
        before = await _at_rest(product)
        for seed in range(3):
            again = random.Random(seed).sample(bodies, len(bodies))  # noqa: S311 - an order, no secret
            statuses = await asyncio.gather(*(_delivered(http, product, body) for body in again))
            assert set(statuses) == {200}
            assert await _at_rest(product) == before
    assert all(before[name] for name in ("message", "conversation", "opening", "event", "inbox_event"))


async def _delivered(http: httpx.AsyncClient, product: Whole, body: bytes) -> int:
    headers = {"Content-Type": "application/json", **wire.signature_headers(body, APP_SECRET)}
    answer = await http.post(f"/webhooks/messenger/{product.account_id}", content=body, headers=headers)
    return answer.status_code


async def _at_rest(product: Whole) -> Tables:
    """All that is stored, once everything is read and asked, and a second went by without a change."""
    last: Tables = {}

    async def look() -> Tables:
        nonlocal last
        former, last = last, await _tables(product)
        written = await product.inbox.read(newest_inbox_id)
        routed = await product.store.read(lowest_position)
        unasked = select(func.count(col(Customer.id))).where(
            col(Customer.profile_due_at).is_not(None),
            col(Customer.profile_asked_at).is_(None),
            Customer.profile_tries == 0,
        )
        to_ask = await product.store.read(lambda session: session.exec(unasked).one())
        if routed == written and to_ask == 0 and former == last:
            return last
        await asyncio.sleep(1)
        return {}

    return await eventually(look, within=60)


async def _tables(product: Whole) -> Tables:
    """Every row of both databases but the leases."""
    leases = {each.__tablename__ for each in (Relay, RelayPartition, DispatchShard, ProcessLease)}
    store = [table for table in SQLModel.metadata.sorted_tables if table.name not in leases]
    return await _rows(product.store, store) | await _rows(product.inbox, inbox_metadata.sorted_tables)


async def _rows(database: Database, tables: list[Any]) -> Tables:
    def work(session: Session) -> Tables:
        connection = session.connection()
        return {
            table.name: sorted(map(tuple, connection.execute(table.select())), key=repr) for table in tables
        }

    return await database.read(work)
