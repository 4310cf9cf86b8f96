"""Every metric that Pagedesk counts by itself, in one place; `docs/metrics.md` is made from here.

A room counts where the thing happens: `metrics.SENDS.labels("sent").inc()`. Each process serves its own
numbers; what the databases tell is in `api.health.desk_metrics`. Labels are of small, fixed sets: never an
id, a
name, an address, or anything that a stranger may choose.
"""

from prometheus_client import Counter, Histogram, Metric, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

DELIVERIES = Counter(
    "pagedesk_webhook_deliveries", "Webhook deliveries by the status they were answered.", ["status"]
)
WEBHOOKS_REFUSED = Counter(
    "pagedesk_webhooks_refused",
    "Webhook deliveries and handshakes that were not taken, by reason.",
    ["reason"],
)
ACCESS_REFUSED = Counter(
    "pagedesk_access_refused",
    "Sign-ins, tokens, operations, webhooks and links that were refused, by the kind of the audit event.",
    ["kind"],
)
FIELDS_LEFT_OUT = Counter(
    "pagedesk_webhook_fields_left_out",
    "Events with fields of another type than Meta documents, which were not read, by the event's kind.",
    ["kind"],
)
REQUESTS = Histogram(
    "pagedesk_request_seconds",
    "Requests of the API by method, route and status, with their time to the first byte of the answer.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
SENDS = Counter(
    "pagedesk_sends", "Attempts to send a message, by what is known of it afterwards.", ["outcome"]
)
EVENTS = Counter(
    "pagedesk_conversation_events", "What happened in conversations, by the event's kind.", ["kind"]
)
WINDOWS_LOST = Counter(
    "pagedesk_windows_lost",
    "Windows that closed while the customer waited for an answer, by stage.",
    ["stage"],
)
CONNECTIONS_ENDED = Counter(
    "pagedesk_http_connections_ended",
    "Connections that the server ended by itself or did not take, by reason: too slow, too large, too many.",
    ["reason"],
)
STORE_WAIT = Histogram(
    "pagedesk_store_wait_seconds",
    "How long work waited for a thread or connection of the store, by lane.",
    ["lane"],
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 1, 2.5, 10),
)

_ALL = (
    DELIVERIES,
    WEBHOOKS_REFUSED,
    ACCESS_REFUSED,
    FIELDS_LEFT_OUT,
    REQUESTS,
    SENDS,
    EVENTS,
    WINDOWS_LOST,
    CONNECTIONS_ENDED,
    STORE_WAIT,
)


def described() -> list[tuple[Metric, tuple[str, ...]]]:
    """Every metric above with its labels, for the documentation."""
    return [(metric, each._labelnames) for each in _ALL for metric in each.describe()]  # noqa: SLF001


def exposition() -> bytes:
    """This process's numbers in Prometheus' text format, the interpreter's own included."""
    return generate_latest()
