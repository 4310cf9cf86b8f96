"""What an operator reads about page problems is what the code says."""

from domain.pages.problems_page import table
from support.paths import DOCS

DELIVERY = DOCS / "delivery.md"


def test_the_committed_table_is_current() -> None:
    assert table() in DELIVERY.read_text()
