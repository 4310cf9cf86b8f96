"""What the pages name is there: links, files, settings, commands, targets, addresses."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from base.settings import Settings
from cli import app
from support.paths import DOCS, ROOT

PAGES = (
    *(
        ROOT / name
        for name in (
            "README.md",
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "tests/README.md",
            "sandbox/README.md",
            "api/security/introduction.md",
        )
    ),
    *sorted(DOCS.rglob("*.md")),
)
OF_TODAY = [page for page in PAGES if page.parent.name != "reports" and page.name != "CHANGELOG.md"]
"""Reports and releases tell of their own day: what they name may be gone since."""
MADE_BY_RUNNING = {"graph.jsonl", "meta.jsonl", "logs/"}
PLACES = (
    ROOT,
    ROOT / "sandbox" / "web",
    ROOT / "tests" / "fixtures" / "payloads",
    ROOT / "tests" / "support",
)

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FILE = re.compile(r"`([\w./-]+\.(?:md|py|toml|lock|json|jsonl|yaml|yml|service|conf|svg|js|html|css))`")
_FOLDER = re.compile(r"`((?:[\w-]+/)+)`")
_WALK = re.compile(r"^\| `([\w/]+\.py)` \| [^|]+ \| `(\w+)` \|$", re.MULTILINE)
_SETTING = re.compile(r"\bPAGEDESK_[A-Z_]*[A-Z]\b(?!_…)")
_COMMAND = re.compile(r"(?:`|bin/|^ {4,})pagedesk ([a-z][a-z-]*)((?: --[a-z-]+)*)", re.MULTILINE)
_TARGET = re.compile(r"(?:`| {4}|sudo )make ([a-z][a-z-]*)")
_ADDRESS = re.compile(r"(?:(GET|POST|PUT|PATCH|DELETE) )(/(?:v1|survey|webhooks|data-deletion)\b[\w/{}.-]*)")


def _named(pattern: re.Pattern[str], pages: list[Path]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What pages name, each with the page and the line where it stands."""
    for page in pages:
        text = page.read_text()
        for found in pattern.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            groups = tuple(group or "" for group in found.groups()) or (found[0],)
            yield f"{page.relative_to(ROOT)}:{line} {found[0].strip()}", groups


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for address in _LINK.findall(page.read_text()):
        if re.match(r"[a-z]+:", address):
            continue
        file, _, anchor = address.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), address
        assert not anchor or anchor in _anchors(there), address


def test_every_file_that_is_named_is_there() -> None:
    named = list(_named(_FILE, OF_TODAY))
    assert len(named) > 50
    missing = [
        where
        for where, (file,) in named
        if file not in MADE_BY_RUNNING and not _is_there(file, ROOT / where.partition(":")[0])
    ]
    assert missing == []


def _is_there(file: str, page: Path) -> bool:
    return any((base / file).exists() for base in (*PLACES, page.parent))


def test_every_folder_that_is_named_is_there() -> None:
    named = list(_named(_FOLDER, OF_TODAY))
    assert len(named) > 30
    missing = [
        where
        for where, (folder,) in named
        if folder not in MADE_BY_RUNNING and not _is_there(folder, ROOT / where.partition(":")[0])
    ]
    assert missing == []


def test_the_walk_through_one_message_names_what_its_files_hold() -> None:
    steps = list(_named(_WALK, [ROOT / "CONTRIBUTING.md"]))
    assert len(steps) > 30
    assert [
        where
        for where, (file, name) in steps
        if not re.search(rf"^\s*(?:async def|def|class) {name}\b", (ROOT / file).read_text(), re.MULTILINE)
    ] == []


def test_every_setting_that_is_named_is_one() -> None:
    settings = {f"PAGEDESK_{name.upper()}" for name in Settings.model_fields}
    for_tests = set(re.findall(r"PAGEDESK_\w+", (ROOT / "tests" / "conftest.py").read_text()))
    named = list(_named(_SETTING, OF_TODAY))
    assert len(named) > 50
    assert [where for where, (name,) in named if name not in settings | for_tests] == []


def test_every_command_that_is_named_is_one() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]  # it is a group
    options = {name: {each for p in command.params for each in p.opts} for name, command in commands.items()}
    named = list(_named(_COMMAND, OF_TODAY))
    assert {name for _, (name, _) in named} >= {"up", "demo", "travel", "backup", "restore", "migrate"}
    assert [
        where
        for where, (name, given) in named
        if name not in commands or not set(given.split()) <= options[name]
    ] == []


def test_every_target_that_is_named_is_one() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = list(_named(_TARGET, OF_TODAY))
    assert len(named) > 10
    assert [where for where, (target,) in named if target not in targets] == []


def test_every_address_that_is_named_is_one() -> None:
    paths = json.loads((DOCS / "openapi.json").read_text())["paths"]
    known = {(method.upper(), _shape(path)) for path, methods in paths.items() for method in methods}
    named = list(_named(_ADDRESS, OF_TODAY))
    assert len(named) > 30
    assert [where for where, (method, path) in named if (method, _shape(path)) not in known] == []


def _shape(path: str) -> str:
    """The path, whatever its variables are called."""
    return re.sub(r"\{\w+\}", "{}", path.rstrip("/."))


DECISIONS = sorted((DOCS / "adr").glob("[0-9]*.md"))


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name[:4])
def test_every_decision_has_a_title_a_status_and_its_row(page: Path) -> None:
    text = page.read_text()
    head = re.match(
        r"# (\d{4})\. (\S.*)\n\nStatus: (Accepted|Amended|Superseded), \d{4}-\d\d-\d\d\b([^#]*?)\n\n", text
    )
    assert head, "the page begins with its number, title and status with a date"
    number, title, status, rest = head.groups()
    assert page.name.startswith(number)
    assert status == "Accepted" or "Accepted, 2" in rest, "the status keeps the date of the decision"
    assert status != "Superseded" or re.search(r"\]\(\d{4}-[\w-]+\.md\)", rest), "by which page"
    index = (DOCS / "adr" / "README.md").read_text()
    assert f"| [{number}]({page.name}) | {title} | {status} |\n" in index


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(page.name[:4]) for page in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))
