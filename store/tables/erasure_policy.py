"""What becomes of a column when a person is erased, said by the type of each column.

Who adds a column decides here, and has `store.privacy.delete_customer` do it. A column that says nothing
fails a test.
"""

from enum import StrEnum
from typing import Annotated, TypeVar

from sqlmodel import SQLModel


class ErasurePolicy(StrEnum):
    """What an erasure does with a column."""

    DELETED = "the row is deleted with its customer"
    EMPTIED = "the row stays and the value is emptied"
    HARMLESS = "it tells nothing about a person, or nothing without what is deleted"


_T = TypeVar("_T")

Deleted = Annotated[_T, ErasurePolicy.DELETED]
Emptied = Annotated[_T, ErasurePolicy.EMPTIED]
Harmless = Annotated[_T, ErasurePolicy.HARMLESS]


def erasure_policies(model: type[SQLModel]) -> dict[str, ErasurePolicy]:
    """The policy of each column of a table that has one."""
    return {
        name: policy
        for name, field in model.model_fields.items()
        for policy in field.metadata
        if isinstance(policy, ErasurePolicy)
    }
