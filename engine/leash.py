"""Runs a program that dies with its parent, however that dies: `leash.py PARENT NICENESS PROGRAM ARG…`.

On Linux the kernel is asked to kill it, and the leash becomes the program. Elsewhere the leash stays, watches
the parent and passes signals on. It runs alone, with nothing of ours on its path.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_WATCH_SECONDS = 0.3
_AUTOGROUP = Path("/proc/self/autogroup")
_AUTOGROUP_TRIES = 20
_AUTOGROUP_PAUSE_SECONDS = 0.1


def leashed(argv: list[str], niceness: int = 0) -> list[str]:
    """The command that runs `argv` on a leash held by this process. Start it from the main thread.

    The kernel watches the thread that starts the child, not the whole process. niceness: see `step_back`.
    """
    this = str(Path(__file__).resolve())
    return [sys.executable, "-I", "-S", this, str(os.getpid()), str(niceness), *argv]


def step_back(niceness: int) -> None:
    """Leave the processor to others by so much, 0 to 19. For a process that leads a session of its own.

    Linux may weigh whole sessions against each other (sched_autogroup); a process's own niceness then counts
    within its session alone, so the session gets the same.
    """
    os.nice(niceness)
    for _ in range(_AUTOGROUP_TRIES):
        try:
            _AUTOGROUP.write_text(str(niceness))
        except BlockingIOError:  # the kernel takes one such change in 100 ms, of all processes together
            time.sleep(_AUTOGROUP_PAUSE_SECONDS)
        except OSError:  # not there, or not to be changed here: the process's own niceness is what there is
            return
        else:
            return


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
    parent, niceness, argv = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    try:
        if niceness:
            step_back(niceness)
        if sys.platform != "linux":
            sys.exit(watch(parent, argv))
        die_with_parent(parent)
        os.execvp(argv[0], argv)  # noqa: S606 - the supervisor's own command
    except OSError as error:
        sys.exit(f"{argv[0]}: {error}")


if __name__ == "__main__":
    _main()
