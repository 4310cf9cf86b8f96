"""The state of a thread as a row keeps it: with the number of its shape, and read whatever shape it has.

Users upgrade, and a thread may have slept for a year when its customer writes again.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain.conversations.state import SCHEMA_VERSION

_VERSION = "schema_version"
_BEFORE_NUMBERS = 1

_State = dict[str, Any]


class NewerStateError(Exception):
    """A row was written by a newer release. Reading it here would lose what this release does not know."""


def as_kept(state: _State) -> _State:
    """A state of today as a row keeps it."""
    return state | {_VERSION: SCHEMA_VERSION}


def readable(kept: _State) -> _State:
    """A kept state in the shape of today; an empty one is the state of a thread that never had a workflow.

    Raises NewerStateError where the shape is of a newer release.
    """
    state = dict(kept)
    version = state.pop(_VERSION, _BEFORE_NUMBERS) if state else SCHEMA_VERSION
    if version > SCHEMA_VERSION:
        raise NewerStateError(
            f"The thread's state has schema version {version}; this release reads versions up to "
            f"{SCHEMA_VERSION}. Go on with the newer release; the state is untouched."
        )
    for upgrade in _UPGRADES[version - 1 :]:
        state = upgrade(state)
    return state


def _with_deadlines(state: _State) -> _State:
    """From 1 to 2: a live conversation tells since when it lives and when something last happened in it.

    Who spoke last was not known; nobody is reminded or warned for it until somebody speaks again.
    """
    conversation = state.get("conversation")
    if conversation is None:
        return state
    times = [conversation["status_changed_at"], conversation.get("last_message_at")]
    return state | {
        "conversation": conversation
        | {
            "active_at": max((at for at in times if at), key=datetime.fromisoformat),
            "live_since": conversation["opened_at"],
        }
    }


def _same(state: _State) -> _State:
    """From 2 to 3, 4 and 5: runs make their ids, begin, and leave in another way; the shape stayed."""
    return state


_UPGRADES: tuple[Callable[[_State], _State], ...] = (_with_deadlines, _same, _same, _same)
"""One step each, from the first version on. A version has one way to the next for ever."""
