"""How long a message waits for its next try."""

from datetime import timedelta

import pytest

from activities.send_outcomes import _wait_of
from workflows.messages import SendMessage


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 2), (1, 4), (7, 256), (8, 300), (60, 300), (100_000, 300)]
)
def test_the_wait_doubles_up_to_five_minutes_however_many_tries_there_were(tries: int, seconds: int) -> None:
    request = SendMessage("p", "c", "m", tag_on=False, tries=tries)
    assert _wait_of(request) == timedelta(seconds=seconds)
