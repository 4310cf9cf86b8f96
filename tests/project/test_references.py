"""Documents, files and decisions that code cites exist; numbers that tests carry are explained."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from messenger.graph.error_table import MEANINGS
from support.paths import DOCS, ROOT

REFERENCE = DOCS / "reference"
ROOMS = (
    *("activities", "api", "background", "base", "bench", "domain", "ingest", "local", "messenger"),
    *("sandbox", "scripts", "store", "workflows", "worker", "cli"),
)
NOT_CODE = {"docs", "build", "dist"}
WRITTEN_IN = {".py", ".toml", ".sh", ".html", ".js", ".conf", ".service"}
_DOCUMENT = re.compile(r"(?<![\w/.])(docs/[\w/.-]*\w)|(?<![\w/.*{-])([\w/-]+\.md)\b")
_CODE = re.compile(r"`((?:[\w-]+/)*[\w-]+\.(?:py|toml))`")
_MODULE = re.compile(rf"`((?:{'|'.join(ROOMS)})(?:\.(?!py\b)\w+)+)`")
_DECISION = re.compile(r"\bADR (\d{4})\b")
_NUMBER = re.compile(r"\b(?:[WPF]\d{2,3}|A[5-8]\d)\b")
_IN_NAME = re.compile(r"\btest(?:_to)?((?:_(?:to_)?f\d{2,3})+)_")
_ROW = re.compile(r"^\| ([WPFA]\d{2,3}) \| \S", re.MULTILINE)


def _sources() -> Iterator[tuple[Path, str]]:
    """Each file of code, with its text."""
    rooms = [each for each in ROOT.iterdir() if each.name not in NOT_CODE and not each.name.startswith(".")]
    for room in rooms:
        for file in room.rglob("*") if room.is_dir() else [room]:
            if (file.suffix in WRITTEN_IN or file.name == "Makefile") and file != Path(__file__):
                yield file, file.read_text()


def _missing(pattern: re.Pattern[str], found_at: int) -> list[str]:
    """What the pattern finds and is not there; at least `found_at` finds, or the pattern is wrong."""
    finds, missing = 0, []
    for file, text in _sources():
        for match in pattern.finditer(text):
            finds += 1
            path = next(group for group in match.groups() if group)
            if not any((base / path).exists() for base in (ROOT, file.parent, DOCS)):
                missing.append(f"{file.relative_to(ROOT)}: {path}")
    assert finds >= found_at
    return missing


def test_every_document_that_code_cites_exists() -> None:
    assert _missing(_DOCUMENT, 80) == []


def test_sources_are_cited_by_page_or_address_and_not_by_title() -> None:
    by_title = re.compile(
        r"(?:Messenger Platform|Graph API|Dynamics 365),? \"|[Ss]ervice behaviour \d|[Bb]ad inputs? [WAPF]\d"
    )
    assert [file for file, text in _sources() if by_title.search(text)] == []


def test_every_file_of_code_that_code_names_exists() -> None:
    assert _missing(_CODE, 10) == []


def _texts() -> Iterator[tuple[Path, str]]:
    """Code and documents."""
    yield from _sources()
    for page in (*DOCS.rglob("*.md"), *ROOT.glob("*.md"), ROOT / "tests" / "README.md"):
        yield page, page.read_text()


def _is_defined(name: str) -> bool:
    """Whether a dotted name is that of a module, or of something that stands in one."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:count])
        for module in (path.with_suffix(".py"), path / "__init__.py"):
            if module.is_file():
                text = module.read_text()
                return all(re.search(rf"\b{part}\b", text) for part in parts[count:])
    return False


def test_every_module_and_name_that_is_named_exists() -> None:
    named = [(file, name) for file, text in _texts() for name in _MODULE.findall(text)]
    assert len(named) > 30
    assert [(file, name) for file, name in named if not _is_defined(name)] == []


def test_every_decision_that_is_cited_exists() -> None:
    there = {page.name[:4] for page in (DOCS / "adr").glob("[0-9]*.md")}
    cited = [(file, number) for file, text in _texts() for number in _DECISION.findall(text)]
    assert len(cited) > 10
    assert [(file, number) for file, number in cited if number not in there] == []


@pytest.mark.parametrize(
    ("page", "kinds"),
    [("bad-input.md", r"[WPA]\d\d|F1\d\d"), ("reliability.md", r"F\d\d")],
)
def test_the_numbers_that_tests_carry_are_those_of_the_list(page: str, kinds: str) -> None:
    """In ids of parameters, in names of tests, and in first lines of files."""
    carried = set()
    for file, text in _sources():
        if (ROOT / "tests") in file.parents:
            named = "".join(_IN_NAME.findall(text)).upper().replace("_TO", "")
            carried |= {*_NUMBER.findall(text), *re.findall(r"F\d+", named)}
    listed = set(_ROW.findall((REFERENCE / page).read_text()))
    assert listed == {number for number in carried if re.fullmatch(kinds, number)}


def test_the_page_of_errors_sorts_the_codes_as_the_code_does() -> None:
    page = (REFERENCE / "messenger-send-and-errors.md").read_text()
    rows = re.findall(r"^\| [^|]+ \| `(\w+)` \| (\d[^|.]*)", page, re.MULTILINE)
    shown = {(code.strip(), kind) for kind, codes in rows for code in codes.split(";") if code.strip()}
    table = {
        (str(code) if subcode is None else f"{code}/{subcode}", meaning.kind.value)
        for (code, subcode), meaning in MEANINGS.items()
    }
    assert shown == table


@pytest.mark.parametrize("page", sorted(REFERENCE.glob("*.md")), ids=lambda page: page.name)
def test_each_page_of_the_reference_is_listed_and_cited(page: Path) -> None:
    index = (REFERENCE / "README.md").read_text()
    if page.name == "README.md":
        assert "docs/reference" in (ROOT / "README.md").read_text()
        return
    assert f"]({page.name})" in index
    assert any(f"docs/reference/{page.name}" in text for _, text in _sources())
