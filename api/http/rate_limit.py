"""Token buckets that limit requests, counted per process."""

import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from api.http.problems import Problem

_MAX_BUCKETS = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """`per_second` on average, `burst` at once, for each key."""

    def __init__(self, code: str, *, per_second: float, burst: int) -> None:
        self._code = code
        self._per_second = per_second
        self._burst = burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def acquire(self, key: str) -> None:
        """Take one token of `key`'s bucket; raises the problem when it is empty."""
        now = time.monotonic()
        bucket = self._buckets.setdefault(key, _Bucket(self._burst, now))
        self._buckets.move_to_end(key)
        if len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)
        gained = max(0.0, now - bucket.at) * self._per_second
        bucket.tokens, bucket.at = min(self._burst, bucket.tokens + gained), now
        if bucket.tokens < 1:
            wait = math.ceil((1 - bucket.tokens) / self._per_second)
            raise Problem(self._code, headers={"Retry-After": str(wait)})
        bucket.tokens -= 1
