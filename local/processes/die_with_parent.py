"""Runs a program that dies with its parent, however that dies: `python leash.py PARENT_PID PROGRAM ARG…`.

On Linux the kernel is asked to kill it, and the leash becomes the program. Elsewhere the leash stays, watches
the parent and passes signals on. It runs alone, with nothing of ours on its path.
"""

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_WATCH_SECONDS = 0.3


def leashed(argv: list[str]) -> list[str]:
    """The command that runs `argv` on a leash held by this process. Start it from the main thread.

    The kernel watches the thread that starts the child, not the whole process.
    """
    return [sys.executable, "-I", "-S", str(Path(__file__).resolve()), str(os.getpid()), *argv]


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies. Linux only."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it died before the request
        os.kill(os.getpid(), signal.SIGKILL)


def watch(parent: int, argv: list[str]) -> int:
    """Run the program as a child and kill it when `parent` is gone; its exit status."""
    child = subprocess.Popen(argv)  # noqa: S603 - the supervisor's own command
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: child.send_signal(number))
    while True:
        try:
            status = child.wait(timeout=_WATCH_SECONDS)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                child.kill()
        else:
            return status if status >= 0 else 128 - status


def _main() -> None:
    parent, argv = int(sys.argv[1]), sys.argv[2:]
    try:
        if sys.platform != "linux":
            sys.exit(watch(parent, argv))
        die_with_parent(parent)
        os.execvp(argv[0], argv)  # noqa: S606 - the supervisor's own command
    except OSError as error:
        sys.exit(f"{argv[0]}: {error}")


if __name__ == "__main__":
    _main()
