"""One webhook delivery, and the hold that keeps some of them back."""

import asyncio
import collections
from dataclasses import dataclass, field
from typing import Any

# What is saved of a delivery; the rest belongs to this run.
_SAVED = ("id", "app_id", "page_id", "events", "parallel", "signature", "retried", "attempts")

TRIES_SHOWN = 10


@dataclass(slots=True)
class Delivery:
    """One POST to one app: its bytes never change, however often it is sent."""

    id: str
    app_id: str
    page_id: str
    events: list[dict[str, Any]]  # facts for the ledger: key, kind, mid, customer, time
    body: bytes
    due_ms: float = 0
    parallel: int = 0  # 0: in its turn; else apart from the others, so many at once
    signature: str = "good"
    retried: bool = True
    attempts: int = 0
    late_ms: float = 0  # by a fault
    copies: int = 0  # more of it that go out beside its first attempt
    copies_parallel: int = 1
    last: dict[str, Any] = field(default_factory=dict)  # result, status, error, at_ms of the last attempt
    tries: collections.deque[dict[str, Any]] = field(
        default_factory=lambda: collections.deque(maxlen=TRIES_SHOWN)
    )  # the newest attempts, each with its answer
    first_try: asyncio.Event = field(default_factory=asyncio.Event)

    def to_json(self) -> dict[str, Any]:
        """For the journal. The body travels as Latin-1 text, for it may be any bytes."""
        return {**{name: getattr(self, name) for name in _SAVED}, "body": self.body.decode("latin-1")}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Delivery":
        """The inverse of `to_json`; due at once."""
        return cls(**{**value, "body": value["body"].encode("latin-1")})

    def copy(self, new_id: str, parallel: int) -> "Delivery":
        """The same POST once more, byte for byte."""
        return Delivery(
            id=new_id,
            app_id=self.app_id,
            page_id=self.page_id,
            events=self.events,
            body=self.body,
            signature=self.signature,
            parallel=parallel,
        )

    def summary(self) -> dict[str, Any]:
        """For the control API and the web page."""
        return {
            "id": self.id,
            "app_id": self.app_id,
            "page_id": self.page_id,
            "kinds": [event["kind"] for event in self.events],
            "keys": [event["key"] for event in self.events],
            "attempts": self.attempts,
            **self.last,
        }


@dataclass(frozen=True, slots=True)
class Hold:
    """Keeps back new deliveries of one Page (None: all) and of some kinds of event (empty: all)."""

    page_id: str | None = None
    kinds: frozenset[str] = frozenset()

    def catches(self, delivery: Delivery) -> bool:
        """Whether this delivery is to be kept back."""
        if self.page_id is not None and delivery.page_id != self.page_id:
            return False
        return not self.kinds or any(event["kind"] in self.kinds for event in delivery.events)
