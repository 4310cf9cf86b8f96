"""Our own modules are passed through the workflow sandbox: it would load them anew for every run."""

import ast
import importlib
from pathlib import Path

import pytest

from support.paths import ROOT

ROOMS = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
WORKFLOWS = [
    path for path in sorted((ROOT / "workflows").glob("*.py")) if "@workflow.defn" in path.read_text()
]
# What can tell one run from another (clocks, randomness, the machine) is not among them; `datetime.now` is
# banned by ruff.
ALLOWED = {
    "asyncio", "collections.abc", "dataclasses", "datetime", "enum", "functools", "hashlib", "itertools",
    "json", "re", "types", "typing", "unicodedata", "urllib.parse", "uuid", "zoneinfo",
}  # fmt: skip


def test_there_are_workflows_to_look_at() -> None:
    assert {"domain", "workflows"} <= ROOMS
    assert len(WORKFLOWS) >= 5


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_imports_our_modules_passed_through(path: Path) -> None:
    outside = [
        node.module
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in ROOMS
    ]
    assert outside == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_module_keeps_nothing_that_its_runs_would_share(path: Path) -> None:
    """Outside the workflow sandbox (ADR 0027) all runs of a worker have the one module."""
    module = importlib.import_module(f"workflows.{path.stem}")
    kept = {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("__") and isinstance(value, dict | list | set | bytearray)
    }
    assert kept == {}
    assert not any(isinstance(node, ast.Global) for node in ast.walk(ast.parse(path.read_text())))


@pytest.mark.parametrize("room", ["domain", "workflows"])
def test_what_workflows_run_imports_nothing_that_differs_from_run_to_run(room: str) -> None:
    found: set[str] = set()
    for path in (ROOT / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {each.name for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module or "")
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "uuid":
                assert node.attr in {"UUID", "uuid5"}, path
    elsewhere = {name for name in found if name.partition(".")[0] not in ROOMS | {"temporalio"}}
    assert len(elsewhere) > 5
    assert elsewhere - ALLOWED == set()
