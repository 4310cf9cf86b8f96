"""Each runtime dependency is used by the product, and each by somebody who says so."""

import ast
import json
import re
import tomllib
from importlib.metadata import packages_distributions

from support.paths import ROOT

# What a library of ours looks for by itself (pyproject.toml says which), and what is there for its files.
NOT_IMPORTED = {"python-multipart", "sniffio", "fastapi-offline"}


def _declared() -> tuple[set[str], list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    names = {re.split(r"[\[<>=]", each)[0] for each in project["project"]["dependencies"]}
    return names, project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]


def _imported(rooms: list[str]) -> set[str]:
    """The top-level modules that the shipped code imports."""
    files = [
        file for room in rooms for file in ((ROOT / room).rglob("*.py") if "." not in room else [ROOT / room])
    ]
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found


def test_no_dependency_is_left_that_nothing_imports() -> None:
    declared, rooms = _declared()
    distributions = packages_distributions()
    used = {
        name.lower().replace("_", "-")
        for module in _imported(rooms)
        for name in distributions.get(module, ())
    }
    assert declared - used <= NOT_IMPORTED


def test_the_console_s_lock_file_names_no_registry() -> None:
    lock = json.loads((ROOT / "console" / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert all("integrity" in package for name, package in lock["packages"].items() if name)
