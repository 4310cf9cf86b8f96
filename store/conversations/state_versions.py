"""The state of a thread as a row keeps it: with the number of its shape, and read whatever shape it has.

Users upgrade, and a thread may have slept for a year when its customer writes again.
"""

from collections.abc import Callable
from typing import Any

from domain.conversations.state import SCHEMA_VERSION

_VERSION = "schema_version"

_State = dict[str, Any]


def _with_offers(state: _State) -> _State:
    """7: sessions begin with offers. Until then each was accepted as it began."""

    def upgraded(conversation: _State | None) -> _State | None:
        if conversation is None:
            return None
        kept = dict(conversation)
        accepted_at = kept.pop("last_session_at", None)
        kept |= {"accepted_session_id": kept.pop("last_session_id", None), "accepted_at": accepted_at}
        if kept.get("session"):
            kept["session"] = kept["session"] | {"accepted_at": kept["session"]["started_at"]}
        return kept

    names = ("conversation", "last_closed")
    return state | {name: upgraded(state.get(name)) for name in names if name in state}


def _with_participants(state: _State) -> _State:
    """8: people take part in a conversation beside its agent. Until then nobody did, as the default says."""
    return state


UPGRADES: dict[int, Callable[[_State], _State]] = {6: _with_offers, 7: _with_participants}
"""One step from each released shape to the next, by the number that it starts from.

6 is the first shape that is read. A version has one way to the next for ever.
"""


class UnknownStateError(Exception):
    """A row has a shape that this release does not know. Reading it here would lose what it holds."""


def as_kept(state: _State) -> _State:
    """A state of today as a row keeps it."""
    return state | {_VERSION: SCHEMA_VERSION}


def readable(kept: _State) -> _State:
    """A kept state in the shape of today; an empty one is the state of a thread that never had a workflow.

    Raises UnknownStateError where the shape is of a newer release, or older than any release.
    """
    if not kept:
        return {}
    state = dict(kept)
    version = state.pop(_VERSION, 1)
    if version > SCHEMA_VERSION:
        raise UnknownStateError(
            f"The thread's state has schema version {version}; this release reads versions up to "
            f"{SCHEMA_VERSION}. Go on with the newer release; the state is untouched."
        )
    for number in range(version, SCHEMA_VERSION):
        if number not in UPGRADES:
            raise UnknownStateError(
                f"The thread's state has schema version {version}, which is of no release. It was written by "
                "a development version: begin with an empty data directory; the state is untouched."
            )
        state = UPGRADES[number](state)
    return state
