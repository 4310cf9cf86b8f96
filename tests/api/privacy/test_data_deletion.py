"""Meta's data deletion callback (P96 and P97 of docs/reference/bad-input.md), and erasure over the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from api.privacy.data_deletion_texts import texts_for
from store import tables
from store.privacy.erasures import ErasureStatus, Outcome
from support.api import NOW, Api, Seed
from support.signed_requests import base64url, signed, signed_request
from support.store import rows

SECRET = "0123456789abcdef"
USER = "218471"
AT = datetime.now(UTC)


async def account_of(api: Api, page_id: str) -> str:
    return str((await api.admin.get(f"/v1/pages/{page_id}")).json()["account_id"])


@pytest.fixture
async def address(api: Api, seed: Seed) -> str:
    return f"/webhooks/messenger/{await account_of(api, await seed.page())}/data-deletion"


async def ask(api: Api, address: str, request: Any) -> httpx.Response:
    return await api.client().post(address, data={"signed_request": request})


async def test_a_valid_request_is_answered_with_address_and_code_and_kept(api: Api, address: str) -> None:
    answer = await ask(api, address, signed_request(SECRET, USER, AT))
    assert answer.status_code == 200
    said = answer.json()
    assert set(said) == {"url", "confirmation_code"}
    assert said["url"] == f"{api.settings.public_base_url}/data-deletion/{said['confirmation_code']}"
    (erasure,) = await rows(api.database, tables.Erasure)
    assert (erasure.asked_by, erasure.status, erasure.customers) == ("meta", "requested", None)
    assert USER not in str(erasure.model_dump())


async def test_repeated_a_hundred_times_it_has_the_same_code(api: Api, address: str) -> None:
    answers = [await ask(api, address, signed_request(SECRET, USER, AT)) for _ in range(100)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["confirmation_code"] for answer in answers}) == 1
    assert len(await rows(api.database, tables.Erasure)) == 1


async def test_another_person_and_another_account_have_other_codes(
    api: Api, seed: Seed, address: str
) -> None:
    elsewhere = f"/webhooks/messenger/{await account_of(api, await seed.page())}/data-deletion"
    codes = {
        (await ask(api, where, signed_request(SECRET, user, AT))).json()["confirmation_code"]
        for where, user in ((address, USER), (address, USER + "1"), (elsewhere, USER))
    }
    assert len(codes) == 3


async def test_an_id_may_be_a_number(api: Api, address: str) -> None:
    as_text = await ask(api, address, signed_request(SECRET, USER, AT))
    as_number = await ask(api, address, signed_request(SECRET, int(USER), AT))
    assert as_text.json() == as_number.json()


_GOOD = signed_request(SECRET, USER, AT)
_SIGNATURE, _PAYLOAD = _GOOD.split(".")


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param("", id="empty"),
        pytest.param(".", id="a dot alone"),
        pytest.param(_PAYLOAD, id="no dot"),
        pytest.param(f"{_SIGNATURE}.{_PAYLOAD}.", id="two dots"),
        pytest.param(f"{_SIGNATURE}.{_PAYLOAD}.{_PAYLOAD}", id="three parts"),
        pytest.param(f"{_SIGNATURE}.", id="no payload"),
        pytest.param(f".{_PAYLOAD}", id="no signature"),
        pytest.param(f"{_SIGNATURE[:-1]}*.{_PAYLOAD}", id="signature no base64url"),
        pytest.param(f"{_SIGNATURE}.{_PAYLOAD}!", id="payload no base64url"),
        pytest.param(f"{_SIGNATURE}.A", id="payload of one letter"),
        pytest.param(f"{_SIGNATURE[:-4]}.{_PAYLOAD}", id="signature cut"),
        pytest.param(f"{_SIGNATURE}.{base64url(b'{}')}", id="payload of another"),
        pytest.param(signed_request("another-secret-0000", USER, AT), id="wrong signature"),
        pytest.param(signed_request("", USER, AT), id="signed with nothing"),
        pytest.param(signed_request(SECRET, USER, AT, algorithm="HMAC-SHA1"), id="other algorithm"),
        pytest.param(signed_request(SECRET, USER, AT, algorithm="none"), id="no algorithm's name"),
        pytest.param(signed_request(SECRET, USER, AT, algorithm=None), id="algorithm left out"),
        pytest.param(signed_request(SECRET, USER, AT - timedelta(days=3 * 365)), id="years old"),
        pytest.param(signed_request(SECRET, USER, AT - timedelta(days=8)), id="eight days old"),
        pytest.param(signed_request(SECRET, USER, AT + timedelta(hours=1)), id="of the future"),
        pytest.param(signed_request(SECRET, USER, None), id="no time"),
        pytest.param(signed_request(SECRET, USER, None, issued_at="soon"), id="time no number"),
        pytest.param(signed_request(SECRET, USER, None, issued_at=10**30), id="time beyond all"),
        pytest.param(signed_request(SECRET, None, AT), id="no person"),
        pytest.param(signed_request(SECRET, "", AT), id="an empty person"),
        pytest.param(signed_request(SECRET, "me", AT), id="person no number"),
        pytest.param(signed_request(SECRET, {"id": USER}, AT), id="person an object"),
        pytest.param(signed_request(SECRET, "9" * 5000, AT), id="too long"),
        pytest.param(signed([], SECRET), id="payload a list"),
        pytest.param(signed("text", SECRET), id="payload a text"),
        pytest.param("é.è", id="not ascii"),
    ],
)
async def test_what_is_no_request_of_metas_is_a_problem(api: Api, address: str, request_: str) -> None:
    answer = await ask(api, address, request_)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid_signed_request"
    assert USER not in answer.text
    assert await rows(api.database, tables.Erasure) == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "invalid_signed_request"),
        (b"signed_request", "invalid_signed_request"),
        (f"signed_request={_GOOD}&signed_request={_GOOD}".encode(), "invalid_signed_request"),
        (b"\xff\xfe=\x00", "invalid_signed_request"),
        (b"signed_request=" + b"A" * 100_000, "content_too_large"),
    ],
)
async def test_a_form_that_is_none(api: Api, address: str, content: bytes, code: str) -> None:
    answer = await api.client().post(address, content=content)
    assert answer.json()["code"] == code


async def test_an_unknown_account_is_not_found_and_a_get_not_allowed(api: Api, address: str) -> None:
    unknown = await ask(api, "/webhooks/messenger/unknown/data-deletion", signed_request(SECRET, USER, AT))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    got = await api.client().get(address)
    assert (got.status_code, got.headers["allow"]) == (405, "POST")


async def test_what_is_asked_for_anew_after_it_was_done_is_done_anew(api: Api, address: str) -> None:
    code = (await ask(api, address, signed_request(SECRET, USER, AT))).json()["confirmation_code"]
    await _done(api, Outcome.ERASED)
    assert (await ask(api, address, signed_request(SECRET, USER, AT))).json()["confirmation_code"] == code
    (repeated,) = await rows(api.database, tables.Erasure)
    assert repeated.status == "done", "Meta's repetition of the same request asks for nothing new."
    later = signed_request(SECRET, USER, AT + timedelta(seconds=5))
    assert (await ask(api, address, later)).json()["confirmation_code"] == code
    (anew,) = await rows(api.database, tables.Erasure)
    assert (anew.status, anew.done_at, anew.outcome) == ("requested", None, None)


async def _done(api: Api, outcome: Outcome) -> None:
    def work(session: Any) -> None:
        for erasure in session.exec(select(tables.Erasure)):
            erasure.status, erasure.outcome, erasure.done_at = ErasureStatus.DONE, outcome, NOW
            erasure.subject = None

    await api.database.write(work)


async def _page(api: Api, code: str, language: str = "en") -> httpx.Response:
    return await api.client().get(f"/data-deletion/{code}", headers={"Accept-Language": language})


async def test_the_page_tells_how_it_stands_and_nothing_of_the_person(api: Api, address: str) -> None:
    code = (await ask(api, address, signed_request(SECRET, USER, AT))).json()["confirmation_code"]
    page = await _page(api, code)
    assert page.status_code == 200
    assert "is being worked on" in page.text
    await _done(api, Outcome.ERASED)
    assert "have been deleted" in (await _page(api, code)).text
    await _done(api, Outcome.NOT_MATCHED)
    assert "ask there" in (await _page(api, code)).text
    assert "Löschung" in (await _page(api, code, "de-AT,en;q=0.5")).text
    assert USER not in page.text


async def test_the_page_has_safe_headers(api: Api, address: str) -> None:
    code = (await ask(api, address, signed_request(SECRET, USER, AT))).json()["confirmation_code"]
    headers = (await _page(api, code)).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-robots-tag"] == "noindex, nofollow"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script" not in (await _page(api, code)).text


@pytest.mark.parametrize("code", ["x", "A" * 43, "A" * 44, "%00", "..%2f..%2fetc", "1' OR '1'='1", USER])
async def test_a_code_that_is_guessed_shows_nothing(api: Api, address: str, code: str) -> None:
    await ask(api, address, signed_request(SECRET, USER, AT))
    assert (await _page(api, code)).status_code == 404


async def test_codes_are_long_and_cannot_be_told_from_each_other(api: Api, address: str) -> None:
    codes = [
        (await ask(api, address, signed_request(SECRET, str(n), AT))).json()["confirmation_code"]
        for n in range(1000, 1010)
    ]
    assert {len(code) for code in codes} == {43}
    assert len({code[:4] for code in codes}) == 10


async def test_who_guesses_codes_is_slowed_down(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.app.state.public_page_limit, "_burst", 3)
    statuses = [(await _page(api, "A" * 43)).status_code for _ in range(5)]
    assert statuses == [404, 404, 404, 429, 429]


async def test_an_agent_may_not_erase_and_a_supervisor_may(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    _, agent = await api.somebody("agent")
    assert (await agent.post(f"/v1/customers/{thread.customer_id}/erase")).status_code == 403
    supervisor_id, supervisor = await api.somebody("supervisor")
    answer = await supervisor.post(f"/v1/customers/{thread.customer_id}/erase")
    assert answer.status_code == 202
    said = answer.json()
    assert (said["status"], said["asked_by"], said["agent_id"]) == ("requested", "agent", supervisor_id)
    assert (said["customers"], said["outcome"]) == (1, None)
    assert (await supervisor.get(f"/v1/erasures/{said['id']}")).json() == said
    assert (await supervisor.get("/v1/erasures")).json()["items"] == [said]
    shown = (await supervisor.get(f"/v1/customers/{thread.customer_id}")).json()
    assert shown["erasure_id"] == said["id"]


async def test_asked_for_again_it_is_the_same_erasure(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    path = f"/v1/customers/{thread.customer_id}/erase"
    first = (await api.admin.post(path, headers={"Idempotency-Key": "k"})).json()
    for headers in ({"Idempotency-Key": "k"}, {"Idempotency-Key": "other"}, {}):
        assert (await api.admin.post(path, headers=headers)).json() == first
    kinds = [event.kind for event in await rows(api.database, tables.Event)]
    assert kinds.count("erasure.requested") == 1
    other = await seed.conversation(page_id=thread.page_id)
    reused = await api.admin.post(
        f"/v1/customers/{other.customer_id}/erase", headers={"Idempotency-Key": "k"}
    )
    assert reused.json()["code"] == "idempotency_key_reused"


async def test_from_then_on_what_waits_to_be_sent_is_cancelled(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    other = await seed.conversation(page_id=thread.page_id)
    outbound: dict[str, Any] = {"direction": "outbound", "sender_kind": "agent"}
    statuses = ("queued", "held", "sending", "sent", "unknown", "failed")
    mine = {each: await seed.message(thread, "x", status=each, **outbound) for each in statuses}
    others = await seed.message(other, "x", status="queued", **outbound)
    await api.admin.post(f"/v1/customers/{thread.customer_id}/erase")
    now = {row.id: (row.status, row.reason) for row in await rows(api.database, tables.Message)}
    assert {each: now[mine[each]][0] for each in statuses} == {
        **{each: each for each in statuses},
        "queued": "cancelled",
        "held": "cancelled",
    }
    assert now[mine["queued"]][1] == "customer_erased"
    assert now[others][0] == "queued"


async def test_customers_are_listed_and_found_by_page_psid_and_name(api: Api, seed: Seed) -> None:
    ada = await seed.conversation(name="Ada Lovelace")
    bob = await seed.conversation(page_id=ada.page_id, name="Bob")
    eve = await seed.conversation(name=None)
    assert set(await api.walk("/v1/customers", limit=2)) == {each.customer_id for each in (ada, bob, eve)}

    async def found(**wanted: str) -> list[str]:
        answer = await api.admin.get("/v1/customers", params=wanted)
        return [item["id"] for item in answer.json()["items"]]

    assert await found(q="lovel") == [ada.customer_id]
    assert set(await found(page_id=ada.page_id)) == {ada.customer_id, bob.customer_id}
    await api.database.write(
        lambda session: setattr(session.get_one(tables.Customer, eve.customer_id), "psid", "7001")
    )
    assert await found(psid="7001") == [eve.customer_id]
    assert await found(q="%") == []


@pytest.mark.parametrize(
    ("language", "day"),
    [("en", "30 November 2026"), ("de", "30. November 2026"), ("es", "30 de noviembre de 2026")],
)
def test_a_day_is_written_as_in_the_readers_language(language: str, day: str) -> None:
    texts, spoken = texts_for({"accept-language": f"{language}-XX,fr;q=0.5"})
    asked = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
    erasure = tables.Erasure(id="e", code="c", asked_by="meta", requested_at=asked, status="requested")
    assert spoken == language
    assert day in texts.of(erasure, spoken)
