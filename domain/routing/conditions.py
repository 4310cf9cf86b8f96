"""Conditions as data: `(field, operator, value)`, in groups of which all or any have to hold.

Source: docs/reference/work-distribution.md, "Rules".

Texts are compared without regard to case. A condition on a field that has no value does not hold; the
operators that deny hold then, for each is the opposite of the one it denies. There are no regular
expressions: nobody can write a condition that takes long.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.routing.field_errors import FieldError, too_many, under

MAX_DEPTH = 4
MAX_CONDITIONS = 50
MAX_VALUES = 100
MAX_VALUE_LENGTH = 1000

Value = str | int | float
Values = Mapping[str, Value | tuple[str, ...] | None]
"""What is known, by field: a text, a number, a set of ids, or nothing."""


class FieldType(StrEnum):
    """What a field holds. ANY is a context variable: a text or a number."""

    TEXT = "text"
    NUMBER = "number"
    ANY = "any"
    SET = "set"


class Operator(StrEnum):
    """How a field is compared with the value of a condition."""

    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    IS_ONE_OF = "is_one_of"
    IS_NONE_OF = "is_none_of"
    CONTAINS = "contains"
    DOES_NOT_CONTAIN = "does_not_contain"
    BEGINS_WITH = "begins_with"
    ENDS_WITH = "ends_with"
    GREATER_THAN = "greater_than"
    AT_LEAST = "at_least"
    LESS_THAN = "less_than"
    AT_MOST = "at_most"
    IS_KNOWN = "is_known"
    IS_UNKNOWN = "is_unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. `value`: a list for IS_ONE_OF and IS_NONE_OF, nothing for IS_KNOWN and IS_UNKNOWN."""

    field: str
    operator: Operator
    value: Value | tuple[Value, ...] | None = None


class Needed(StrEnum):
    """How many of a group have to hold."""

    ALL = "all"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions and groups together. An empty group holds always."""

    items: "tuple[Condition | Group, ...]" = ()
    needed: Needed = Needed.ALL


ALWAYS = Group()


@dataclass(frozen=True, slots=True)
class FieldCatalogue:
    """The fields that conditions may name: by their names, and by what a name begins with."""

    types: Mapping[str, FieldType]
    prefixes: Mapping[str, FieldType] = field(default_factory=dict)

    def type_of(self, name: str) -> FieldType | None:
        """The type of a field; None where there is no such field."""
        if name in self.types:
            return self.types[name]
        return next(
            (kind for prefix, kind in self.prefixes.items() if name.startswith(prefix) and name != prefix),
            None,
        )


class ConditionError(Exception):
    """A condition cannot be judged. `code` is stable; there are no values in it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def holds(group: Group, values: Values, catalogue: FieldCatalogue) -> bool:
    """Whether a group holds.

    Raises ConditionError: `unknown_field`, `operator_not_for_field`, `not_a_number`, `wrong_value`.
    """
    results = (
        holds(each, values, catalogue)
        if isinstance(each, Group)
        else _condition_holds(each, values, catalogue)
        for each in group.items
    )
    return all(results) if group.needed is Needed.ALL or not group.items else any(results)


def fields_of(group: Group) -> frozenset[str]:
    """The fields that a group reads."""
    return frozenset(each.field for _, each in _conditions(group))


_DENIES = {
    Operator.NOT_EQUALS: Operator.EQUALS,
    Operator.IS_NONE_OF: Operator.IS_ONE_OF,
    Operator.DOES_NOT_CONTAIN: Operator.CONTAINS,
    Operator.IS_UNKNOWN: Operator.IS_KNOWN,
}
_TEXT_TESTS: dict[Operator, Callable[[str, str], bool]] = {
    Operator.CONTAINS: lambda held, asked: asked in held,
    Operator.BEGINS_WITH: lambda held, asked: held.startswith(asked),
    Operator.ENDS_WITH: lambda held, asked: held.endswith(asked),
}
_NUMBER_TESTS: dict[Operator, Callable[[float, float], bool]] = {
    Operator.GREATER_THAN: lambda held, asked: held > asked,
    Operator.AT_LEAST: lambda held, asked: held >= asked,
    Operator.LESS_THAN: lambda held, asked: held < asked,
    Operator.AT_MOST: lambda held, asked: held <= asked,
}
_KNOWING = frozenset({Operator.IS_KNOWN, Operator.IS_UNKNOWN})
_EQUALITY = frozenset({Operator.EQUALS, Operator.NOT_EQUALS})
_LISTS = frozenset({Operator.IS_ONE_OF, Operator.IS_NONE_OF})
_CONTAINING = frozenset({Operator.CONTAINS, Operator.DOES_NOT_CONTAIN})
_FOR_TYPE: dict[FieldType, frozenset[Operator]] = {
    FieldType.TEXT: _KNOWING | _EQUALITY | _LISTS | _CONTAINING | _TEXT_TESTS.keys(),
    FieldType.NUMBER: _KNOWING | _EQUALITY | _LISTS | _NUMBER_TESTS.keys(),
    FieldType.ANY: frozenset(Operator),
    FieldType.SET: _KNOWING | _CONTAINING,
}


