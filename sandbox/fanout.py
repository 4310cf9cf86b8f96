"""Which apps hear of an event, and how: both subscription levels, thread control, development mode."""

from typing import TYPE_CHECKING

from sandbox import events, wire
from sandbox.delivery import Delivery
from sandbox.events import FIELD_OF, STANDBY_KINDS, Event
from sandbox.faults import Fault, Target
from sandbox.model import App, Customer, Subscription

if TYPE_CHECKING:
    from sandbox.world import World


def publish(
    world: "World",
    page_id: str,
    psid: str | None,
    event: Event,
    *,
    due_ms: float = 0,
    only_app: str | None = None,
    standby: bool = False,
) -> list[Delivery]:
    """Queue one event for every app that is subscribed to it; note for the others why they hear nothing.

    `standby`: as if another app controlled the thread.
    """
    kind = events.kind_of(event)
    thread = None if psid is None else world.threads.get((page_id, psid))
    owner = None if thread is None else world.owner(thread)
    person = None if psid is None else world.customers.get((page_id, psid))
    out = []
    skipped: list[tuple[App, Subscription | None, str | None]] = []
    for app in world.apps.values() if only_app is None else [world.apps[only_app]]:
        subscription = world.subscriptions.get((app.app_id, page_id))
        aside = standby or (owner is not None and owner != app.app_id and only_app is None)
        why = _unheard(app, subscription, kind, person, standby=aside)
        if why is not None or subscription is None:
            skipped.append((app, subscription, why))
            continue
        struck = world.faults.every("delivery", Target(kind, page_id, psid))
        for channel, apart_ms in _channels(struck, standby=aside):
            seen = _as_seen(app, subscription, event, kind, standby=channel == "standby")
            entry = {"id": page_id, "time": world.clock.now_ms(), channel: [_odd(seen, struck)]}
            delivery = Delivery(
                id=world.ids.number(),
                app_id=app.app_id,
                page_id=page_id,
                events=[events.facts(event, page_id)],
                body=wire.encode({"object": "page", "entry": [entry]}),
                due_ms=max(due_ms, delayed(world, apart_ms)),
            )
            _spoil(world, delivery, struck)
            world.deliveries.add(delivery)
            out.append(delivery)
    for app, subscription, why in skipped:
        # An app that has nothing to do with the Page is no news while another one hears.
        takes_part = app.callback_url is not None and subscription is not None
        _skip(world, app.app_id, page_id, kind, why, is_news=takes_part or not out)
    if not world.apps:
        _skip(world, None, page_id, kind, "there is no app")
    return out


def _channels(struck: list[Fault], *, standby: bool) -> list[tuple[str, float]]:
    """The arrays that an event comes in, and how many milliseconds after the first."""
    for fault in struck:
        if fault.kind == "delivery_both_channels":
            first = fault.values["first"]
            other = "messaging" if first == "standby" else "standby"
            return [(first, 0), (other, 1000 * fault.values["apart_s"])]
    return [("standby" if standby else "messaging", 0)]


def _odd(event: Event, struck: list[Fault]) -> Event:
    """The event with the fields that faults put into it, of whatever type."""
    for fault in struck:
        if fault.kind == "delivery_fields":
            event = {**event, **fault.values["event"]}
            if "message" in event:
                event = {**event, "message": {**event["message"], **fault.values["message"]}}
    return event


def _spoil(world: "World", delivery: Delivery, struck: list[Fault]) -> None:
    """Let the faults that strike a delivery make it late, or more than one."""
    for fault in struck:
        values = fault.values
        if fault.kind == "delivery_again":
            delivery.copies, delivery.copies_parallel = values["copies"] - 1, values["parallel"]
        elif fault.kind == "delivery_late":
            delivery.late_ms = 1000 * (values["seconds"] + values["spread"] * fault.random.random())
            delivery.due_ms = max(delivery.due_ms, delayed(world, delivery.late_ms))


def delayed(world: "World", delay_ms: float = 0) -> float:
    """When a delivery of now may go out: after the general delay and one of its own."""
    delay = world.settings.deliveries.delay_s * 1000 + delay_ms
    return world.clock.now_ms() + delay if delay else 0


def _skip(
    world: "World", app_id: str | None, page_id: str, kind: str, why: str | None, *, is_news: bool = True
) -> None:
    facts = {"app_id": app_id, "page_id": page_id, "kind": kind, "why": why, "is_news": is_news}
    world.skipped.append({**facts, "at_ms": world.clock.now_ms()})


def _unheard(
    app: App,
    subscription: Subscription | None,
    kind: str,
    person: Customer | None,
    *,
    standby: bool,
) -> str | None:
    """Why this app does not hear of this event; None if it does."""
    field = "standby" if standby else FIELD_OF[kind]
    active = subscription is not None and subscription.active
    reasons = (
        (app.callback_url is None, "the app has no webhook subscription (POST /{app}/subscriptions)"),
        (subscription is None, "the Page is not subscribed to the app (POST /{page}/subscribed_apps)"),
        (not active, "the Page was unsubscribed from the app, which must subscribe again"),
        (
            standby and kind not in STANDBY_KINDS,
            "another app controls the thread; standby does not show this",
        ),
        (field not in app.fields, "the app is not subscribed to the field "),
        (
            subscription is None or field not in subscription.fields,
            "the Page is not subscribed to the field ",
        ),
        (
            app.mode == "development" and person is not None and not person.has_role,
            "the app is in development mode and the person has no role on it",
        ),
    )
    why = next((reason for wrong, reason in reasons if wrong), None)
    return why + field if why is not None and why.endswith(" ") else why


def _as_seen(app: App, subscription: Subscription, event: Event, kind: str, *, standby: bool) -> Event:
    """The event as this app may see it: no payload on standby, no referral without messaging_referrals."""
    if kind not in {"message", "postback"}:
        return event
    hidden = {"payload"} if kind == "postback" and standby else set()
    if "messaging_referrals" not in app.fields or "messaging_referrals" not in subscription.fields:
        hidden.add("referral")
    if not hidden & event[kind].keys():
        return event
    return {**event, kind: {name: value for name, value in event[kind].items() if name not in hidden}}
