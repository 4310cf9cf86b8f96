"""Preferred agents of a customer over the API."""

from typing import Any

import pytest
from sqlmodel import col, select

from store import tables
from support.api import Api, Seed


async def test_preferred_agents_are_set_as_a_whole_in_their_order(api: Api, seed: Seed) -> None:
    address = f"/v1/customers/{(await seed.conversation()).customer_id}/preferred-agents"
    mia, tom = [(await api.somebody("agent", name))[0] for name in ("Mia", "Tom")]
    assert (await api.admin.get(address)).json()["agent_ids"] == []
    for wanted in ([tom, mia], [mia], []):
        answer = await api.admin.put(address, json={"agent_ids": wanted})
        assert (answer.status_code, answer.json()["agent_ids"]) == (200, wanted)
        assert (await api.admin.get(address)).json() == answer.json()


async def test_the_history_of_the_customer_tells_who_set_them(api: Api, seed: Seed) -> None:
    customer_id = (await seed.conversation()).customer_id
    mia, _ = await api.somebody("agent", "Mia")
    lead, client = await api.somebody("supervisor", "Lea")
    await client.put(f"/v1/customers/{customer_id}/preferred-agents", json={"agent_ids": [mia]})
    told = select(tables.Event).where(col(tables.Event.kind) == "customer.preferred_agents_set")
    event = await api.database.read(lambda session: session.exec(told).one())
    assert (event.customer_id, event.actor_id, event.data) == (customer_id, lead, {"agent_ids": mia})


@pytest.mark.parametrize(
    ("given", "where"),
    [
        (["nobody"], ("agent_ids.0", "unknown_agent")),
        (["mia", "mia"], ("agent_ids.1", "duplicate")),
        (["mia"] * 11, ("agent_ids", "too_long")),
        ([7], ("agent_ids.0", "wrong_type")),
    ],
)
async def test_what_makes_no_sense_is_refused_where_it_stands(
    api: Api, seed: Seed, given: list[Any], where: tuple[str, str]
) -> None:
    mia, _ = await api.somebody("agent", "Mia")
    address = f"/v1/customers/{(await seed.conversation()).customer_id}/preferred-agents"
    await api.admin.put(address, json={"agent_ids": [mia]})
    body = {"agent_ids": [mia if each == "mia" else each for each in given]}
    answer = await api.admin.put(address, json=body)
    assert answer.status_code == 422
    found = [(".".join(map(str, each["where"][1:])), each["type"]) for each in answer.json()["errors"]]
    assert found == [where]
    assert (await api.admin.get(address)).json()["agent_ids"] == [mia]
