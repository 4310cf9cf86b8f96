"""What the product writes into its tables it also reads, or the column says whom it is for.

A column counts as read where a module that works with its table, or that imports such a module, reads
something of its name. So one whose name is common there may be missed; what is reported is never read.
"""

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Mapper
from sqlmodel import SQLModel

import store.tables
from store.tables.columns import AUDIT, RESERVED
from support.paths import ROOT

ROOMS = ("activities", "api", "background", "dispatch", "domain", "ingest", "local", "store", "workflows")
IN_SQL_ALONE = {
    # Compared or kept in order by name, or by statements that are text.
    *("InboxEvent.digest", "SearchText.terms", "ContactWords.terms"),
    *("PageSendState.sends_next_at", "PageSendState.media_next_at", "PageSendState.reads_next_at"),
}


@dataclass(slots=True)
class _Module:
    """What a module imports, which tables it works with, and the names that it reads."""

    imports: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)

    def take(self, node: ast.AST) -> None:
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {each.name for each in node.names}
            self.imports |= {node.module, *(f"{node.module}.{name}" for name in names)}
            if node.module.startswith(store.tables.__name__):
                self.tables |= names
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            self.reads.add(node.attr)
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            self.reads.add(str(node.slice.value))
        elif isinstance(node, ast.ClassDef):  # what is shown is made of a row by its fields' names
            fields = [each.target for each in node.body if isinstance(each, ast.AnnAssign)]
            self.reads |= {each.id for each in fields if isinstance(each, ast.Name)}


def _modules() -> dict[str, _Module]:
    found: dict[str, _Module] = {}
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            place = file.relative_to(ROOT)
            if "migrations" in place.parts or Path("store", "tables") in place.parents:
                continue
            found[".".join(place.with_suffix("").parts)] = module = _Module()
            for node in ast.walk(ast.parse(file.read_text())):
                module.take(node)
    return found


def _unread(mapper: Mapper[object], modules: dict[str, _Module], users: dict[str, set[str]]) -> list[str]:
    name = mapper.class_.__name__
    works_with_it = {each for each, module in modules.items() if name in module.tables}
    near = works_with_it | {user for each in works_with_it for user in users[each]}
    reads = {read for each in near for read in modules[each].reads}
    keys = {column.key for column in mapper.primary_key}
    return [f"{name}.{column.key}" for column in mapper.columns if column.key not in reads | keys]


def _says_whom_it_is_for(column: str) -> bool:
    model, name = column.split(".")
    described = getattr(store.tables, model).model_fields[name].description or ""
    return described.startswith((AUDIT, RESERVED))


def test_every_column_is_read_or_says_whom_it_is_for() -> None:
    modules = _modules()
    users: dict[str, set[str]] = defaultdict(set)
    for name, module in modules.items():
        for imported in module.imports:
            users[imported].add(name)
    mappers = [each for each in SQLModel._sa_registry.mappers if each.class_.__module__.startswith("store.")]
    unread = {column for mapper in mappers for column in _unread(mapper, modules, users)}
    assert len(mappers) > 40
    assert unread >= IN_SQL_ALONE
    assert sorted(each for each in unread - IN_SQL_ALONE if not _says_whom_it_is_for(each)) == []
