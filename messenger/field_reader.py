"""Read the fields of one stored event: absent and null are the same, what has a wrong JSON type is left out.

Only what the event cannot do without makes it malformed. Errors and notes name the field and never its value,
which may be the customer's words.
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


class Fields(dict[str, Any]):
    """The fields of one object of an event, and what of the whole event could not be read.

    `left_out` holds names only, as "message.quick_reply". They are told and counted: what stands beside the
    customer's words may take any form tomorrow, and must never keep the words from being shown.
    """

    def __init__(self, values: Mapping[str, Any], left_out: list[str] | None = None, path: str = "") -> None:
        super().__init__(values)
        self.left_out = [] if left_out is None else left_out
        self._path = path

    def inner(self, name: str, value: Any) -> "Fields":
        """The fields of an object within this one; none, and left out, if it is no object."""
        values = value if isinstance(value, dict) else {}
        if value is not None and not isinstance(value, dict):
            self.leave_out(name)
        return Fields(values, self.left_out, f"{self._path}{name}.")

    def leave_out(self, name: str) -> None:
        """Note that something here has another type than Meta documents."""
        if (full := self._path + name) not in self.left_out:
            self.left_out.append(full)


def members(fields: Fields, name: str) -> Fields:
    """The object under a name, empty if absent or of another type."""
    return fields.inner(name, fields.get(name))


def items(fields: Fields, name: str) -> list[Any]:
    """The array under a name, empty if absent or of another type."""
    value = fields.get(name)
    if isinstance(value, list):
        return value
    if value is not None:
        fields.leave_out(name)
    return []


def text(fields: Fields, name: str) -> str | None:
    """The text under a name, None if absent or of another type. A number is taken as its text."""
    return _text(fields, name, fields.get(name))


def required_text(fields: Fields, name: str) -> str:
    """The text under a name, without which the event says nothing: else it is malformed."""
    value = text(fields, name)
    if not value:
        raise MalformedEvent(f"{name}: missing")
    return value


def texts(fields: Fields, name: str) -> tuple[str, ...]:
    """The texts in the array under a name."""
    return tuple(found for each in items(fields, name) if (found := _text(fields, name, each)))


def objects(fields: Fields, name: str) -> list[Fields]:
    """The objects in the array under a name; what is no object is left out."""
    return [fields.inner(name, each) for each in items(fields, name) if _is_object(fields, name, each)]


def _is_object(fields: Fields, name: str, value: Any) -> bool:
    if not isinstance(value, dict):
        fields.leave_out(name)
    return isinstance(value, dict)


def _text(fields: Fields, name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    fields.leave_out(name)
    return None
