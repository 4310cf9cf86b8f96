"""Every generated page is the one that its rules make."""

import pytest

from domain.routing.capacity import Origin
from domain.routing.eligibility import ParkReason
from domain.routing.route_to_queue import RouteReason
from scripts.docs import work_distribution
from scripts.docs.pages import DOCS, PAGES

BY_AN_AGENT = {Origin.NEXT, Origin.PICK, Origin.REOPEN, Origin.START}
"""These conversations are the agent's at once: nothing is offered."""


@pytest.mark.parametrize("name", PAGES)
def test_the_committed_page_is_the_generated_one(name: str) -> None:
    assert (DOCS / name).read_text() == PAGES[name](), "run: make docs"


def test_every_reason_of_work_distribution_is_explained() -> None:
    assert set(work_distribution.REASONS) == set(RouteReason)
    assert set(work_distribution.PARKED) == set(ParkReason)
    assert set(work_distribution.ORIGINS) == set(Origin) - BY_AN_AGENT
