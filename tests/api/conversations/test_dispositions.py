"""Disposition codes of endings over the API: which a conversation may get, and what a refusal names."""

from typing import Any

import pytest

from domain.conversations.changes import Refusal
from domain.conversations.lifecycle import Status
from support.api import Api, Seed


async def _code(api: Api, **more: Any) -> str:
    made = await api.admin.post("/v1/disposition-codes", json={"name": "Solved", **more})
    return str(made.raise_for_status().json()["id"])


@pytest.mark.parametrize("action", ["end", "complete"])
async def test_a_code_goes_with_the_command_and_a_wrong_one_gives_none(
    api: Api, seed: Seed, action: str
) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    address = f"/v1/conversations/{thread.conversation_id}/{action}"
    other = (await api.admin.post("/v1/workstreams", json={"name": "Other"})).json()["id"]
    wrong = ["unknown", await _code(api, active=False), await _code(api, workstream_id=other)]
    for code_id in wrong:
        answer = await api.admin.post(address, json={"disposition_code_id": code_id})
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_disposition_code")
        assert answer.json()["disposition_code_id"] == code_id
    assert api.engine.commands == []
    code_id = await _code(api, name="Refunded")
    assert (await api.admin.post(address, json={"disposition_code_id": code_id})).status_code == 200
    assert (await api.admin.post(address)).status_code == 200
    given = [getattr(command, "disposition_code_id", "no field") for command in api.engine.commands]
    assert given == [code_id, None]


async def test_a_missing_code_is_refused_with_where_to_find_one(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    api.engine.refuse(Refusal("disposition_required", "Name one.", Status.ACTIVE, ("end",)))
    answer = await api.admin.post(f"/v1/conversations/{thread.conversation_id}/end")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "disposition_required")
    assert problem["allowed_commands"] == ["end"]
    codes = await api.admin.get("/v1/disposition-codes", params={"workstream_id": problem["workstream_id"]})
    assert codes.status_code == 200