def _condition_holds(condition: Condition, values: Values, catalogue: FieldCatalogue) -> bool:
    kind = catalogue.type_of(condition.field)
    if kind is None:
        raise ConditionError("unknown_field")
    if condition.operator not in _FOR_TYPE[kind]:
        raise ConditionError("operator_not_for_field")
    if condition.operator in _DENIES:
        return not _positive(_DENIES[condition.operator], condition.value, values.get(condition.field))
    return _positive(condition.operator, condition.value, values.get(condition.field))


def _positive(operator: Operator, asked: object, held: Value | tuple[str, ...] | None) -> bool:
    if held is None or held in ("", ()):
        return False
    if operator is Operator.IS_KNOWN:
        return True
    if isinstance(held, tuple):
        return asked in held
    return _compare(operator, held, asked)


def _compare(operator: Operator, held: Value, asked: object) -> bool:
    if operator in _NUMBER_TESTS:
        return _NUMBER_TESTS[operator](_number(held), _number(asked))
    if operator in _TEXT_TESTS:
        return _TEXT_TESTS[operator](_text(held), _text(asked))
    if operator is Operator.EQUALS:
        return _equal(held, asked)
    if not isinstance(asked, tuple):
        raise ConditionError("wrong_value")
    return any(_equal(held, each) for each in asked)


def _equal(held: Value, asked: object) -> bool:
    if isinstance(held, str) and isinstance(asked, str):
        return _text(held) == _text(asked)
    try:
        return _number(held) == _number(asked)
    except ConditionError:
        return False


def _number(value: object) -> float:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise ConditionError("not_a_number") from None
        if number == number and abs(number) != float("inf"):  # noqa: PLR0124  # NaN is not itself
            return number
    raise ConditionError("not_a_number")


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ConditionError("wrong_value")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(value)).casefold())


def _conditions(group: Group, path: str = "items") -> Iterator[tuple[str, Condition]]:
    for place, each in enumerate(group.items):
        if isinstance(each, Group):
            yield from _conditions(each, f"{path}.{place}.items")
        else:
            yield f"{path}.{place}", each


def _depth(group: Group) -> int:
    return 1 + max((_depth(each) for each in group.items if isinstance(each, Group)), default=0)


def validate_conditions(group: Group, catalogue: FieldCatalogue) -> list[FieldError]:
    """What is wrong with conditions that are to be saved. What passes can only fail by a value it meets."""
    if _depth(group) > MAX_DEPTH:
        return [FieldError("items", "too_deep", f"Groups lie at most {MAX_DEPTH} deep.")]
    conditions = list(_conditions(group))
    errors = too_many("items", len(conditions), MAX_CONDITIONS)
    for path, each in conditions:
        errors += under(path, _validate_condition(each, catalogue))
    return errors


def _validate_condition(condition: Condition, catalogue: FieldCatalogue) -> list[FieldError]:
    kind = catalogue.type_of(condition.field)
    if kind is None:
        known = ", ".join([*catalogue.types, *(f"{prefix}…" for prefix in catalogue.prefixes)])
        return [FieldError("field", "unknown_field", f"There is no such field. Known: {known}.")]
    if condition.operator not in _FOR_TYPE[kind]:
        possible = ", ".join(sorted(_FOR_TYPE[kind]))
        message = f"A field that holds {_HOLDS[kind]} can be compared by: {possible}."
        return [FieldError("operator", "operator_not_for_field", message)]
    return _validate_value(condition, kind)


_HOLDS = {
    FieldType.TEXT: "a text",
    FieldType.NUMBER: "a number",
    FieldType.ANY: "a text or a number",
    FieldType.SET: "several ids",
}


def _validate_value(condition: Condition, kind: FieldType) -> list[FieldError]:
    operator, value = condition.operator, condition.value
    if operator in _KNOWING:
        return (
            [] if value is None else [FieldError("value", "value_not_used", "This operator takes no value.")]
        )
    if operator in _LISTS:
        if not isinstance(value, tuple) or not 0 < len(value) <= MAX_VALUES:
            message = f"Has to be a list of 1 to {MAX_VALUES} values."
            return [FieldError("value", "list_needed", message)]
        return [error for each in value for error in _validate_single(operator, kind, each)][:1]
    return _validate_single(operator, kind, value)


def _validate_single(operator: Operator, kind: FieldType, value: object) -> list[FieldError]:
    if kind is FieldType.NUMBER or operator in _NUMBER_TESTS:
        try:
            _number(value)
        except ConditionError:
            return [FieldError("value", "number_needed", "Has to be a number.")]
        return []
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return [FieldError("value", "text_needed", "Has to be a text or a number.")]
    if not 0 < len(str(value)) <= MAX_VALUE_LENGTH:
        message = f"Has to have 1 to {MAX_VALUE_LENGTH} characters."
        return [FieldError("value", "wrong_length", message)]
    return []
