"""What a connection's transport does once its peer is gone."""

import asyncio
from unittest.mock import Mock

import pytest

from base.http.protocol import _Transport


@pytest.mark.parametrize("gone", [False, True])
def test_nothing_is_written_to_a_connection_that_is_gone(*, gone: bool) -> None:
    inner = Mock(spec=asyncio.Transport)
    inner.is_closing.return_value = gone
    _Transport(inner, Mock()).write(b"an answer")
    assert inner.write.called is not gone
