"""Slowing down who guesses passwords, by account and by source. Counted per process."""

import math
import time
from collections import OrderedDict, deque

from api.problems import Problem

_WINDOW_SECONDS = 300.0
_TRIES_PER_ACCOUNT = 5
_TRIES_PER_SOURCE = 20
_MOST_REMEMBERED = 10_000


class SignInThrottle:
    """Counts tries that were not successes. A try counts when it begins, so parallel ones gain nothing."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()

    def begin(self, email: str, source: str) -> None:
        """Count a try, or refuse it: also with the right password, or the answer would tell."""
        limits = {f"account:{email}": _TRIES_PER_ACCOUNT, f"source:{source}": _TRIES_PER_SOURCE}
        now = time.monotonic()
        wait = max(self._wait(key, limit, now) for key, limit in limits.items())
        if wait > 0:
            raise Problem("too_many_attempts", headers={"Retry-After": str(math.ceil(wait))})
        for key in limits:
            self._tries.setdefault(key, deque()).append(now)
            self._tries.move_to_end(key)
        while len(self._tries) > _MOST_REMEMBERED:
            self._tries.popitem(last=False)

    def succeeded(self, email: str, source: str) -> None:
        """Forget the account's tries, and this one of the source."""
        self._tries.pop(f"account:{email}", None)
        mine = self._tries.get(f"source:{source}")
        if mine:
            mine.pop()

    def _wait(self, key: str, limit: int, now: float) -> float:
        tries = self._tries.get(key)
        if tries is None:
            return 0.0
        while tries and tries[0] <= now - _WINDOW_SECONDS:
            tries.popleft()
        return tries[0] + _WINDOW_SECONDS - now if len(tries) >= limit else 0.0
