"""The state of a thread's workflow as it was last projected, for what is asked of the rules beside it."""

from dataclasses import replace

from pydantic import TypeAdapter
from sqlmodel import Session

from domain.conversations.state import ThreadState
from store.conversations.conversation_settings import conversation_settings
from store.conversations.projection import window_of_thread
from store.conversations.state_versions import readable
from store.tables import Thread

_STATE = TypeAdapter(ThreadState)


def read_state(session: Session, thread: Thread) -> ThreadState:
    """The state, with window and settings as they now are."""
    kept = _STATE.validate_python(readable(thread.state or {}))
    settings = conversation_settings(session, thread.page_id)
    return replace(kept, window=window_of_thread(thread), settings=settings)
