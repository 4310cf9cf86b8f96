"""A webhook event that went to no thread is routed again, through the API and the relay."""

import json
from typing import Any

import pytest

from support.deliveries import body_of, new_psid, text_event
from support.eventually import eventually
from support.store import APP_ID
from support.whole import Whole

pytestmark = [pytest.mark.dev_server, pytest.mark.slow]

LATE_PAGE = "777000111222333"
UNROUTED = "/v1/webhook-events/unrouted"


async def test_a_message_to_a_page_that_is_added_later_becomes_a_conversation(whole: Whole) -> None:
    psid = new_psid()
    body = body_of(text_event(psid, LATE_PAGE, text="is anybody there?"), page_id=LATE_PAGE)
    delivered = await whole.meta.post("/_sandbox/raw", json={"app_id": APP_ID, "body": json.loads(body)})
    assert delivered.json()["status"] == 200

    async def unrouted() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await whole.api.get(UNROUTED)).raise_for_status().json()["items"]
        return [item for item in items if item["page_id"] == LATE_PAGE]

    (event,) = await eventually(unrouted)
    assert event["disposition"] == "quarantined"
    replay = f"/v1/webhook-events/{event['inbox_id']}/replay"

    # The page is still unknown: it is set aside again, for the same reason.
    assert (await whole.api.post(replay)).status_code == 202
    (again,) = await eventually(lambda: _if_quarantined(unrouted))
    assert (again["inbox_id"], again["reason"]) == (event["inbox_id"], event["reason"])

    page = {"page_id": LATE_PAGE, "name": "Late", "access_token": "EAAlate"}
    (await whole.api.post(f"/v1/accounts/{whole.account_id}/pages", json=page)).raise_for_status()
    assert (await whole.api.post(replay)).status_code == 202
    conversation = await whole.conversation_of(psid)
    message, _greeting = await whole.messages(conversation["id"])
    assert message["text"] == "is anybody there?"
    assert await unrouted() == []
    assert (await whole.api.post(replay)).status_code == 404


async def _if_quarantined(unrouted: Any) -> list[dict[str, Any]]:
    return [event for event in await unrouted() if event["disposition"] == "quarantined"]
