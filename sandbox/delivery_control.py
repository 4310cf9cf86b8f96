"""Holding deliveries back, letting them go in any order or batch, and repeating past ones byte by byte."""

from typing import TYPE_CHECKING, Any

import orjson

from sandbox import wire
from sandbox.delivery import Delivery, Hold

if TYPE_CHECKING:
    from sandbox.world import World

ORDERS = ("in_order", "reversed", "shuffled")


def hold(world: "World", page_id: str | None = None, kinds: list[str] | None = None) -> None:
    """From now on keep back new deliveries (of a Page, of some kinds of event)."""
    world.deliveries.holds.append(Hold(page_id, frozenset(kinds or ())))


def release(
    world: "World",
    *,
    order: str = "in_order",
    seed: int | None = None,
    batch: int = 1,
    keep_holding: bool = False,
) -> int:
    """Send what was held, in this order, `batch` events to a POST; returns the number of POSTs."""
    engine = world.deliveries
    held, engine.held = engine.held, []
    if not keep_holding:
        engine.holds.clear()
    held = [held[index] for index in _ordered(world, len(held), order, seed)]
    if batch > 1:
        held = _batched(world, held, batch)
    for delivery in held:
        engine.queue(delivery)
    world.changes.notify()
    return len(held)


def repeat(
    world: "World",
    *,
    ids: list[str] | None = None,
    page_id: str | None = None,
    last: int | None = None,
    times: int = 1,
    order: str = "in_order",
    seed: int | None = None,
    parallel: int = 0,
) -> int:
    """Deliver past deliveries again, byte for byte: all, some, or the last few; returns how many POSTs.

    What failed goes again only if it is named in `ids`.
    `parallel` 0 puts them into the ordinary line; else they go out beside it, so many at once.
    """
    past = [
        item
        for item in world.deliveries.past
        if (item.last.get("result") == "2xx" if ids is None else item.id in ids)
        and page_id in {None, item.page_id}
    ]
    chosen = (past if last is None else past[-last:] if last else []) * times
    for index in _ordered(world, len(chosen), order, seed):
        world.deliveries.add(chosen[index].copy(world.ids.number(), parallel))
    return len(chosen)


def unsubscribe(world: "World", page_id: str, app_id: str | None = None) -> list[str]:
    """Unsubscribe a Page from an app, or from all, as after an hour of failures but for no reason.

    Nobody is told. What waits is dropped. Returns the apps. Raises `LookupError` if there are none.
    """
    world.page(page_id)
    found = [
        item.app_id
        for item in world.subscriptions.values()
        if item.active and item.page_id == page_id and app_id in {None, item.app_id}
    ]
    if not found:
        raise LookupError(f"page {page_id} is subscribed to no such app")
    for each in found:
        world.deliveries.unsubscribe(each, page_id, "unsubscribed")
    world.changes.notify()
    return found


def _ordered(world: "World", count: int, order: str, seed: int | None) -> list[int]:
    if order not in ORDERS:
        raise ValueError(f"order is one of {ORDERS}, not {order!r}")
    indexes = list(range(count))
    if order == "reversed":
        indexes.reverse()
    elif order == "shuffled":
        world.ids.shuffle(indexes, seed)
    return indexes


def _batched(world: "World", held: list[Delivery], size: int) -> list[Delivery]:
    """Merge single deliveries of one app into POSTs of up to `size` entries, Pages and customers mixed."""
    by_app: dict[str, list[Delivery]] = {}
    for delivery in held:
        by_app.setdefault(delivery.app_id, []).append(delivery)
    merged = []
    for app_id, deliveries in by_app.items():
        for start in range(0, len(deliveries), size):
            part = deliveries[start : start + size]
            entries: list[Any] = [entry for item in part for entry in orjson.loads(item.body)["entry"]]
            merged.append(
                Delivery(
                    id=part[0].id,
                    app_id=app_id,
                    page_id=part[0].page_id,
                    events=[event for item in part for event in item.events],
                    body=wire.encode({"object": "page", "entry": entries}),
                )
            )
            for item in part:
                world.journal.put("delivery", item.id, None)
            world.journal.put("delivery", part[0].id, merged[-1].to_json())
    return merged
