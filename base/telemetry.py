"""What Temporal's SDK tells of itself: its log in the form of ours, its metrics where they are asked for."""

import logging
import socket

from temporalio.runtime import LogForwardingConfig, LoggingConfig, PrometheusConfig, Runtime, TelemetryConfig
from temporalio.runtime import TelemetryFilter as Filter

_LOOPBACK = "127.0.0.1"
_TRIES = 5


def set_up_telemetry(*, metrics: bool = False) -> str | None:
    """Set up the SDK for this process, before its first client; returns where it serves its metrics.

    If they are wanted, it serves them by itself, on a port of the loopback that is drawn here.
    """
    if not metrics:
        Runtime.set_default(Runtime(telemetry=_telemetry(None)))
        return None
    for _ in range(_TRIES - 1):
        try:
            return _serving()
        except (RuntimeError, ValueError):  # another program has taken the port meanwhile
            continue
    return _serving()


def _serving() -> str:
    with socket.create_server((_LOOPBACK, 0)) as listener:
        address = f"{_LOOPBACK}:{listener.getsockname()[1]}"
    config = PrometheusConfig(
        bind_address=address, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
    )
    Runtime.set_default(Runtime(telemetry=_telemetry(config)))
    return f"http://{address}/metrics"


def _telemetry(metrics: PrometheusConfig | None) -> TelemetryConfig:
    forwarding = LogForwardingConfig(
        logger=logging.getLogger("temporalio.core"),
        append_target_to_name=False,
        prepend_target_on_message=True,
    )
    return TelemetryConfig(
        logging=LoggingConfig(Filter(core_level="WARN", other_level="ERROR"), forwarding), metrics=metrics
    )
