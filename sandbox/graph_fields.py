"""The `fields` parameter of Graph reads, and what else reads share: times, lists, pages of lists."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.graph_call import Call
from sandbox.graph_errors import bad_parameter

TOKEN = re.compile(r"\s*([\w]+|[{},()]|\.)")
DEFAULT_LIMIT = 25


@dataclass(slots=True)
class Field:
    """One asked-for field: `messages.limit(5){id,from}`."""

    limit: int | None = None
    fields: dict[str, "Field"] = field(default_factory=dict)


def parse(text: str | None) -> dict[str, Field]:
    """Read a `fields` parameter. Raises code 100 if it cannot be read."""
    tokens = TOKEN.findall(text or "")
    if "".join(tokens) != "".join((text or "").split()):
        raise bad_parameter("Syntax error in fields")
    fields, rest = _fields(tokens)
    if rest:
        raise bad_parameter("Syntax error in fields")
    return fields


def _fields(tokens: list[str]) -> tuple[dict[str, Field], list[str]]:
    fields: dict[str, Field] = {}
    while tokens and tokens[0] != "}":
        name, tokens = tokens[0], tokens[1:]
        item = fields[name] = Field()
        while tokens[:1] == ["."] and tokens[2:3] == ["("] and tokens[4:5] == [")"]:
            if tokens[1] == "limit" and tokens[3].isdecimal():
                item.limit = int(tokens[3])
            tokens = tokens[5:]
        if tokens[:1] == ["{"]:
            item.fields, tokens = _fields(tokens[1:])
            tokens = tokens[1:]
        if tokens[:1] == [","]:
            tokens = tokens[1:]
    return fields, tokens


def choose(record: dict[str, Any], fields: dict[str, Field]) -> dict[str, Any]:
    """The asked-for values that are there, and the id always."""
    chosen = {name: record[name] for name in fields if record.get(name) is not None}
    return {**chosen, "id": record["id"]}


def graph_time(at_ms: int) -> str:
    """An instant as reads show it: `2022-07-12T19:11:07+0000`."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def name_list(call: Call, name: str) -> list[str]:
    """A parameter that is a JSON list, or names with commas between."""
    value = call.json(name)
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise bad_parameter(f"{name} is a list of names")
    return value


def page_of(items: list[dict[str, Any]], call: Call, most: int) -> dict[str, Any]:
    """One page of a list, after the cursor `after`: `{data, paging}`. The cursor is the last id shown."""
    limit, after = call.text("limit") or str(DEFAULT_LIMIT), call.text("after")
    if not limit.isdecimal() or int(limit) < 1:
        raise bad_parameter("limit is a positive number")
    start = 0
    if after is not None:
        start = next((index + 1 for index, item in enumerate(items) if item["id"] == after), len(items))
    shown = items[start : start + min(int(limit), most)]
    paging: dict[str, Any] = {}
    if shown:
        paging["cursors"] = {"before": shown[0]["id"], "after": shown[-1]["id"]}
        if start + len(shown) < len(items):
            paging["next"] = f"{call.base_url}{call.path}?after={shown[-1]['id']}"
    return {"data": shown, "paging": paging}
