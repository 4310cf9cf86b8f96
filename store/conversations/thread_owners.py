"""Who controls a thread, kept with it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from domain.sending.thread_owner import OwnerKind, ThreadOwner
from store.events.events import append_events, event_row
from store.tables import Conversation, Thread


def owner_of_thread(thread: Thread | Row[Any]) -> ThreadOwner:
    """What was learnt last; `as_of` tells whether it is still known. Of a row three columns are enough."""
    return ThreadOwner(OwnerKind(thread.owner), thread.owner_app_id, thread.owner_known_at)


def set_owner(thread: Thread, owner: ThreadOwner) -> None:
    """Keep what was learnt."""
    thread.owner = owner.kind.value
    thread.owner_app_id = owner.app_id
    thread.owner_known_at = owner.known_at


def is_others(thread: Thread, now: datetime) -> bool:
    """Whether another app is known to control the thread."""
    return owner_of_thread(thread).as_of(now).is_other


def told_by_meta(
    session: Session, customer_id: str, app_id: str | None, own_app_id: str, at: datetime
) -> ThreadOwner:
    """Keep which app Meta names as the owner, None for nobody."""
    thread = session.get_one(Thread, customer_id, with_for_update=True)
    set_owner(thread, owner_of_thread(thread).handed_to(app_id, own_app_id, at))
    return owner_of_thread(thread)


def refused_by_meta(session: Session, customer_id: str, at: datetime) -> None:
    """Meta refused a send because another app controls the thread."""
    thread = session.get_one(Thread, customer_id, with_for_update=True)
    set_owner(thread, owner_of_thread(thread).heard_on_standby(at))


def note_control(
    session: Session,
    conversation: Conversation,
    done: str,
    *,
    agent_id: str,
    app_id: str | None,
    key: str,
    at: datetime,
) -> None:
    """Put in the timeline what an agent has `done` with the thread: `taken`, `passed` and so on."""
    fact = Fact(
        FactKind(f"thread.{done}"), at, ActorKind.AGENT, agent_id, conversation.id, data={"app_id": app_id}
    )
    append_events(session, [event_row(fact, conversation.page_id, conversation.customer_id, key)])
