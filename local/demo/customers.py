"""Customers of the demo who write now and then, so that there is something to offer to agents.

They live by the process clock: a journey in time does not have them write more.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from local.demo.installation import DemoSecrets
from local.demo.queues import SALE_REF
from local.demo.requests import get_json, send_json
from local.demo.seeding import PAGE_ID, admin_client
from local.processes.progress import Progress

PAUSE_SECONDS = 20.0
"""Between two messages; each of another customer."""
_LIVE = ("open", "active", "waiting", "wrap_up")
_MAX_CONVERSATIONS = 200


@dataclass(frozen=True, slots=True)
class DemoCustomer:
    """Somebody who writes. `ref`: of the m.me link by which they come."""

    psid: str
    name: str
    locale: str
    text: str
    ref: str | None = None


CUSTOMERS = (
    DemoCustomer("7421908834567101", "Emil Novak", "en_US", "Where is my parcel?"),
    DemoCustomer(
        "7421908834567102", "Priya Raman", "en_GB", "Is the blue one on sale too?", ref=f"{SALE_REF}-summer"
    ),
    DemoCustomer("7421908834567103", "Chloé Martin", "fr_FR", "Bonjour, puis-je échanger un article ?"),
    DemoCustomer("7421908834567104", "Lena Fischer", "de_DE", "Can I change my address?"),
)


async def write_now_and_then(
    sandbox_url: str, api_url: str, demo: DemoSecrets, progress: Progress, *, pause: float = PAUSE_SECONDS
) -> None:
    """Have customers begin conversations until cancelled, one after another.

    Who has a live conversation does not write, so that nothing piles up while nobody looks. While a server
    is away they wait.
    """
    async with (
        httpx.AsyncClient(base_url=sandbox_url) as sandbox,
        admin_client(api_url, demo) as api,
    ):
        turn, told = 0, False
        while True:
            try:
                if (customer := _next_of(turn, await _psids_with_live_conversation(api))) is not None:
                    await send_json(sandbox, "POST", "/_sandbox/customers", _profile(customer))
                    await send_json(sandbox, "POST", _say(customer), _message(customer))
                    turn = CUSTOMERS.index(customer) + 1
            except (httpx.HTTPError, RuntimeError) as error:
                if not told:
                    progress.say(f"The demo's customers do not write at the moment: {error!r}")
                told = True
            else:
                told = False
            await asyncio.sleep(pause)


def _next_of(turn: int, busy: set[str]) -> DemoCustomer | None:
    """Whose turn it is; None if all have a live conversation."""
    order = (CUSTOMERS[(turn + step) % len(CUSTOMERS)] for step in range(len(CUSTOMERS)))
    return next((customer for customer in order if customer.psid not in busy), None)


async def _psids_with_live_conversation(api: httpx.AsyncClient) -> set[str]:
    statuses = "&".join(f"status={status}" for status in _LIVE)
    address = f"/v1/conversations?limit={_MAX_CONVERSATIONS}&{statuses}"
    return {each["customer"]["psid"] for each in (await get_json(api, address))["items"]}


def _profile(customer: DemoCustomer) -> dict[str, Any]:
    return {
        "page_id": PAGE_ID,
        "psid": customer.psid,
        "name": customer.name,
        "locale": customer.locale,
    }


def _say(customer: DemoCustomer) -> str:
    return f"/_sandbox/customers/{PAGE_ID}/{customer.psid}/say"


def _message(customer: DemoCustomer) -> dict[str, Any]:
    message: dict[str, Any] = {"text": customer.text}
    if customer.ref is not None:
        message["referral"] = {"ref": customer.ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
    return message
