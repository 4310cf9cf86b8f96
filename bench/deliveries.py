"""Signed webhook deliveries in Meta's wire form: one text message each, about 540 bytes."""

import time
from dataclasses import dataclass

from bench.wire import render
from messenger.webhooks.signature import sign

_TEXT = (
    "Hello! I ordered the blue lamp last week and it has not come yet. "
    "Could you tell me when it will arrive? My number is 1187-4523. "
    "Thank you \\ud83d\\ude42 \\u2014 also, is the green one for \\u20ac9 still there? Best, A."
)
_BODY = (
    '{"object":"page","entry":[{"id":"%(page)s","time":%(at)d,"messaging":[{"sender":{"id":"%(psid)s"},'
    '"recipient":{"id":"%(page)s"},"timestamp":%(at)d,"message":{"mid":"%(mid)s","text":"%(text)s"}}]}]}'
)
_FILLER = "x" * 90  # a real mid has about 110 characters


@dataclass(slots=True)
class Deliveries:
    """Renders deliveries of one account and page, each an event of its own."""

    path: str
    page_id: str
    app_secret: str
    series: str
    """Makes the message ids of this source different from all others."""
    made: int = 0

    def render(self, psid: str) -> bytes:
        """A POST request with a message that this customer writes now."""
        self.made += 1
        mid = f"m_{self.series}-{self.made:07d}-{_FILLER}"
        at_ms = time.time_ns() // 1_000_000
        body = (_BODY % {"page": self.page_id, "at": at_ms, "psid": psid, "mid": mid, "text": _TEXT}).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": sign(body, self.app_secret),
        }
        return render("POST", self.path, body, headers)
