"""Each number of the API has its unit in its name, or is one of those that have none."""

import json
from collections.abc import Iterator
from typing import Any

from support.paths import DOCS

UNITS = ("seconds", "minutes", "hours", "days", "bytes", "percent", "units")
RATIOS = ("_rate", "occupancy", "service_level", "response_rate")
COUNTS = {
    *(
        "abandoned",
        "abandoned_early",
        "answered",
        "attempt",
        "claimed",
        "closed",
        "closing_soon",
        "conversations",
        "customers",
        "decline_limit",
        "declined",
    ),
    *("default_limit", "engaged", "incoming", "invited", "late", "limit", "listed", "messages_in"),
    *("messages_out", "max", "max_per_source", "max_waiting_per_source", "offers", "offers_accepted"),
    *("open", "open_files", "parked", "ready_agents", "sessions", "started_by_agents", "transfers", "used"),
    *("ids", "newest_messages_looked_at", "page_of_a_list", "notes", "participants", "quick_replies"),
    *("failed", "held", "mine", "unknown", "unread", "waiting"),
}
NEITHER = {
    # Numbers of something, what orders it, and places in a text.
    *(
        "after",
        "around",
        "before",
        "end",
        "id",
        "inbox_id",
        "meta_code",
        "meta_subcode",
        "number",
        "position",
        "priority",
        "start",
        "status",
        "stay",
        "version",
    ),
    # Answers of people, and what is made of them.
    *("average", "max_rating", "nps", "rating", "score", "value"),
    # Of a calendar; and Meta's name for what a customer's clock differs from UTC.
    *("timezone", "weekday", "year"),
}


def _numbers(node: Any) -> Iterator[tuple[str, str]]:
    """Name and place of each number: members of bodies, and parameters."""
    if isinstance(node, list):
        for each in node:
            yield from _numbers(each)
    elif isinstance(node, dict):
        for name, schema in node.get("properties", {}).items():
            if _is_number(schema):
                yield name, str(node.get("title"))
        if "in" in node and _is_number(node.get("schema", {})):
            yield str(node["name"]), "parameter"
        for key, each in node.items():
            if key not in ("example", "examples"):
                yield from _numbers(each)


def _is_number(schema: Any) -> bool:
    kinds = [schema, *schema.get("anyOf", [])] if isinstance(schema, dict) else []
    return any(kind.get("type") in ("integer", "number") for kind in kinds)


def _has_unit(name: str) -> bool:
    return any(name == unit or name.endswith(f"_{unit}") for unit in UNITS) or name.endswith(RATIOS)


def test_every_number_of_the_api_has_its_unit_in_its_name_or_is_known_to_have_none() -> None:
    found = set(_numbers(json.loads((DOCS / "openapi.json").read_text())))
    names = {name for name, _ in found}
    assert sorted(each for each in found if not _has_unit(each[0]) and each[0] not in COUNTS | NEITHER) == []
    assert sorted((COUNTS | NEITHER) - names) == [], "no number has this name any more"
    assert {"size_bytes", "after_minutes", "countdown_seconds", "usage_percent", "limit_units"} <= names
