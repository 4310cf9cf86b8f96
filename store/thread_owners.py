"""Who controls a thread, kept with it."""

from domain.thread_owner import OwnerKind, ThreadOwner
from store.tables import Thread


def owner_of_thread(thread: Thread) -> ThreadOwner:
    """What was learnt last; `as_of` tells whether it is still known."""
    return ThreadOwner(OwnerKind(thread.owner), thread.owner_app_id, thread.owner_known_at)


def set_owner(thread: Thread, owner: ThreadOwner) -> None:
    """Keep what was learnt."""
    thread.owner = owner.kind.value
    thread.owner_app_id = owner.app_id
    thread.owner_known_at = owner.known_at
