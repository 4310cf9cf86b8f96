"""Metrics of work distribution, from the timelines and from what the agents were answered.

Only trials in which agents were hired have them: the driver's ledger has a line `hired` for each.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from chaos.ledgers import Ledgers
from support.offer_facts import Line, OfferFacts, read_offers, standing

DECLINE_LIMIT = 3
_CONFIRMED = 200
_FACT_OF = {"accept": "offer.accepted", "decline": "offer.declined"}


def offers_against_the_rules(ledgers: Ledgers) -> Iterator[str]:
    """Agents with more than their capacity, offers that were told or ended twice, or never ended."""
    yield from _read(ledgers).violations


def false_answers_to_offers(ledgers: Ledgers) -> Iterator[str]:
    """Answers of agents that were confirmed more often than the timeline tells them."""
    if not _has_agents(ledgers):
        return
    told = Counter(
        (fact["conversation_id"], fact["data"]["agent_id"], fact["kind"])
        for fact in standing(_log(ledgers))
        if fact["kind"] in _FACT_OF.values()
    )
    confirmed = Counter(
        (line["conversation"], line["agent"], _FACT_OF[line["action"]])
        for line in ledgers.driven("answered")
        if line["status"] == _CONFIRMED
    )
    for answer, count in confirmed.items():
        if count > told[answer]:
            yield f"{answer} was confirmed {count} times and is told {told[answer]} times"


def lost_work(ledgers: Ledgers) -> Iterator[str]:
    """Conversations that nobody has dealt with although agents worked until there was nothing to do."""
    if not _has_agents(ledgers):
        return
    for conversation in ledgers.final.conversations:
        if conversation["status"] not in {"closed", "waiting"}:
            yield f"conversation {conversation['id']} is still {conversation['status']}"


OFFER_METRICS: dict[str, Callable[[Ledgers], Iterable[str]]] = {
    "offers against the rules": offers_against_the_rules,
    "false answers to offers": false_answers_to_offers,
    "lost work": lost_work,
}


def _has_agents(ledgers: Ledgers) -> bool:
    return any(ledgers.driven("hired"))


def _log(ledgers: Ledgers) -> list[Line]:
    facts = [fact for each in ledgers.final.conversations for fact in each["log"]]
    return sorted(facts, key=lambda fact: fact["id"])


def _read(ledgers: Ledgers) -> OfferFacts:
    limits = {line["agent"]: line["units"] for line in ledgers.driven("hired")}
    return read_offers(_log(ledgers), limits, DECLINE_LIMIT) if limits else OfferFacts()
