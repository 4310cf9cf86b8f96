"""Our own modules are passed through the workflow sandbox: it would load them anew for every run."""

import ast
from pathlib import Path

import pytest

from support.paths import ROOT

ROOMS = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
WORKFLOWS = [
    path for path in sorted((ROOT / "workflows").glob("*.py")) if "@workflow.defn" in path.read_text()
]


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
