"""What an operator reads about page problems is what the code says."""

from pathlib import Path

from domain.page_problems_page import table

DELIVERY = Path(__file__).parent.parent.parent / "docs" / "delivery.md"


def test_the_committed_table_is_current() -> None:
    assert table() in DELIVERY.read_text()
