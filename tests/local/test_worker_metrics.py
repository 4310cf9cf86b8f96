"""A worker's `/metrics`: its own and the SDK's in one answer, at the address that is named alone."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from base.settings import Settings
from base.settings_reading import SettingsError
from local.processes.ports import free_port
from local.worker_metrics import metrics_app, serving_metrics

SDK = "# TYPE temporal_long_request_total counter\ntemporal_long_request_total 7\n"


async def _served(sdk: httpx.MockTransport) -> tuple[int, dict[str, float]]:
    async with httpx.AsyncClient(transport=sdk) as sdk_client:
        transport = httpx.ASGITransport(metrics_app(sdk_client, "http://127.0.0.1:1/metrics"))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answer = await client.get("/metrics")
    families = text_string_to_metric_families(answer.text)
    return answer.status_code, {sample.name: sample.value for family in families for sample in family.samples}


async def test_the_sdks_numbers_come_with_our_own() -> None:
    status, numbers = await _served(httpx.MockTransport(lambda _: httpx.Response(200, text=SDK)))
    assert status == 200
    assert numbers["temporal_long_request_total"] == 7
    assert numbers["process_open_fds"] > 0


async def test_without_the_sdk_the_rest_is_served() -> None:
    status, numbers = await _served(httpx.MockTransport(lambda _: httpx.Response(500)))
    assert status == 200
    assert numbers["process_open_fds"] > 0
    assert "temporal_long_request_total" not in numbers


@pytest.mark.parametrize(
    ("address", "binding"),
    [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:9464", ("::1", 9464)), (None, None)],
)
def test_the_address_is_host_and_port(address: str | None, binding: tuple[str, int] | None) -> None:
    assert Settings(worker_metrics_address=address).worker_metrics_binding == binding


async def test_it_is_served_under_the_loopbacks_names_alone_and_two_workers_cannot_share_it() -> None:
    port = free_port()
    async with (
        serving_metrics(("127.0.0.1", port), None),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        assert (await client.get("/metrics")).status_code == 200
        assert (await client.get("/metrics", headers={"Host": "evil.example"})).status_code == 403
        with pytest.raises(SettingsError, match=f"PAGEDESK_WORKER_METRICS_ADDRESS: 127.0.0.1:{port} cannot"):
            async with serving_metrics(("127.0.0.1", port), None):
                pass
