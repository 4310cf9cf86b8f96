"""The local Messenger obeys programs of this machine, and no web page that happens to be open on it."""

import httpx
import pytest

from attacks.desk import AttackedDesk

pytestmark = [pytest.mark.attack, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "rebound.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_page_of_another_origin_cannot_reset_it(desk: AttackedDesk, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{desk.sandbox_port}", trust_env=False) as client:
        before = (await client.get("/_sandbox/overview")).json()
        refused = await client.post("/_sandbox/reset", content="{}", headers=headers)
        assert refused.status_code == 403
        assert (await client.get("/_sandbox/overview")).json() == before
