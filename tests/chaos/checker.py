"""Judges a trial: every metric counts, from the ledgers alone, what must not happen. All goals are zero.

The definitions are those of docs/reference/reliability.md. Here are those that concern the way in;
`send_metrics.py` has those of the way out.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import inf
from typing import Any

from chaos.ledgers import Ledgers, Line, MessageKey, page_of
from chaos.offer_metrics import OFFER_METRICS
from chaos.send_metrics import SEND_METRICS, own_id

_BECOMES_A_MESSAGE = ("message", "postback")
_DONE = {"sent", "delivered", "read", "failed", "unknown", "cancelled", "resent"}
_SEEN = {"delivered", "read"}


def check(ledgers: Ledgers) -> dict[str, list[str]]:
    """Every metric with its violations, in words."""
    return {name: list(metric(ledgers)) for name, metric in METRICS.items()}


def inbound_loss(ledgers: Ledgers) -> Iterator[str]:
    """Events that were answered 2xx and have no record."""
    recorded = _recorded(ledgers)
    for key in _acked(ledgers):
        if key not in recorded:
            yield f"answered 2xx, not recorded: {key}"
    yield from _lost_receipts(ledgers)


def inbound_eventual_loss(ledgers: Ledgers) -> Iterator[str]:
    """Messages that customers wrote and that are not there though Meta went on trying."""
    recorded = _recorded(ledgers)
    for line in ledgers.driven("wrote"):
        if (line["page"], line["mid"]) not in recorded:
            yield f"written, never recorded: {(line['page'], line['mid'])}"


def inbound_duplicates(ledgers: Ledgers) -> Iterator[str]:
    """Events that are recorded more than once; an own echo taken for somebody else's message is one, too."""
    for key, count in _recorded(ledgers).items():
        if count > 1:
            yield f"recorded {count} times: {key}"
    ours = {send["mid"] for send in ledgers.sends() if own_id(send)}
    for message in _messages(ledgers):
        if message["sender_kind"] == "outside" and message["mid"] in ours:
            yield f"an echo of our own recorded as a message from outside: {message['mid']}"


def double_effects(ledgers: Ledgers) -> Iterator[str]:
    """Conversations, greetings and facts that one event has caused more than once, or none at all."""
    openers = Counter[str]()
    for conversation in ledgers.final.conversations:
        openers.update(_told(conversation, "conversation.opened"))
        for what in _double_facts(conversation):
            yield f"conversation {conversation['id']} {what}"
    for message_id, count in openers.items():
        if count > 1:
            yield f"message {message_id} opened {count} conversations"
    yield from _double_greetings(ledgers)


def false_acks(ledgers: Ledgers) -> Iterator[str]:
    """Events answered 2xx before everything was killed that are gone after it."""
    kills = [line["wall_ms"] for line in ledgers.driven("killed") if line["everything"]]
    recorded = _recorded(ledgers)
    for key, acked_at in _acked(ledgers).items():
        if key not in recorded and any(acked_at <= kill for kill in kills):
            yield f"answered 2xx, then killed, then gone: {key}"


def order_inversions(ledgers: Ledgers) -> Iterator[str]:
    """Neighbours in a conversation that contradict Meta's time, or for equal times a certain arrival."""
    times = {_key(event): event["time"] for _, event in ledgers.attempts() if _is_message(event)}
    arrivals = _arrivals(ledgers)
    for conversation in ledgers.final.conversations:
        keys = [(conversation["page_id"], message["mid"]) for message in conversation["messages"]]
        for former, latter in pairwise(key for key in keys if key in times):
            latter_came_first = arrivals[latter].acked < arrivals[former].tried
            if times[former] > times[latter] or (times[former] == times[latter] and latter_came_first):
                yield f"{latter} is shown after {former}"


def conversation_splits(ledgers: Ledgers) -> Iterator[str]:
    """Two conversations of one customer and Page that are open at one instant."""
    by_thread: dict[tuple[str, str], list[tuple[datetime, datetime | None, str]]] = defaultdict(list)
    for each in ledgers.final.conversations:
        thread = (each["page_id"], each["customer"]["psid"])
        closed_at = _instant(each["closed_at"]) if each["closed_at"] else None
        by_thread[thread].append((_instant(each["opened_at"]), closed_at, each["id"]))
    for thread, spans in by_thread.items():
        for (_, closed, former), (opened, _, latter) in pairwise(sorted(spans, key=lambda span: span[0])):
            if closed is None or opened < closed:
                yield f"{thread}: {former} and {latter} are open together"


def stuck(ledgers: Ledgers) -> Iterator[str]:
    """Work that was still not done when the settle time was over, and workflow tasks that failed."""
    yield from ledgers.final.unfinished
    for message in _messages(ledgers):
        if message["direction"] == "outbound" and message["status"] not in _DONE:
            yield f"message {message['id']} is still {message['status']}"


