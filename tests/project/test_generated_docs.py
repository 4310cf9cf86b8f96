"""Every generated page is the one that its rules make."""

import pytest

from scripts.docs.pages import DOCS, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_the_committed_page_is_the_generated_one(name: str) -> None:
    assert (DOCS / name).read_text() == PAGES[name](), "run: make docs"
