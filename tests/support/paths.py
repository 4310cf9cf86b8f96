"""Where things of the repository are."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FIXTURES = ROOT / "tests" / "fixtures"
PAYLOADS = FIXTURES / "payloads"
