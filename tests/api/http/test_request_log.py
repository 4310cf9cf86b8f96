"""What the log says of requests: a line each, and one for the deliveries that were taken together."""

import asyncio

from starlette.types import Scope
from structlog.testing import capture_logs

from api.http.request_log import WEBHOOKS, RequestLog
from base import metrics

ROUTE = f"{WEBHOOKS}{{account_id}}"


def delivery(account: str, method: str = "POST") -> Scope:
    return {"type": "http", "method": method, "path": f"{WEBHOOKS}{account}"}


def counted(status: int) -> float:
    labels = {"method": "POST", "route": ROUTE, "status": str(status)}
    found = [
        sample.value
        for metric in metrics.REQUESTS.collect()
        for sample in metric.samples
        if sample.name.endswith("_count") and sample.labels == labels
    ]
    return sum(found)


async def test_deliveries_taken_in_one_turn_of_the_loop_share_a_line_and_are_counted_each() -> None:
    requests, before = RequestLog(), counted(200)
    with capture_logs() as lines:
        for seconds in (0.001, 0.0042, 0.002):
            requests.note(delivery("a"), 200, seconds)
        requests.note(delivery("b"), 200, 0.003)
        assert lines == []
        await asyncio.sleep(0)
        facts = ("event", "path", "status", "ms", "deliveries")
        assert [tuple(line.get(fact) for fact in facts) for line in lines] == [
            ("webhook", f"{WEBHOOKS}a", 200, 4.2, 3),
            ("webhook", f"{WEBHOOKS}b", 200, 3.0, None),
        ]
        assert counted(200) - before == 4
        requests.note(delivery("a"), 200, 0.001)
        await asyncio.sleep(0)
        assert len(lines) == 3


async def test_what_is_not_taken_has_a_line_of_its_own_at_once() -> None:
    requests, before = RequestLog(), counted(401)
    with capture_logs() as lines:
        requests.note(delivery("a"), 401, 0.001)
        requests.note(delivery("a"), 401, 0.001)
        requests.note(delivery("a", "GET"), 200, 0.001)
    told = [(line["method"], line["status"]) for line in lines]
    assert told == [("POST", 401), ("POST", 401), ("GET", 200)]
    assert counted(401) - before == 2
