"""Every item of the webhook part of the catalogue of bad input has its test."""

import re
from pathlib import Path

LATER = {16}
"""A secret under rotation: tested with that feature."""


def test_every_item_is_the_id_of_a_test() -> None:
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_bad_*.py"))
    ids = re.findall(r'id=f?"W(\d\d)', sources)
    assert {int(number) for number in ids} == set(range(1, 57)) - LATER
