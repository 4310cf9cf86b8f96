"""What must not happen to messages on their way out, counted from the ledgers alone. All goals are zero.

The definitions are those of docs/reference/reliability.md. Whether a message arrived is what the sandbox's
ledger says of it; what the desk believes is its final state.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

from chaos.ledgers import Ledgers, Line

OWN_METADATA = "pd1:"

_SENT = {"sent", "delivered", "read"}
_NOT_SENT = {"failed", "cancelled", "expired"}
_WINDOW = timedelta(hours=24)
_HUMAN_AGENT_WINDOW = timedelta(days=7)
_OPENS = ("message", "postback")
_WINDOW_REFUSALS = {2018278, 2018065}


def own_id(send: Line) -> str | None:
    """Our message id in a request's metadata."""
    metadata = send.get("metadata") or ""
    return metadata.removeprefix(OWN_METADATA) if metadata.startswith(OWN_METADATA) else None


def outbound_duplicates(ledgers: Ledgers) -> Iterator[str]:
    """Messages that Meta accepted more than once."""
    for message_id, sends in _accepted(ledgers).items():
        if len(sends) > 1:
            yield f"message {message_id} was accepted {len(sends)} times"


def outbound_loss(ledgers: Ledgers) -> Iterator[str]:
    """Replies that the agent was told are taken, that never arrived, and that the desk does not own up to."""
    accepted, outbound = _accepted(ledgers), _outbound(ledgers)
    for line in ledgers.driven("replied"):
        message_id = line["message"]
        if message_id is None or message_id in accepted:
            continue
        status = outbound[message_id]["status"] if message_id in outbound else "not there"
        if status not in {"failed", "unknown", "cancelled", "resent"}:
            yield f"message {message_id} never arrived and is {status}"


def double_commands(ledgers: Ledgers) -> Iterator[str]:
    """Replies that became more than one message."""
    by_key: dict[str, set[str]] = defaultdict(set)
    for line in ledgers.driven("replied"):
        if line["message"] is not None:
            by_key[line["key"]].add(line["message"])
    for key, messages in by_key.items():
        if len(messages) > 1:
            yield f"the reply {key} became {len(messages)} messages"
    texts = Counter(each["text"] for each in _outbound(ledgers).values() if each["sender_kind"] == "agent")
    for text, count in texts.items():
        if count > 1:
            yield f"{count} messages say {text!r}"


def false_sent(ledgers: Ledgers) -> Iterator[str]:
    """Messages shown as sent that Meta has not accepted."""
    accepted = _accepted(ledgers)
    for message_id, message in _outbound(ledgers).items():
        if message["status"] in _SENT and message_id not in accepted:
            yield f"message {message_id} is {message['status']} and never arrived"


def false_failed(ledgers: Ledgers) -> Iterator[str]:
    """Messages shown as not sent that Meta has accepted."""
    accepted = _accepted(ledgers)
    for message_id, message in _outbound(ledgers).items():
        if message["status"] in _NOT_SENT and message_id in accepted:
            yield f"message {message_id} is {message['status']} and did arrive"


def unresolved_unknown(ledgers: Ledgers) -> Iterator[str]:
    """Messages that arrived and stay unknown though there were echoes, or a conversation to read, to tell."""
    accepted = _accepted(ledgers)
    blind = _blind_times(ledgers)
    for message_id, message in _outbound(ledgers).items():
        if message["status"] != "unknown" or message_id not in accepted:
            continue
        at = accepted[message_id][0]["wall_ms"]
        if not any(begin <= at <= end for begin, end in blind):
            yield f"message {message_id} arrived and is still unknown"


def unlisted_unknown(ledgers: Ledgers) -> Iterator[str]:
    """Messages of unknown outcome that the list of them does not show."""
    for message_id, message in _outbound(ledgers).items():
        if message["status"] == "unknown" and message_id not in ledgers.final.listed_unknown:
            yield f"message {message_id} is unknown and not listed"


