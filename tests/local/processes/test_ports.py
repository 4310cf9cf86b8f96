import asyncio
import os
import socket
from typing import Protocol

import pytest

from local.processes.errors import PortTakenError
from local.processes.ports import Port, free_port, is_free, require_free
from local.processes.progress import Progress
from support.eventually import eventually


class Transcript(Protocol):
    progress: Progress

    @property
    def text(self) -> str: ...


async def test_free_ports_pass_without_a_word(transcript: Transcript) -> None:
    await require_free([Port(free_port(), "PAGEDESK_PORT")], transcript.progress)
    assert transcript.text == ""


async def test_a_taken_port_is_refused_by_holder_and_setting(
    transcript: Transcript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.processes.ports._TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
        with pytest.raises(PortTakenError) as refusal:
            await require_free([Port(number, "PAGEDESK_TEMPORAL_PORT")], transcript.progress)
    message = str(refusal.value)
    assert f"Port {number} on 127.0.0.1 is taken by" in message
    assert f"(pid {os.getpid()})" in message
    assert "PAGEDESK_TEMPORAL_PORT=" in message


async def test_a_port_given_back_in_time_is_waited_for(transcript: Transcript) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = Port(listener.getsockname()[1], "PAGEDESK_PORT")
        waiting = asyncio.create_task(require_free([port], transcript.progress))
        await eventually(lambda: asyncio.to_thread(lambda: transcript.text))
    await waiting
    assert is_free(port)


def test_a_connection_that_has_just_ended_does_not_hold_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = Port(listener.getsockname()[1], "PAGEDESK_PORT")
        with socket.create_connection(("127.0.0.1", port.number)):
            listener.accept()[0].close()
    assert is_free(port)
