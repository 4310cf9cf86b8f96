"""`docs/security.md` promises what tests hold, or says who must do it."""

import ast
import re
import tomllib

from support.paths import DOCS, ROOT

PAGE = DOCS / "security.md"
LAST_ROW = 52
REASON = re.compile(r'^\s*"[A-Z]+\d+",\s+# \w', re.MULTILINE)


def _rows() -> dict[int, str]:
    """The rows of the checklist by their numbers."""
    found = re.findall(r"^\| (\d+) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    rows = {int(number): row for number, row in found}
    assert len(rows) == len(found)
    return rows


def _tests() -> set[str]:
    """The name of every test of the repository."""
    return {
        node.name
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_row_names_a_test_that_exists_or_who_must_do_it() -> None:
    rows, tests = _rows(), _tests()
    assert list(rows) == list(range(1, LAST_ROW + 1))
    for number, row in rows.items():
        named = re.findall(r"`(test_\w+)`", row.rpartition(" | ")[2])
        assert named or re.search(r"\*(Operator|Maintainer)\b", row, re.IGNORECASE), number
        assert set(named) <= tests, (number, set(named) - tests)


def test_every_page_that_it_leads_to_is_there() -> None:
    for address in re.findall(r"\]\(([\w/.-]+)\)", PAGE.read_text()):
        assert (PAGE.parent / address).exists(), address


def test_every_package_is_locked_by_its_hash() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    packages = [each for each in lock["package"] if "registry" in each["source"]]
    assert len(packages) > 50
    for package in packages:
        assert package["source"]["registry"] == "https://pypi.org/simple", package["name"]
        files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())]
        assert files, package["name"]
        for file in files:
            assert file["hash"].startswith("sha256:"), file["url"]
            assert file["url"].startswith("https://files.pythonhosted.org/"), file["url"]


def test_the_linter_asks_for_everything_and_each_exception_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)
    ruff = project["tool"]["ruff"]["lint"]
    assert ruff["select"] == ["ALL"]
    assert project["tool"]["mypy"]["strict"] is True
    assert project["tool"]["pytest"]["ini_options"]["filterwarnings"][0] == "error"
    listed = text[text.index("ignore = [") : text.index("[tool.ruff.lint.pydocstyle]")]
    assert len(REASON.findall(listed)) == len(ruff["ignore"])
    assert not {rule for rule in ruff["ignore"] if rule.startswith("S")} - {"S104"}
