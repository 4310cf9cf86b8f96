"""Customers are identified by what context variables tell, on exactly one match."""

from typing import Any

from store import tables
from support.api import Api, Seed, Thread
from support.store import rows

RULES = {
    "rules": [
        {"variable": "Mail", "key": "email", "creates": True},
        {"variable": "CustomerNumber", "key": "number"},
    ]
}


async def tell(api: Api, thread: Thread, **variables: Any) -> Any:
    address = f"/v1/conversations/{thread.conversation_id}/context"
    assert (await api.admin.patch(address, json={"variables": variables})).status_code == 200
    return (await api.admin.get(f"/v1/customers/{thread.customer_id}/summary")).json()["contact"]


async def contact(api: Api, **content: Any) -> str:
    return str((await api.admin.post("/v1/contacts", json=content)).json()["id"])


async def test_exactly_one_match_links_and_the_link_stays(api: Api, seed: Seed) -> None:
    await api.admin.put("/v1/contact-rules", json=RULES)
    ada, eve = await contact(api, name="Ada", email="ada@example.org"), await contact(api, number="7")
    thread = await seed.conversation(name="Somebody")
    assert await tell(api, thread, Other="ada@example.org", Name="Ada") is None
    assert (await tell(api, thread, Mail=" ADA@example.org"))["id"] == ada
    assert (await tell(api, thread, Mail="x@example.org", CustomerNumber=7))["id"] == ada
    other = await seed.conversation()
    assert (await tell(api, other, CustomerNumber=7))["id"] == eve
    events = [
        each for each in await rows(api.database, tables.Event) if each.customer_id == thread.customer_id
    ]
    told = [(each.actor_kind, each.data) for each in events if each.kind == "customer.contact_linked"]
    assert told == [("system", {"contact_id": ada})]


async def test_two_matches_link_nobody_and_none_makes_a_new_contact(api: Api, seed: Seed) -> None:
    await api.admin.put("/v1/contact-rules", json=RULES)
    await contact(api, email="a@example.org")
    await contact(api, name="Twin", email="a@example.org", number="7")
    thread = await seed.conversation()
    assert await tell(api, thread, Mail="a@example.org") is None
    assert (await tell(api, thread, Mail=None, CustomerNumber=7))["name"] == "Twin"
    new = await seed.conversation(name="Bob")
    assert await tell(api, new, CustomerNumber=8) is None
    made = await tell(api, new, Mail="Bob@example.org")
    assert (made["name"], made["email"], made["number"]) == ("Bob", "Bob@example.org", None)
    assert made["customer_ids"] == [new.customer_id]


async def test_what_an_agent_has_decided_stays(api: Api, seed: Seed) -> None:
    await api.admin.put("/v1/contact-rules", json=RULES)
    await contact(api, name="Ada", email="ada@example.org")
    thread = await seed.conversation()
    assert (await tell(api, thread, Mail="ada@example.org"))["name"] == "Ada"
    await api.admin.post(f"/v1/customers/{thread.customer_id}/unlink")
    assert await tell(api, thread, Mail="ada@example.org") is None


async def test_without_rules_nobody_is_identified_and_a_variable_has_one_rule(api: Api, seed: Seed) -> None:
    await contact(api, name="Ada", email="ada@example.org")
    assert await tell(api, await seed.conversation(), Mail="ada@example.org") is None
    twice = {"rules": [RULES["rules"][0], RULES["rules"][0]]}
    refused = await api.admin.put("/v1/contact-rules", json=twice)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    named = await api.admin.put("/v1/contact-rules", json={"rules": [{"variable": "N", "key": "name"}]})
    assert named.status_code == 422
    set_ = await api.admin.put("/v1/contact-rules", json=RULES)
    assert set_.json() == (await api.admin.get("/v1/contact-rules")).json()
    assert [each["creates"] for each in set_.json()["rules"]] == [True, False]
