"""Which contact a customer is, by what a conversation's context variables tell: rules, and what follows.

Nobody is guessed at: a customer is linked where exactly one contact has one of the keys, and never by a name.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from domain.contacts.keys import Key, KeyKind, key_of

MAX_RULES = 20


@dataclass(frozen=True, slots=True)
class IdentificationRule:
    """The context variable of this name holds such a key.

    `creates`: where nobody has the key there is to be a new contact who has it.
    """

    variable: str
    key: KeyKind
    creates: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What variables tell of a customer: the keys, and as they were written those that make a new contact.

    Where two rules tell two keys of one kind, the first is written.
    """

    keys: frozenset[Key] = frozenset()
    written: tuple[tuple[KeyKind, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Identified:
    """Who the customer is: a contact, or a new one, or (both unset) nobody knows."""

    contact_id: str | None = None
    is_new: bool = False


def told_by(rules: Sequence[IdentificationRule], variables: Mapping[str, object]) -> Told:
    """What the variables of a conversation tell."""
    keys: set[Key] = set()
    written: dict[KeyKind, str] = {}
    for rule in rules:
        value = str(variables.get(rule.variable, "")).strip()
        key = key_of(rule.key, value)
        if key is not None:
            keys.add((rule.key, key))
            if rule.creates:
                written.setdefault(rule.key, value)
    return Told(frozenset(keys), tuple(written.items()))


def identify(told: Told, matching: Collection[str]) -> Identified:
    """What follows: `matching` are the ids of the contacts that have one of the keys told."""
    found = set(matching)
    if len(found) == 1:
        return Identified(found.pop())
    return Identified(is_new=not found and bool(told.written))
