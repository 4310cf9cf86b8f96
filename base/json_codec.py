"""Domain values as JSON and back, by Pydantic."""

import dataclasses
import functools
import types
from typing import Annotated, Any, TypeVar, get_args

from pydantic import Discriminator, TypeAdapter
from pydantic_core import to_jsonable_python

T = TypeVar("T")

_TAG = "action"


@functools.lru_cache(maxsize=256)
def adapter_of(wanted: Any) -> TypeAdapter[Any]:
    """What reads a type. Building it costs far more than reading a value.

    A union of dataclasses that all have an `action` is told apart by it. That cannot be left to the type's
    annotation: the engine's client reads signatures by `get_type_hints`, which drops what `Annotated` adds.
    """
    is_tagged = isinstance(wanted, types.UnionType) and all(map(_has_tag, get_args(wanted)))
    return TypeAdapter(Annotated[wanted, Discriminator(_TAG)] if is_tagged else wanted)


def _has_tag(member: Any) -> bool:
    return dataclasses.is_dataclass(member) and any(each.name == _TAG for each in dataclasses.fields(member))


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
