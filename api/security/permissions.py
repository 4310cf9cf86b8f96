"""Who may do what: each feature has a table with a row per operation.

An operation without a row is refused to everybody.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from domain.access.roles import Role


class Public(Enum):
    """The permission of an operation that needs no token."""

    PUBLIC = "public"


PUBLIC = Public.PUBLIC

Permission = frozenset[Role] | Public


class Permissions:
    """The tables of all features as one. Meta's webhook and the public pages are no operations."""

    def __init__(self, tables: Iterable[Mapping[str, Permission]]) -> None:
        self._rows: dict[str, Permission] = {}
        for table in tables:
            if twice := self._rows.keys() & table.keys():
                raise ValueError(f"Two features have a row for {', '.join(sorted(twice))}.")
            self._rows.update(table)

    @property
    def operations(self) -> frozenset[str]:
        """The operations that have a row."""
        return frozenset(self._rows)

    def is_public(self, operation: str) -> bool:
        """Whether it needs no token."""
        return self._rows.get(operation) is PUBLIC

    def roles(self, operation: str) -> frozenset[Role]:
        """Who may call it, having shown a token; nobody without a row."""
        row = self._rows.get(operation)
        return row if isinstance(row, frozenset) else frozenset()


async def _permissions(request: Request) -> Permissions:
    permissions: Permissions = request.app.state.permissions
    return permissions


PermissionsDep = Annotated[Permissions, Depends(_permissions)]
