"""The scanner hook: a command that reads a file on its standard input and says what it is by its exit code.

0: clean, 1: malicious, anything else: it could not tell. `clamdscan --no-summary -` is such a command.
"""

import asyncio
import contextlib
import shlex
from typing import IO

_SECONDS = 60.0
_CLEAN, _INFECTED = 0, 1


class ScannerError(Exception):
    """The scanner could not judge a file: not there, too slow, or an exit code of its own."""


async def is_infected(command: str, file: IO[bytes], *, seconds: float = _SECONDS) -> bool:
    """Have a file judged, from its beginning. Raises ScannerError."""
    file.seek(0)
    try:
        process = await asyncio.create_subprocess_exec(
            *shlex.split(command),
            stdin=file,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise ScannerError("cannot_start") from error
    try:
        async with asyncio.timeout(seconds):
            code = await process.wait()
    except TimeoutError as error:
        raise ScannerError("too_slow") from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            if process.returncode is None:
                process.kill()
                await process.wait()
    if code not in (_CLEAN, _INFECTED):
        raise ScannerError(f"exit_code_{code}")
    return code == _INFECTED
