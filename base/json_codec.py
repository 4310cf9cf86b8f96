"""Domain values as JSON and back, by Pydantic."""

import functools
from typing import Any, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

T = TypeVar("T")


@functools.lru_cache(maxsize=256)
def adapter_of(wanted: Any) -> TypeAdapter[Any]:
    """What reads a type. Building it costs far more than reading a value."""
    return TypeAdapter(wanted)


def to_json_value(value: Any) -> Any:
    """The value as JSON's own kinds: mappings, lists, text, numbers, truth and nothing."""
    return to_jsonable_python(value)


def from_json_value(wanted: type[T], value: Any) -> T:
    """The value of that type which `to_json_value` made this of. Raises pydantic's ValidationError."""
    key: Any = (
        wanted  # a type has a hash, which mypy does not see: https://github.com/python/mypy/issues/20409
    )
    read: T = adapter_of(key).validate_python(value)
    return read
