"""Ids of what a workflow makes: they follow from the customer and the cause.

A task that Temporal discards may have projected already, and its retry takes up the same causes in another
order (`domain.conversations.changes.Fact`). Ids drawn one after the other would then name something else the
second time:
a greeting's row would be there with another message's words, or a conversation stay behind that nobody has.
"""

import itertools
import uuid
from collections.abc import Callable

_NAMESPACE = uuid.UUID("9c1a5a52-62a5-4b2e-8c0e-0f1f6a5f7c33")


def ids_of(customer_id: str, cause: str) -> Callable[[], str]:
    """Ids for what one cause makes, in the order in which it makes them."""
    numbers = itertools.count()
    return lambda: uuid.uuid5(_NAMESPACE, f"{customer_id}\x1f{cause}\x1f{next(numbers)}").hex
