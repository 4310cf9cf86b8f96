"""What is said of a request that is not valid: where, of which kind, in our own words."""

import re
from typing import Any

import pytest

from domain.conversations.lifecycle import Status
from support.api import Api, Seed

INNER_WORDS = re.compile(
    r"Input should|Value error|Field required|Extra inputs|String should|function-|constrained|tagged",
    re.IGNORECASE,
)
CARD = {"title": "Shoe", "subtitle": "Red"}


def _buttons(*buttons: Any) -> dict[str, Any]:
    return {"template": {"template_type": "button", "text": "Yes?", "buttons": list(buttons)}}


def _cards(*elements: Any) -> dict[str, Any]:
    return {"template": {"template_type": "generic", "elements": list(elements)}}


async def _errors_of_reply(api: Api, seed: Seed, body: Any) -> list[dict[str, Any]]:
    thread = await seed.conversation(status=Status.ACTIVE)
    answer = await api.admin.post(
        f"/v1/conversations/{thread.conversation_id}/messages", json=body, headers={"Idempotency-Key": "one"}
    )
    assert answer.status_code == 422
    assert not INNER_WORDS.search(answer.text)
    errors: list[dict[str, Any]] = answer.json()["errors"]
    return errors


@pytest.mark.parametrize(
    ("body", "where", "kind", "message"),
    [
        ({"text": 1}, ["body", "text"], "wrong_type", "This must be a text."),
        ({"text": ""}, ["body", "text"], "too_short", "This must not be empty."),
        ({"text": "x" * 2001}, ["body", "text"], "too_long", "This must have 2000 characters or fewer."),
        ({"text": "a\x00"}, ["body", "text"], "not_allowed", None),
        ({"text": "a", "tag": "x"}, ["body", "tag"], "unknown", "Nothing of this name is known here."),
        ({"text": "a", "hold": 1}, ["body", "hold"], "wrong_type", "This must be true or false."),
        ({"attachments": {}}, ["body", "attachments"], "wrong_type", "This must be a list."),
        ({"attachments": [{}]}, ["body", "attachments", 0, "id"], "missing", "This is needed."),
        ([], ["body"], "wrong_type", "This must be an object."),
        ({}, ["body"], "not_allowed", "A message is one of a text, a template and an attachment."),
        (
            {"template": {"type": "button"}},
            ["body", "template"],
            "missing",
            "Here 'template_type' is needed: it says what the rest means.",
        ),
        (
            {"template": {"template_type": "list"}},
            ["body", "template"],
            "not_a_choice",
            "Here 'template_type' must be one of 'button', 'generic'.",
        ),
        (
            _buttons({"type": "web_url", "title": "Shop"}),
            ["body", "template", "buttons", 0, "url"],
            "missing",
            "This is needed.",
        ),
        (
            _buttons({"type": "web_url", "title": "Shop", "url": "https://[::/"}),
            ["body", "template", "buttons", 0, "url"],
            "not_allowed",
            "This is no web address.",
        ),
        (
            _cards(CARD, CARD | {"subtitle": 7}),
            ["body", "template", "elements", 1, "subtitle"],
            "wrong_type",
            None,
        ),
    ],
)
async def test_a_body_is_told_where_it_is_wrong_and_what_is_right(
    api: Api, seed: Seed, *, body: Any, where: list[str | int], kind: str, message: str | None
) -> None:
    (error,) = await _errors_of_reply(api, seed, body)
    assert (error["where"], error["type"]) == (where, kind)
    assert error["message"] == (message or error["message"])


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (
            True,
            "wrong_type",
            "This must be a text. Or: This must be a whole number. Or: This must be a number.",
        ),
        ("x" * 4001, "too_long", "This must have 4000 characters or fewer."),
        (2**63, "not_allowed", "A whole number must fit 64 bits."),
    ],
)
async def test_a_value_of_several_types_gets_one_error(
    api: Api, seed: Seed, *, value: Any, kind: str, message: str
) -> None:
    thread = await seed.conversation()
    answer = await api.admin.put(
        f"/v1/conversations/{thread.conversation_id}/context", json={"variables": {"Order": value}}
    )
    expected = {"where": ["body", "variables", "Order"], "type": kind, "message": message}
    assert answer.json()["errors"] == [expected]


@pytest.mark.parametrize(
    ("query", "name", "kind"),
    [
        ("statu=open", "statu", "unknown"),
        ("Status=open", "Status", "unknown"),
        ("limit=5&limit=6", "limit", "given_twice"),
        ("limit=0", "limit", "out_of_range"),
        ("limit=x", "limit", "wrong_type"),
        ("status=broken", "status", "not_a_choice"),
        ("page_id=x", "page_id", "wrong_form"),
        ("%3Cscript%3E=1", "?", "unknown"),
    ],
)
async def test_a_query_is_told_which_parameter_is_wrong(api: Api, query: str, name: str, kind: str) -> None:
    answer = await api.admin.get(f"/v1/conversations?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    (error,) = answer.json()["errors"]
    assert (error["where"], error["type"]) == (["query", name], kind)
    assert not INNER_WORDS.search(answer.text)


async def test_an_unknown_parameter_is_told_the_known_ones(api: Api) -> None:
    answer = await api.admin.get("/v1/accounts?colour=red")
    (error,) = answer.json()["errors"]
    assert error["message"] == "There is no such query parameter. Known here: cursor, limit."
    of_none = await api.admin.post("/v1/sign-out?all=1")
    assert of_none.json()["errors"][0]["message"] == "There is no such query parameter."


async def test_a_list_may_be_given_several_times(api: Api) -> None:
    answer = await api.admin.get("/v1/conversations?status=open&status=waiting")
    assert answer.status_code == 200


async def test_probes_may_carry_parameters(api: Api) -> None:
    assert (await api.client().get("/healthz?at=1")).status_code == 200