def blind_repeats(ledgers: Ledgers) -> Iterator[str]:
    """Messages tried again though the attempt before had not been refused, to the client's knowledge."""
    decisions = {line["request"]: line for line in ledgers.graph if line["line"] == "decision"}
    open_attempts: dict[str, Line] = {}
    for line in ledgers.graph:
        message_id = own_id(line) if line["line"] == "request" else None
        if message_id is None:
            continue
        former = open_attempts.get(message_id)
        if former is not None:
            decision = decisions.get(former["request"], {})
            if decision.get("outcome") != "rejected" or decision.get("shown") != "reply":
                yield f"message {message_id} was tried again after {decision.get('shown', 'no decision')}"
        open_attempts[message_id] = line


def policy_breaches(ledgers: Ledgers) -> Iterator[str]:
    """Messages accepted, or refused by Meta, outside of the window that the customer's messages give."""
    openings: dict[tuple[str, str], list[int]] = defaultdict(list)
    for _, event in ledgers.attempts():
        if event["kind"] in _OPENS:
            openings[event["key"].split(":", 1)[0], event["customer"]].append(event["time"])
    for instants in openings.values():
        instants.sort()
    for send in ledgers.sends():
        instants = openings[send["page"], send["recipient"]]
        at = send["sandbox_ms"]
        opened = bisect_right(instants, at)
        length = _HUMAN_AGENT_WINDOW if send["tag"] == "HUMAN_AGENT" else _WINDOW
        if not opened or at >= instants[opened - 1] + length / timedelta(milliseconds=1):
            yield f"message {own_id(send)} was sent outside of its window"
    for line in ledgers.graph:
        if line["line"] == "decision" and line.get("subcode") in _WINDOW_REFUSALS:
            yield f"request {line['request']} was refused by Meta's window"


def order_of_sends(ledgers: Ledgers) -> Iterator[str]:
    """Replies that arrived before one that their conversation had taken earlier."""
    arrived = {message_id: sends[0]["seq"] for message_id, sends in _accepted(ledgers).items()}
    latest: dict[str, tuple[int, str]] = {}
    for line in ledgers.driven("replied"):
        # 202: kept, not yet taken. Its turn comes when the sweep hands it over.
        if line["status"] != 201 or line["message"] not in arrived:
            continue
        seq = arrived[line["message"]]
        former, before = latest.get(line["conversation"], (0, ""))
        if seq < former:
            yield f"message {line['message']} arrived before {before}"
        latest[line["conversation"]] = max((former, before), (seq, line["message"]))


SEND_METRICS: dict[str, Callable[[Ledgers], Iterable[str]]] = {
    "outbound duplicates": outbound_duplicates,
    "outbound loss": outbound_loss,
    "double commands": double_commands,
    "false sent": false_sent,
    "false failed": false_failed,
    "unresolved unknown": unresolved_unknown,
    "unlisted unknown": unlisted_unknown,
    "blind repeats": blind_repeats,
    "policy breaches": policy_breaches,
    "order of sends": order_of_sends,
}


def _accepted(ledgers: Ledgers) -> dict[str, list[Line]]:
    """What Meta accepted of us: the requests of each message."""
    found: dict[str, list[Line]] = defaultdict(list)
    for send in ledgers.sends():
        message_id = own_id(send)
        if message_id is not None:
            found[message_id].append(send)
    return dict(found)


def _outbound(ledgers: Ledgers) -> dict[str, dict[str, Any]]:
    return {
        message["id"]: message
        for conversation in ledgers.final.conversations
        for message in conversation["messages"]
        if message["direction"] == "outbound" and message["sender_kind"] != "outside"
    }


def _blind_times(ledgers: Ledgers) -> list[tuple[int, int]]:
    """When Meta told nothing: neither echoes nor conversations. Milliseconds."""
    begins = [line["wall_ms"] for line in ledgers.driven("blind")]
    ends = [line["wall_ms"] for line in ledgers.driven("seeing")]
    return list(zip(begins, [*ends, *[2**63] * (len(begins) - len(ends))], strict=True))
