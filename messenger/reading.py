"""Read the fields of one stored event: absent and null are the same, a wrong JSON type is malformed.

Errors name the field and never its value, which may be the customer's words.
"""

import re
from collections.abc import Mapping
from typing import Any

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


class MalformedEvent(Exception):  # noqa: N818  # it is the event that is malformed, the word of the field
    """The event does not have the form of its kind. Its raw copy is kept; somebody should look at it."""


def storable(value: Any) -> Any:
    """The same JSON with NUL and lone surrogates, which databases and protobuf refuse, as U+FFFD."""
    if isinstance(value, str):
        return _NOT_STORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {storable(key): storable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [storable(each) for each in value]
    return value


def members(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object under a name, empty if absent."""
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedEvent(f"{name}: not an object")
    return value


def items(fields: Mapping[str, Any], name: str) -> list[Any]:
    """The array under a name, empty if absent."""
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedEvent(f"{name}: not an array")
    return value


def text(fields: Mapping[str, Any], name: str) -> str | None:
    """The text under a name, None if absent. A number is taken as its text."""
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise MalformedEvent(f"{name}: not a text")


def needed_text(fields: Mapping[str, Any], name: str) -> str:
    """The text under a name; absent or empty is malformed."""
    value = text(fields, name)
    if not value:
        raise MalformedEvent(f"{name}: missing")
    return value


def texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The texts in the array under a name."""
    return tuple(needed_text({name: each}, name) for each in items(fields, name))


def objects(fields: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects in the array under a name."""
    return [members({name: each}, name) for each in items(fields, name)]
