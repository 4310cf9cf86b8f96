"""The gauges that come from the databases: the same in every process, and read at most every few seconds."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.http.dependencies import from_app
from base import clock
from store.db.database import Database
from store.installation import desk_gauges as gauges

_FRESH_SECONDS = 5.0


class DeskMetrics:
    """The gauges that come from the databases."""

    def __init__(self, store: Database, inbox: Database) -> None:
        self._store = store
        self._inbox = inbox
        self._lock = asyncio.Lock()
        self._read: bytes = b""
        self._read_at = float("-inf")

    async def exposition(self) -> bytes:
        """Their text, as it was read at most five seconds ago."""
        async with self._lock:
            if time.monotonic() - self._read_at > _FRESH_SECONDS:
                self._read = await self._look()
                self._read_at = time.monotonic()
            return self._read

    async def _look(self) -> bytes:
        now = clock.now()
        found = await self._store.read(gauges.gauges)
        unrouted_ms = await self._inbox.read(lambda s: gauges.oldest_unrouted_ms(s, found.position))
        untold_id = found.oldest_untold_inbox_id
        untold_ms = (
            await self._inbox.read(lambda s: gauges.received_ms(s, untold_id))
            if untold_id is not None
            else None
        )
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Once(families(found, unrouted_ms, untold_ms, now)))
        return generate_latest(registry)


class _Once(Collector):
    """Metrics that were read already, as a registry takes them."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = list(found)

    def collect(self) -> Iterable[Metric]:
        return self._found


def families(
    found: gauges.Gauges, unrouted_ms: int | None, untold_ms: int | None, now: datetime
) -> Iterator[Metric]:
    """The gauges with their names and what they mean. `unrouted_ms`, `untold_ms`: when the oldest came."""
    yield _gauge(
        "pagedesk_inbox_lag_seconds", "Age of the oldest delivery that is not routed.", _age(unrouted_ms, now)
    )
    yield _gauge(
        "pagedesk_untold_events",
        f"Events that are routed and not applied by their conversations; {gauges.MAX_COUNTED} at most.",
        found.untold,
    )
    yield _gauge("pagedesk_untold_lag_seconds", "Age of the oldest of them.", _age(untold_ms, now))
    pages = GaugeMetricFamily(
        "pagedesk_pages", "Pages by provisioning state and send gate.", labels=("state", "send_gate")
    )
    for labels, count in found.pages.items():
        pages.add_metric(labels, count)
    yield pages
    messages = GaugeMetricFamily(
        "pagedesk_messages",
        f"Outbound messages that have not ended, by status; {gauges.MAX_COUNTED} at most.",
        labels=("status",),
    )
    ages = GaugeMetricFamily(
        "pagedesk_oldest_message_seconds", "Age of the oldest of them.", labels=("status",)
    )
    for status, count in found.messages.items():
        messages.add_metric((status,), count)
        oldest = found.oldest_messages.get(status)
        ages.add_metric((status,), (now - oldest).total_seconds() if oldest else 0.0)
    yield messages
    yield ages


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)


def _age(at_ms: int | None, now: datetime) -> float:
    return max(0.0, (now - clock.from_milliseconds(at_ms)).total_seconds()) if at_ms is not None else 0.0


DeskMetricsDep = Annotated[DeskMetrics, from_app("desk_metrics")]
