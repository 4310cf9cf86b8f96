"""`/metrics`: this process's numbers and the desk's, for an admin's or a machine's key."""

from fastapi import Response

from api.health.desk_metrics import DeskMetricsDep
from api.security.guarded_route import api_router
from base import metrics

router = api_router("health")


class MetricsResponse(Response):
    """Prometheus' text format."""

    media_type = metrics.CONTENT_TYPE


@router.get("/metrics", response_class=MetricsResponse)
async def get_metrics(desk_metrics: DeskMetricsDep) -> MetricsResponse:
    """This API process's counters and the desk's gauges, for Prometheus; `docs/metrics.md` lists them."""
    return MetricsResponse(await desk_metrics.exposition() + metrics.exposition())
