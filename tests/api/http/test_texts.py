"""What comes in as text or as an instant can be kept, whichever operation takes it."""

import base64
import re
import typing
from collections.abc import Iterator
from typing import Annotated, Any

import orjson
import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from api.app import create_app
from api.http.fields import Instant, storable
from api.http.paging import CursorOf
from api.http.problems import Problem
from base.settings import Settings
from support.api import Api

BROKEN = ("\x00", "\ud800", "\udfff")
EDGES = [
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59Z",
]


def _texts(
    annotation: Any, metadata: tuple[Any, ...], place: str, within: frozenset[type] = frozenset()
) -> Iterator[tuple[str, Any]]:
    """Each text in a type, with all that is asked of it. `within`: models that it is part of."""
    if annotation is str:
        yield place, Annotated[(str, *metadata)] if metadata else str
    elif typing.get_origin(annotation) is Annotated:
        inner, *own = typing.get_args(annotation)
        yield from _texts(inner, (*own, *metadata), place, within)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items() if annotation not in within else ():
            inside = within | {annotation}
            yield from _texts(field.annotation, tuple(field.metadata), f"{place}.{name}", inside)
    else:
        for inner in typing.get_args(annotation):
            yield from _texts(inner, (), place, within)


def _all_texts() -> Iterator[tuple[str, Any]]:
    for route in create_app(Settings()).routes:
        if isinstance(route, APIRoute):
            given = route.dependant
            for each in (*given.path_params, *given.query_params, *given.header_params, *given.body_params):
                info = each.field_info
                yield from _texts(info.annotation, tuple(info.metadata), f"{route.name} {each.alias}")


def _lists_its_characters(text: Any) -> bool:
    """Whether a pattern names each character that is allowed, rather than some that are not."""
    patterns = [
        each.pattern for each in typing.get_args(text)[1:] if isinstance(getattr(each, "pattern", None), str)
    ]
    patterns += [
        part.pattern
        for each in typing.get_args(text)[1:]
        if isinstance(each, FieldInfo)
        for part in each.metadata
        if isinstance(getattr(part, "pattern", None), str)
    ]
    return any(re.fullmatch(r"\^(\\\+)?\[[^\^].*\]\{\d+(,\d+)?\}\$", pattern) for pattern in patterns)


def _takes(text: Any, value: str) -> bool:
    try:
        TypeAdapter(text).validate_python(value)
    except ValidationError:
        return False
    return True


FITTING = ("xxxxxxxx", "https://x.example/x", "x@x", "+49 30 123456")
"""Of each kind of text one that is taken."""


def test_every_text_that_comes_in_refuses_what_cannot_be_kept() -> None:
    texts = list(_all_texts())
    assert len(texts) > 100
    for place, text in texts:
        if _lists_its_characters(text):
            continue
        fitting = [each for each in FITTING if _takes(text, each)]
        assert fitting, place
        for plain in fitting:
            for broken in BROKEN:
                assert not _takes(text, plain + broken), (place, broken)


@pytest.mark.parametrize("broken", BROKEN)
def test_what_cannot_be_kept_is_no_text(broken: str) -> None:
    with pytest.raises(ValueError, match="not allowed"):
        storable(f"a{broken}b")


def test_every_other_character_is_text() -> None:
    text = "".join(map(chr, (*range(1, 0xD800), 0xE000, 0xFFFF, 0x1F600, 0x10FFFF)))
    assert storable(text) == text


@pytest.mark.parametrize("instant", EDGES)
async def test_an_instant_at_the_edge_of_the_calendar_is_refused(api: Api, instant: str) -> None:
    for path in ("/v1/surveys", "/v1/surveys/summary"):
        for name in ("from", "until"):
            answer = await api.admin.get(path, params={name: instant})
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), (path, name)
            assert answer.json()["errors"][0]["where"] == ["query", name]


@pytest.mark.parametrize(
    "instant", ["1970-01-01T00:00:00Z", "9998-12-31T23:59:59Z", "2026-11-20T12:00:00-12:00"]
)
async def test_an_instant_of_our_centuries_is_taken(api: Api, instant: str) -> None:
    answer = await api.admin.get("/v1/surveys", params={"from": instant, "until": instant})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("instant", EDGES)
async def test_a_cursor_at_the_edge_of_the_calendar_is_refused(api: Api, instant: str) -> None:
    forged = base64.urlsafe_b64encode(orjson.dumps(["customers", [instant, "1"]])).decode().rstrip("=")
    answer = await api.admin.get("/v1/customers", params={"cursor": forged})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


def test_every_instant_that_comes_in_is_of_the_one_type() -> None:
    for route in create_app(Settings()).routes:
        if isinstance(route, APIRoute):
            for each in (*route.dependant.query_params, *route.dependant.body_params):
                assert "AwareDatetime" not in repr(each.field_info) or "_in_calendar" in repr(each.field_info)


def test_a_list_of_the_position_in_time_reads_its_own_cursor() -> None:
    cursors = CursorOf("x", tuple[Instant, str])
    instant = TypeAdapter(Instant).validate_python("2026-11-20T12:00:00.000001+02:00")
    assert cursors.read(cursors.write((instant, "a"))) == (instant, "a")
    with pytest.raises(Problem):
        CursorOf("y", tuple[Instant, str]).read(cursors.write((instant, "a")))


@pytest.mark.parametrize("account_id", ["a%00b", "%00", "a%ED%A0%80b", "a b", "x" * 65, "a%0A"])
async def test_what_cannot_be_an_id_is_not_looked_for(api: Api, account_id: str) -> None:
    """PostgreSQL would fail at a NUL; no store is asked for what cannot be there."""
    address = f"/webhooks/messenger/{account_id}"
    handshake = {"hub.mode": "subscribe", "hub.verify_token": "x", "hub.challenge": "1"}
    with api.counted_statements() as statements:
        delivered = await api.client().post(address, content=b"{}")
        verified = await api.client().get(address, params=handshake)
        deleted = await api.client().post(f"{address}/data-deletion", data={"signed_request": "a.b"})
    assert (delivered.status_code, verified.status_code, deleted.status_code) == (404, 404, 404)
    assert statements == []


@pytest.mark.parametrize("email", ["a\x00@example.org", "\x00"])
async def test_an_address_that_cannot_be_kept_signs_nobody_in(api: Api, email: str) -> None:
    answer = await api.client().post("/v1/sign-in", json={"email": email, "password": "x"})
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, ["body", "email"])
