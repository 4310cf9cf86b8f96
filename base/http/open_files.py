"""How many files and sockets this process may have open at once."""

import resource

_MAX_OPEN_FILES = 65_536


def raise_open_file_limit() -> int:
    """Raise the soft limit towards the hard one, and return what holds now.

    Many systems start a process with 1,024, which is there for programs that use `select`. We use none.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_OPEN_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return _MAX_OPEN_FILES if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
