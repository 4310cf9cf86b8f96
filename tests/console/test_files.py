"""How much of the console a browser loads before somebody can work in it."""

import gzip
import re
from pathlib import Path

_DIST = Path(__file__).parents[2] / "console" / "dist"
_ADDRESS = re.compile(r'(?:src|href)="/console/(assets/[^"]+)"')
_KILOBYTE = 1000


def _kilobytes(path: Path) -> float:
    return len(gzip.compress(path.read_bytes())) / _KILOBYTE


def _first() -> dict[str, float]:
    """The files that the page itself names, compressed."""
    found = _ADDRESS.findall((_DIST / "index.html").read_text())
    return {name: _kilobytes(_DIST / name) for name in found}


def test_c51_an_agent_loads_at_most_300_kilobytes_and_no_file_of_them_is_large() -> None:
    first = _first()
    scripts = {name: size for name, size in first.items() if name.endswith(".js")}
    texts = max(_kilobytes(path) for path in _DIST.glob("assets/??-*.js"))
    assert sum(scripts.values()) + texts <= 300
    assert max(scripts.values()) <= 200
    assert sum(size for name, size in first.items() if name.endswith(".css")) <= 25


def test_c51_what_few_people_see_is_loaded_when_they_open_it() -> None:
    later = {path.name for path in _DIST.glob("assets/*.js")} - {Path(name).name for name in _first()}
    pages = {name.split("-page-")[0] for name in later if "-page-" in name}
    assert {"timeline", "admin"} <= pages