def quarantined(ledgers: Ledgers) -> Iterator[str]:
    """Events that were set aside and are still."""
    for event in ledgers.final.unrouted:
        if event["disposition"] != "kept":
            yield f"inbox event {event['inbox_id']} is {event['disposition']}: {event['reason']}"


METRICS: dict[str, Callable[[Ledgers], Iterable[str]]] = {
    "inbound loss": inbound_loss,
    "inbound eventual loss": inbound_eventual_loss,
    "inbound duplicates": inbound_duplicates,
    "inbound double effects": double_effects,
    "false acks": false_acks,
    "order inversions": order_inversions,
    "conversation splits": conversation_splits,
    "stuck": stuck,
    "quarantined": quarantined,
    **SEND_METRICS,
    **OFFER_METRICS,
}


def _messages(ledgers: Ledgers) -> Iterator[dict[str, Any]]:
    for conversation in ledgers.final.conversations:
        yield from conversation["messages"]


def _recorded(ledgers: Ledgers) -> Counter[MessageKey]:
    """How often each message of a customer is in the desk."""
    return Counter(
        (conversation["page_id"], message["mid"])
        for conversation in ledgers.final.conversations
        for message in conversation["messages"]
        if message["direction"] == "inbound"
    )


def _is_message(event: Line) -> bool:
    return event["kind"] in _BECOMES_A_MESSAGE


def _key(event: Line) -> MessageKey:
    return page_of(event), event["mid"]


def _acked(ledgers: Ledgers) -> dict[MessageKey, float]:
    """When each message was first answered 2xx."""
    return {key: arrival.acked for key, arrival in _arrivals(ledgers).items() if arrival.acked < inf}


def _lost_receipts(ledgers: Ledgers) -> Iterator[str]:
    """Sends that Meta accepted, that a receipt answered 2xx covers, and that are not shown as delivered."""
    accepted = {own_id(send) for send in ledgers.sends()}
    delivered: dict[tuple[str, str], int] = defaultdict(int)
    for line, event in ledgers.attempts():
        if line["result"] == "2xx" and event["kind"] == "delivery":
            page, _, customer, watermark = event["key"].split(":")
            delivered[page, customer] = max(delivered[page, customer], int(watermark))
    for conversation in ledgers.final.conversations:
        until = delivered[conversation["page_id"], conversation["customer"]["psid"]]
        for message in conversation["messages"]:
            # What stays unknown although it arrived is another metric's.
            if message["id"] not in accepted or message["status"] in {*_SEEN, "unknown", "resent"}:
                continue
            if round(_instant(message["occurred_at"]).timestamp() * 1000) <= until:
                yield f"message {message['id']} was delivered and is shown as {message['status']}"


def _told(conversation: dict[str, Any], kind: str) -> Counter[str]:
    """How often the timeline tells a kind of fact, of each message or session."""
    facts = (fact for fact in conversation["timeline"] if fact["kind"] == kind)
    return Counter(str(fact["message_id"] or fact["data"].get("session_id")) for fact in facts)


def _double_facts(conversation: dict[str, Any]) -> Iterator[str]:
    opened = _told(conversation, "conversation.opened").total()
    if opened != 1:
        yield f"opened {opened} times"
    inbound = {message["id"] for message in conversation["messages"] if message["direction"] == "inbound"}
    if not inbound:
        yield "has no message of the customer"
    received = _told(conversation, "message.received")
    for message_id in inbound | received.keys():
        if received[message_id] != 1 or message_id not in inbound:
            yield f"received message {message_id} {received[message_id]} times"
    for session_id, count in _told(conversation, "session.started").items():
        if count > 1:
            yield f"started session {session_id} {count} times"


def _double_greetings(ledgers: Ledgers) -> Iterator[str]:
    conversation_of = {
        message["id"]: conversation["id"] if message["kind"] == "greeting" else None
        for conversation in ledgers.final.conversations
        for message in conversation["messages"]
    }
    accepted = Counter(own_id(send) for send in ledgers.sends())
    greetings = Counter[str]()
    for message_id, count in accepted.items():
        if message_id not in conversation_of:
            yield f"{count} sends that the desk does not know: {message_id}"
        elif (conversation_id := conversation_of[message_id]) is not None:
            greetings[conversation_id] += count
    for conversation_id, count in greetings.items():
        if count > 1:
            yield f"conversation {conversation_id} was greeted {count} times"


@dataclass(slots=True)
class _Arrival:
    """An event came after its first try began, and before its first 2xx. Milliseconds."""

    tried: float = inf
    acked: float = inf


def _arrivals(ledgers: Ledgers) -> dict[MessageKey, _Arrival]:
    arrivals: dict[MessageKey, _Arrival] = defaultdict(_Arrival)
    for line, event in ledgers.attempts():
        if _is_message(event):
            arrival = arrivals[_key(event)]
            arrival.tried = min(arrival.tried, line["wall_ms"] - line["ms"])
            if line["result"] == "2xx":
                arrival.acked = min(arrival.acked, line["wall_ms"])
    return arrivals


def _instant(value: str) -> datetime:
    return datetime.fromisoformat(value)
