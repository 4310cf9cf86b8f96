"""Rows for statements that skip the unit of work have the model's columns and defaults."""

import pytest
from sqlmodel import SQLModel

import store.tables
from store.db.sql import row_of, table_of
from store.tables import Message

MODELS = [each for name in store.tables.__all__ if isinstance(each := getattr(store.tables, name), type)]


@pytest.mark.parametrize("model", MODELS)
def test_a_row_is_what_the_model_would_be(model: type[SQLModel]) -> None:
    given = {name: name for name, field in model.model_fields.items() if field.is_required()}
    row = row_of(model, **given)
    assert list(row) == [column.name for column in table_of(model).columns]
    assert row == {name: getattr(model(**given), name) for name in row}


def test_rows_share_no_list() -> None:
    given = {name: name for name, field in Message.model_fields.items() if field.is_required()}
    row_of(Message, **given)["edits"].append({"text": "before"})
    assert row_of(Message, **given)["edits"] == []


def test_a_column_that_is_unknown_or_lacking_is_refused() -> None:
    given = {name: name for name, field in Message.model_fields.items() if field.is_required()}
    with pytest.raises(TypeError, match=r"^Message has no colour\.$"):
        row_of(Message, **given, colour="red")
    del given["direction"]
    with pytest.raises(TypeError, match=r"^Message needs direction\.$"):
        row_of(Message, **given)
