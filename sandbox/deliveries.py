"""Webhook deliveries: signed, in order, with Meta's 5 seconds, retries, and the end after an hour.

Every app and Page has a lane. What is not due yet waits aside. A delivery that failed holds up those behind
it until its next try, or, out of order, waits aside too. All waits are on the sandbox's clock.
What Meta does: docs/reference/messenger-webhooks.md.
"""

import asyncio
import collections
import hashlib
import heapq
import itertools
import logging
import math
import time
from typing import TYPE_CHECKING

import httpx

from sandbox import wire
from sandbox.clock import POLL_SECONDS
from sandbox.delivery import Delivery, Hold

if TYPE_CHECKING:
    from sandbox.world import World

ANSWER_SHOWN = 4_000  # bytes of an answer's body
KEPT = 2_000  # past deliveries that can be repeated or shown
HEADERS = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"}

LaneKey = tuple[str, str, int]  # app, page, width: 0 is the ordinary lane, others run that many at once

log = logging.getLogger("sandbox.deliveries")


class _Lane:
    """The deliveries of one app and Page that wait their turn."""

    def __init__(self) -> None:
        self.ready: collections.deque[Delivery] = collections.deque()
        self.aside: list[tuple[float, int, Delivery]] = []  # a heap of (due, tie, delivery)
        self.in_flight: dict[str, Delivery] = {}

    def waiting(self) -> list[Delivery]:
        return [*self.in_flight.values(), *self.ready, *(item[2] for item in sorted(self.aside))]

    def next_due(self) -> float:
        return min(
            self.ready[0].due_ms if self.ready else math.inf, self.aside[0][0] if self.aside else math.inf
        )


