"""The state of a thread as a row keeps it: with the number of its shape, and read whatever shape it has.

Users upgrade, and a thread may have slept for a year when its customer writes again.
"""

from collections.abc import Callable
from typing import Any

from domain.conversations.state import SCHEMA_VERSION

_VERSION = "schema_version"

_State = dict[str, Any]

UPGRADES: dict[int, Callable[[_State], _State]] = {}
"""One step from each released shape to the next, by the number that it starts from.

6 is the first shape of a release, so there is none yet. A version has one way to the next for ever.
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
