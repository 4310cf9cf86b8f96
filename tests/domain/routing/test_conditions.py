"""Conditions: a literal table of operators, the logic of groups, and what cannot be saved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.json_codec import from_json_value, to_json_value
from domain.routing.conditions import (
    Condition,
    ConditionError,
    FieldCatalogue,
    FieldType,
    Group,
    Needed,
    Operator,
    Value,
    Values,
    fields_of,
    holds,
    validate_conditions,
)

Op = Operator
FIELDS = FieldCatalogue(
    {"name": FieldType.TEXT, "timezone": FieldType.NUMBER, "skills": FieldType.SET},
    {"context.": FieldType.ANY},
)


def judged(name: str, operator: Operator, asked: object, held: object) -> bool:
    return holds(Group((Condition(name, operator, asked),)), {name: held}, FIELDS)  # type: ignore[arg-type,dict-item]


@pytest.mark.parametrize(
    ("name", "operator", "asked", "held", "expected"),
    [
        ("name", Op.EQUALS, "ana", "Ana", True),
        ("name", Op.EQUALS, "STRASSE", "Straße", True),
        ("name", Op.EQUALS, "caf\u00e9", "CAFE\u0301", True),
        ("name", Op.EQUALS, "ana", "anna", False),
        ("name", Op.NOT_EQUALS, "ana", "Ana", False),
        ("name", Op.NOT_EQUALS, "ana", None, True),
        ("name", Op.EQUALS, "ana", None, False),
        ("name", Op.IS_ONE_OF, ("ana", "bo"), "BO", True),
        ("name", Op.IS_ONE_OF, ("ana", "bo"), "b", False),
        ("name", Op.IS_NONE_OF, ("ana", "bo"), "b", True),
        ("name", Op.IS_NONE_OF, ("ana", "bo"), None, True),
        ("name", Op.CONTAINS, "RI", "Maria", True),
        ("name", Op.DOES_NOT_CONTAIN, "ri", "Maria", False),
        ("name", Op.BEGINS_WITH, "ma", "Maria", True),
        ("name", Op.BEGINS_WITH, "ia", "Maria", False),
        ("name", Op.ENDS_WITH, "IA", "Maria", True),
        ("name", Op.IS_KNOWN, None, "Maria", True),
        ("name", Op.IS_KNOWN, None, "", False),
        ("name", Op.IS_KNOWN, None, None, False),
        ("name", Op.IS_UNKNOWN, None, None, True),
        ("timezone", Op.EQUALS, 5.5, 5.5, True),
        ("timezone", Op.EQUALS, "5.50", 5.5, True),
        ("timezone", Op.GREATER_THAN, 5, 5, False),
        ("timezone", Op.AT_LEAST, 5, 5, True),
        ("timezone", Op.LESS_THAN, 0, -3, True),
        ("timezone", Op.AT_MOST, -3, -3.0, True),
        ("timezone", Op.AT_MOST, 5, None, False),
        ("timezone", Op.IS_ONE_OF, (1, 2), 2, True),
        ("timezone", Op.IS_KNOWN, None, 0, True),
        ("context.orders", Op.AT_LEAST, 3, "12", True),
        ("context.orders", Op.EQUALS, "12", "12.0", False),
        ("context.orders", Op.EQUALS, 12, "12.0", True),
        ("context.orders", Op.EQUALS, 12, "many", False),
        ("context.orders", Op.CONTAINS, "2", 12, True),
        ("skills", Op.CONTAINS, "s1", ("s1", "s2"), True),
        ("skills", Op.CONTAINS, "s", ("s1", "s2"), False),
        ("skills", Op.DOES_NOT_CONTAIN, "s1", (), True),
        ("skills", Op.IS_UNKNOWN, None, (), True),
    ],
)
def test_what_each_operator_says(
    name: str, operator: Operator, asked: object, held: object, expected: bool
) -> None:
    assert judged(name, operator, asked, held) is expected


@pytest.mark.parametrize(
    ("name", "operator", "asked", "held", "code"),
    [
        ("age", Op.EQUALS, 1, 1, "unknown_field"),
        ("context.", Op.EQUALS, 1, 1, "unknown_field"),
        ("name", Op.AT_LEAST, 1, "Ana", "operator_not_for_field"),
        ("skills", Op.EQUALS, "s1", ("s1",), "operator_not_for_field"),
        ("context.orders", Op.AT_LEAST, 3, "many", "not_a_number"),
        ("context.orders", Op.AT_LEAST, 3, "nan", "not_a_number"),
        ("context.orders", Op.AT_LEAST, 3, "1e999", "not_a_number"),
        ("context.orders", Op.AT_LEAST, True, 3, "not_a_number"),
        ("name", Op.IS_ONE_OF, "ana", "Ana", "wrong_value"),
        ("name", Op.CONTAINS, None, "Ana", "wrong_value"),
    ],
)
def test_what_cannot_be_judged_is_an_error_and_never_a_guess(
    name: str, operator: Operator, asked: object, held: object, code: str
) -> None:
    with pytest.raises(ConditionError) as raised:
        judged(name, operator, asked, held)
    assert raised.value.code == code
    assert str(raised.value) == code


TRUE, FALSE = Condition("name", Op.IS_UNKNOWN), Condition("name", Op.IS_KNOWN)
groups = st.recursive(
    st.sampled_from([TRUE, FALSE]),
    lambda inner: st.builds(Group, st.lists(inner, max_size=3).map(tuple), st.sampled_from(Needed)),
    max_leaves=8,
)


def plain(item: Condition | Group) -> bool:
    if isinstance(item, Condition):
        return item is TRUE or item == TRUE
    parts = [plain(each) for each in item.items]
    return all(parts) if item.needed is Needed.ALL else (not parts or any(parts))


@given(st.lists(groups, max_size=3), st.sampled_from(Needed))
def test_groups_are_all_and_any_and_an_empty_one_holds(
    items: list[Condition | Group], needed: Needed
) -> None:
    group = Group(tuple(items), needed)
    assert holds(group, {}, FIELDS) is plain(group)
    assert from_json_value(Group, to_json_value(group)) == group


texts = st.text(max_size=12)


@given(
    st.sampled_from([Op.EQUALS, Op.CONTAINS, Op.BEGINS_WITH, Op.ENDS_WITH]),
    texts.filter(bool),
    texts | st.none(),
)
def test_what_is_equal_begins_ends_and_contains(operator: Operator, asked: str, held: str | None) -> None:
    if judged("name", Op.EQUALS, asked, held):
        assert judged("name", operator, asked, held)
    if judged("name", operator, asked, held):
        assert judged("name", Op.CONTAINS, asked, held)


def test_fields_of_a_group_are_those_of_all_its_parts() -> None:
    inner = Group((Condition("context.vip", Op.IS_KNOWN),), Needed.ANY)
    assert fields_of(Group((TRUE, inner))) == {"name", "context.vip"}


def nested(depth: int) -> Group:
    group = Group((TRUE,))
    for _ in range(depth - 1):
        group = Group((group,))
    return group


@pytest.mark.parametrize(
    ("group", "wrong"),
    [
        (Group(), []),
        (Group((Condition("context.a b", Op.AT_LEAST, "3"),)), []),
        (nested(4), []),
        (nested(5), [("items", "too_deep")]),
        (Group((TRUE,) * 51), [("items", "too_many")]),
        (
            Group((Group((TRUE, Condition("age", Op.EQUALS, 1))),)),
            [("items.0.items.1.field", "unknown_field")],
        ),
        (Group((Condition("name", Op.AT_MOST, 1),)), [("items.0.operator", "operator_not_for_field")]),
        (Group((Condition("timezone", Op.EQUALS, "east"),)), [("items.0.value", "number_needed")]),
        (Group((Condition("timezone", Op.EQUALS),)), [("items.0.value", "number_needed")]),
        (Group((Condition("timezone", Op.IS_ONE_OF, (1, "x", "y")),)), [("items.0.value", "number_needed")]),
        (Group((Condition("name", Op.EQUALS),)), [("items.0.value", "text_needed")]),
        (Group((Condition("name", Op.EQUALS, ""),)), [("items.0.value", "wrong_length")]),
        (Group((Condition("name", Op.EQUALS, "x" * 1001),)), [("items.0.value", "wrong_length")]),
        (Group((Condition("name", Op.IS_ONE_OF, "a"),)), [("items.0.value", "list_needed")]),
        (Group((Condition("name", Op.IS_ONE_OF, ()),)), [("items.0.value", "list_needed")]),
        (Group((Condition("name", Op.EQUALS, ("a",)),)), [("items.0.value", "text_needed")]),
        (Group((Condition("name", Op.IS_KNOWN, "x"),)), [("items.0.value", "value_not_used")]),
    ],
)
def test_wrong_conditions_are_named_field_by_field(group: Group, wrong: list[tuple[str, str]]) -> None:
    assert [(each.path, each.code) for each in validate_conditions(group, FIELDS)] == wrong


def error_of(group: Group, values: Values) -> str | None:
    try:
        holds(group, values, FIELDS)
    except ConditionError as error:
        return error.code
    return None


values: st.SearchStrategy[Value | tuple[Value, ...] | None] = st.one_of(
    st.none(), texts, st.integers(-3, 3), st.floats(), st.lists(texts | st.integers(), max_size=3).map(tuple)
)


@given(
    st.sampled_from(["name", "timezone", "skills", "context.x", "age"]),
    st.sampled_from(Operator),
    values,
    texts | st.integers() | st.none(),
)
def test_what_may_be_saved_fails_at_most_by_a_context_variable_that_is_no_number(
    name: str, operator: Operator, asked: Value | tuple[Value, ...] | None, held: str | int | None
) -> None:
    group = Group((Condition(name, operator, asked),))
    if validate_conditions(group, FIELDS):
        return
    met: Value | tuple[str, ...] | None = {"timezone": 5.5, "skills": ("a",), "name": str(held)}.get(
        name, held
    )  # type: ignore[assignment]
    error = error_of(group, {name: met})
    assert error is None or (name, error) == ("context.x", "not_a_number")