class Deliveries:
    """The delivery engine of one world."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._lanes: dict[LaneKey, _Lane] = {}
        self._tie = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._closed = False
        self.holds: list[Hold] = []
        self.held: list[Delivery] = []
        self.past: collections.deque[Delivery] = collections.deque(maxlen=KEPT)

    # -- in ----------------------------------------------------------------------------------------------

    def add(self, delivery: Delivery) -> None:
        """Take a delivery in, to be sent when due and when its turn comes, unless a hold catches it."""
        self._remember(delivery)
        if any(hold.catches(delivery) for hold in self.holds):
            self.held.append(delivery)
            delivery.first_try.set()
        else:
            self.queue(delivery)

    def queue(self, delivery: Delivery) -> None:
        """Put a delivery at the end of its lane, or aside until it is due."""
        key = (delivery.app_id, delivery.page_id, delivery.parallel)
        lane = self._lanes.setdefault(key, _Lane())
        if delivery.due_ms > self._world.clock.now_ms():
            self._put_aside(lane, delivery)
        else:
            lane.ready.append(delivery)
        self._advance(key)

    def due(self, delivery: Delivery, at_ms: float) -> None:
        """Change when a delivery that waits aside may go out."""
        delivery.due_ms = at_ms
        lane = self._lanes.get((delivery.app_id, delivery.page_id, delivery.parallel))
        aside = [] if lane is None else [item for item in lane.aside if item[2] is not delivery]
        if lane is not None and len(aside) < len(lane.aside):
            heapq.heapify(aside)
            lane.aside = aside
            self.queue(delivery)

    def resume(self, pending: list[Delivery]) -> None:
        """Queue what an earlier run left over."""
        for delivery in pending:
            self.queue(delivery)

    def retry_now(self) -> int:
        """Make everything that waits for its next try due at once; returns how many there were."""
        now = self._world.clock.now_ms()
        waiting = [item for item in self.pending() if item.attempts]
        for item in waiting:
            self.due(item, min(item.due_ms, now))
        for key in list(self._lanes):
            self._advance(key)
        return len(waiting)

    # -- state -------------------------------------------------------------------------------------------

    def pending(self) -> list[Delivery]:
        """Everything not yet delivered, in flight first; held deliveries are not among them."""
        return [item for lane in self._lanes.values() for item in lane.waiting()]

    def find(self, delivery_id: str) -> Delivery:
        """A delivery that waits, is held or is over. Raises `LookupError`."""
        for item in (*self.pending(), *self.held, *reversed(self.past)):
            if item.id == delivery_id:
                return item
        raise LookupError(f"no delivery {delivery_id}")

    def idle(self) -> bool:
        """Whether all that was not held has been delivered or given up."""
        return not self._lanes

    def next_due(self) -> float | None:
        """When the next attempt is due, in milliseconds: 0 for one that is under way, None for none."""
        dues = (0 if lane.in_flight else lane.next_due() for lane in self._lanes.values())
        # What is due at no instant follows an answer that is being given.
        return min((0 if math.isinf(due) else due for due in dues), default=None)

    async def close(self) -> None:
        """Stop. Attempts in flight are cut."""
        self._closed = True
        tasks = [*self._tasks, *([self._alarm] if self._alarm else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- the lanes ---------------------------------------------------------------------------------------

    def _advance(self, key: LaneKey) -> None:
        """Start what may start now in one lane, and see that the rest is not forgotten."""
        self._pump(key)
        lane = self._lanes.get(key)
        if lane is not None and not lane.in_flight and not math.isinf(lane.next_due()):
            self._set_alarm()

    def _put_aside(self, lane: _Lane, delivery: Delivery) -> None:
        heapq.heappush(lane.aside, (delivery.due_ms, next(self._tie), delivery))

    def _pump(self, key: LaneKey) -> None:
        lane = self._lanes.get(key)
        if lane is None or self._closed:
            return
        now = self._world.clock.now_ms()
        while lane.aside and lane.aside[0][0] <= now:
            lane.ready.append(heapq.heappop(lane.aside)[2])
        width = key[2] or self._world.settings.deliveries.concurrency
        while lane.ready and len(lane.in_flight) < width and lane.ready[0].due_ms <= now:
            self._begin(lane.ready.popleft(), lane, key)
        if not (lane.ready or lane.aside or lane.in_flight):
            del self._lanes[key]

    def _begin(self, delivery: Delivery, lane: _Lane, key: LaneKey) -> None:
        lane.in_flight[delivery.id] = delivery
        copies, delivery.copies = delivery.copies, 0
        for _ in range(copies):
            self.add(delivery.copy(self._world.ids.number(), delivery.copies_parallel))
        task = asyncio.create_task(self._attempt(delivery, lane, key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attempt(self, delivery: Delivery, lane: _Lane, key: LaneKey) -> None:
        await self._refresh_clock()
        started = time.perf_counter()
        delivery.attempts += 1
        result, status, error, shown = await self._post(delivery)
        now = self._world.clock.now_ms()
        took_ms = round((time.perf_counter() - started) * 1000, 2)
        delivery.last = {"result": result, "status": status, "error": error, "at_ms": now}
        delivery.tries.append({**delivery.last, "ms": took_ms, "answer": shown})
        self._world.meta.write(
            {
                "delivery": delivery.id,
                "attempt": delivery.attempts,
                "app": delivery.app_id,
                "page": delivery.page_id,
                "events": delivery.events,
                "sha256": hashlib.sha256(delivery.body).hexdigest(),
                "bytes": len(delivery.body),
                "signature": delivery.signature,
                "result": result,
                "status": status,
                "error": error,
                "ms": took_ms,
            }
        )
        lane.in_flight.pop(delivery.id, None)
        delivery.first_try.set()
        if result == "2xx":
            self._succeeded(delivery)
        elif delivery.retried:
            self._failed(delivery, lane, now)
        else:
            self._finish(delivery)
        self._advance(key)
        self._world.changes.notify()

    async def _post(self, delivery: Delivery) -> tuple[str, int | None, str | None, str]:
        """One attempt: its result, the status and the error, and the beginning of the answer's body."""
        world = self._world
        app = world.apps.get(delivery.app_id)
        if app is None or app.callback_url is None:
            return "no-answer", None, "the app has no callback URL", ""
        signed = wire.signature_headers(delivery.body, app.app_secret, delivery.signature)
        try:
            async with asyncio.timeout(world.settings.deliveries.timeout_s):
                answer = await world.http.post(
                    app.callback_url, content=delivery.body, headers={**HEADERS, **signed}
                )
        except TimeoutError:
            return "no-answer", None, "timeout", ""
        except Exception as error:  # noqa: BLE001 - whatever the transport raises, the app gave no answer
            return "no-answer", None, f"{type(error).__name__}: {error}", ""
        shown = answer.content[:ANSWER_SHOWN].decode(errors="replace")
        return ("2xx" if answer.is_success else "non2xx"), answer.status_code, None, shown

    async def _refresh_clock(self) -> None:
        try:
            await self._world.clock.refresh()
        except httpx.HTTPError as error:
            log.warning("the clock URL does not answer, going on with its last time: %s", error)

    # -- out ---------------------------------------------------------------------------------------------

    def _succeeded(self, delivery: Delivery) -> None:
        subscription = self._world.subscriptions.get((delivery.app_id, delivery.page_id))
        if subscription is not None and subscription.failing_since is not None:
            subscription.failing_since = subscription.alert_at = None
            self._world.save(subscription)
        self._finish(delivery)

    def _failed(self, delivery: Delivery, lane: _Lane, now: int) -> None:
        settings = self._world.settings.deliveries
        subscription = self._world.subscriptions.get((delivery.app_id, delivery.page_id))
        if subscription is None or not subscription.active:
            delivery.last["dropped"] = "the app is not subscribed to this Page"
            self._finish(delivery)
            return
        waits = settings.retry_after_s or [60]
        delivery.due_ms = now + 1000 * waits[min(delivery.attempts, len(waits)) - 1]
        if settings.in_order:
            lane.ready.appendleft(delivery)
        else:
            self._put_aside(lane, delivery)
        self._remember(delivery)
        if subscription.failing_since is None:
            subscription.failing_since = now
            self._world.save(subscription)
        self._judge(delivery.app_id, delivery.page_id, now)

    def _judge(self, app_id: str, page_id: str, now: int) -> float:
        """Alert, or unsubscribe, if deliveries have failed that long; returns when to look again."""
        settings = self._world.settings.deliveries
        subscription = self._world.subscriptions.get((app_id, page_id))
        if subscription is None or subscription.failing_since is None or not subscription.active:
            return math.inf
        alert_at = subscription.failing_since + settings.alert_after_s * 1000
        end_at = subscription.failing_since + settings.unsubscribe_after_s * 1000
        if subscription.alert_at is None and now >= alert_at:
            subscription.alert_at = now
            self._world.save(subscription)
        if now >= end_at:
            self.unsubscribe(app_id, page_id, "unsubscribed after an hour of failure")
            return math.inf
        return end_at if subscription.alert_at is not None else alert_at

    def unsubscribe(self, app_id: str, page_id: str, why: str) -> None:
        """Nothing more of this Page until the app subscribes again: Meta's answer to an hour of failure."""
        subscription = self._world.subscriptions[app_id, page_id]
        subscription.active, subscription.unsubscribed_at = False, self._world.clock.now_ms()
        subscription.fields = []
        self._world.save(subscription)
        for key in [key for key in self._lanes if key[:2] == (app_id, page_id)]:
            lane = self._lanes[key]
            for delivery in [*lane.ready, *(item[2] for item in lane.aside)]:
                delivery.last = {**delivery.last, "dropped": why}
                self._finish(delivery)
            lane.ready.clear()
            lane.aside.clear()
            if not lane.in_flight:
                del self._lanes[key]
        log.warning("app %s from now on hears nothing of page %s: %s", app_id, page_id, why)

    def _finish(self, delivery: Delivery) -> None:
        self.past.append(delivery)
        self._world.journal.put("delivery", delivery.id, None)

    def _remember(self, delivery: Delivery) -> None:
        if self._world.journal.path is not None:
            self._world.journal.put("delivery", delivery.id, delivery.to_json())

    # -- the alarm clock ---------------------------------------------------------------------------------

    def _set_alarm(self) -> None:
        self._wake.set()
        if self._alarm is None or self._alarm.done():
            self._alarm = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        """Look at every lane when something falls due. A lane that is trying is judged when its try ends."""
        while not self._closed:
            self._wake.clear()
            try:
                await self._world.clock.wait_until(self._look(), self._wake)
            except httpx.HTTPError as error:
                log.warning("the clock URL does not answer: %s", error)
                await asyncio.sleep(POLL_SECONDS)

    def _look(self) -> float:
        earliest = math.inf
        now = self._world.clock.now_ms()
        for key in list(self._lanes):
            self._pump(key)
            lane = self._lanes.get(key)
            if lane is None or lane.in_flight:
                continue
            earliest = min(earliest, self._judge(key[0], key[1], now), lane.next_due())
        return earliest
