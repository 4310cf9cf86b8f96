"""Call limits per Page, counted in fixed spans of the sandbox's clock."""

SECOND_MS = 1000
DAY_MS = 86_400_000


class RateLimits:
    """Counts calls per key and span; only the newest span of each key is kept."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}

    def hit(self, what: str, page_id: str, now_ms: int, span_ms: int = SECOND_MS) -> int:
        """Count one call; returns how many there were in this span, this one included."""
        span = now_ms // span_ms
        last, count = self._counts.get((what, page_id), (span, 0))
        count = count + 1 if last == span else 1
        self._counts[what, page_id] = (span, count)
        return count

    def count(self, what: str, page_id: str, now_ms: int, span_ms: int = SECOND_MS) -> int:
        """How many calls there were in the current span."""
        last, count = self._counts.get((what, page_id), (-1, 0))
        return count if last == now_ms // span_ms else 0
