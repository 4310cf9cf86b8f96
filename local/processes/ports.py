"""Are the ports free, and if not, who has them."""

import asyncio
import shutil
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from local.processes.errors import PortTakenError
from local.processes.progress import Progress

# What dies after a `kill -9` gives its ports back within moments.
_TIMEOUT_SECONDS = 3.0
_POLL_SECONDS = 0.1
_LISTENING = "0A"


@dataclass(frozen=True)
class Port:
    """A port that a child will listen on, and the setting that moves it."""

    number: int
    setting: str
    host: str = "127.0.0.1"


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on now."""
    with socket.create_server((host, 0)) as listener:
        return int(listener.getsockname()[1])


def is_free(port: Port) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    try:
        socket.create_server((port.host, port.number), family=family).close()
    except OSError:
        return False
    return True


async def require_free(ports: Iterable[Port], progress: Progress) -> None:
    """Return when all are free; raise PortTakenError for the first that stays taken for three seconds."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + _TIMEOUT_SECONDS
    for port in ports:
        if is_free(port):
            continue
        progress.say(f"Port {port.number} is taken; waiting a moment for it …")
        while not is_free(port):
            if clock() > deadline:
                raise PortTakenError(
                    f"Port {port.number} on {port.host} is taken by {await holder(port.number)}.\n"
                    f"Stop that process, or choose another port: {port.setting}={free_port(port.host)}"
                )
            await asyncio.sleep(_POLL_SECONDS)


async def holder(number: int) -> str:
    """Who listens on a port, as `name (pid 123)`, as far as the system tells us."""
    found = _holder_from_proc(number) or await _holder_from_lsof(number)
    return found or "another process (of another user, perhaps)"


def _holder_from_proc(number: int) -> str | None:
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(number)}
    for descriptor in Path("/proc").glob("[0-9]*/fd/*") if sockets else ():
        try:
            if str(descriptor.readlink()) in sockets:
                process = descriptor.parent.parent
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:  # gone, or not ours to look at
            continue
    return None


def _listening_inodes(number: int) -> Iterable[str]:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == _LISTENING and int(columns[1].rpartition(":")[2], 16) == number:
                yield columns[9]


async def _holder_from_lsof(number: int) -> str | None:
    lsof = shutil.which("lsof")
    if lsof is None:
        return None
    process = await asyncio.create_subprocess_exec(
        *(lsof, "-nP", f"-iTCP:{number}", "-sTCP:LISTEN", "-Fpc"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await process.communicate()
    fields = {line[:1]: line[1:] for line in output.decode(errors="replace").splitlines()}
    return f"{fields['c']} (pid {fields['p']})" if {"c", "p"} <= fields.keys() else None
