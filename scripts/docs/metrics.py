"""Makes `docs/metrics.md`."""

from collections.abc import Iterable

from prometheus_client import Metric

from api.health.desk_metrics import families
from base import clock, metrics
from store.installation.desk_gauges import Gauges

_HEAD = r"""# Metrics

Pagedesk tells Prometheus how it is. This page is made from `base/metrics.py` and
`api/health/desk_metrics.py`.

- **The API** serves `/metrics` on its own port, to the key of an admin or of a machine. Make an agent of role
  `machine` for it (`POST /v1/agents`, `POST /v1/agents/{id}/keys`) and give Prometheus the key.
- **A worker** serves nothing unless `PAGEDESK_WORKER_METRICS_ADDRESS` names an address, for example
  `127.0.0.1:9464`; then it serves `/metrics` there, without a key, with the metrics of Temporal's SDK
  (`temporal_…`: slots, pollers, task latencies, requests to Temporal and their failures). Nothing there is
  secret, but it is nobody else's business: keep it on the loopback or in a network of your own.

Each process serves its own counters, so scrape each process; behind one address that several API processes
share you would see one of them at a time. The gauges of the desk come from the database, are the same in
every API process, and are at most five seconds old: take them from any one (`max by`).

    scrape_configs:
      - job_name: pagedesk-api
        authorization: {credentials_file: /etc/prometheus/pagedesk.key}
        static_configs: [{targets: ["127.0.0.1:8000"]}]
      - job_name: pagedesk-worker
        static_configs: [{targets: ["127.0.0.1:9464"]}]

## What to ask at night

| question | expression |
| --- | --- |
| Are messages taken that do not get on? | `max(pagedesk_inbox_lag_seconds) > 60` |
| Do conversations hear of them? | `max(pagedesk_untold_lag_seconds) > 60` |
| Do answers leave? | `max by (status) (pagedesk_oldest_message_seconds{status=~"queued\|sending"}) > 120` |
| Does a page need its administrator? | `max by (state, send_gate) (pagedesk_pages{send_gate="held"}) > 0` |
| Is somebody at the door who should not be? | `rate(pagedesk_webhooks_refused_total[5m])` |
| Is Meta refused that should be served? | `rate(pagedesk_webhook_deliveries_total{status="503"}[5m]) > 0` |
| Were customers left without an answer? | `increase(pagedesk_windows_lost_total[1d])` |
| Is the database the bottleneck? | `histogram_quantile(0.99, rate(pagedesk_store_wait_seconds_bucket[5m]))` |

"""
_TABLE = """| metric | type | labels | meaning |
| --- | --- | --- | --- |
"""
_NO_DESK = Gauges(0, None, 0, {}, {}, {})


def page() -> str:
    """The page as Markdown."""
    counted = [
        _row(_served_name(metric), metric.type, labels, metric.documentation)
        for metric, labels in metrics.described()
    ]
    desk = [
        _row(metric.name, metric.type, getattr(metric, "_labelnames", ()), metric.documentation)
        for metric in families(_NO_DESK, None, None, clock.from_milliseconds(0))
    ]
    return (
        f"{_HEAD}## Each process counts\n\n{_TABLE}{''.join(counted)}\n"
        f"## The desk, told by the API\n\n{_TABLE}{''.join(desk)}"
    )


def _served_name(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def _row(name: str, kind: str, labels: Iterable[str], meaning: str) -> str:
    shown = ", ".join(f"`{label}`" for label in labels)
    return f"| `{name}` | {kind} | {shown} | {meaning} |\n"
