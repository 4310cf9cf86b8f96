"""Edits, reactions and deletions of messages, which may come before the message."""

from typing import Any

from sqlmodel import Session

from base.clock import from_iso
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store.attachments.rows import take_back
from store.conversations import early_message_changes
from store.conversations.messages import message_of_mid
from store.events.events import event_row
from store.search import texts as search_texts
from store.tables import Message

_CHANGING_TEXT = ("edit", "deletion")
_FACTS = {
    "edit": FactKind.MESSAGE_EDITED,
    "deletion": FactKind.MESSAGE_DELETED,
    "reaction": FactKind.MESSAGE_REACTED,
}


def apply_changes(
    session: Session,
    changes: list[dict[str, Any]],
    new_mids: list[tuple[str, str]],
    events: list[dict[str, Any]],
) -> list[str]:
    """Apply a batch's changes, and to its new messages, (page id, mid), what came before them.

    Each change of a message adds a row to `events`, which the caller appends. Returns the ids of deleted
    messages that have files, which are to be deleted too.
    """
    early = early_message_changes.of_messages(session, new_mids)
    waiting, with_files = [], []
    for change in [*early, *changes]:
        message = message_of_mid(session, change["page_id"], change["mid"])
        if message is None:
            waiting.append(change)
        else:
            if change["kind"] == "deletion" and take_back(
                session, message.id, from_iso(change["change"]["at"])
            ):
                with_files.append(message.id)
            _apply(message, change["kind"], change["change"])
            events.append(_event(message, change))
            if change["kind"] in _CHANGING_TEXT:
                search_texts.replace_message(session, message)
    early_message_changes.keep(session, waiting)
    early_message_changes.forget(session, early)
    return with_files


def _event(message: Message, change: dict[str, Any]) -> dict[str, Any]:
    made = change["change"]
    fact = Fact(
        _FACTS[change["kind"]],
        from_iso(made["at"]),
        ActorKind.CUSTOMER,
        conversation_id=message.conversation_id,
        message_id=message.id,
        data={"action": made["action"]} if "action" in made else None,
    )
    return event_row(fact, message.page_id, message.customer_id, f"inbox/{change['inbox_id']}/change")


def _apply(message: Message, kind: str, change: dict[str, Any]) -> None:
    match kind:
        case "edit":
            if message.deleted_at is None:
                _edit(message, change)
        case "deletion":
            # Meta's terms: what a person deletes must leave our store too.
            message.text = None
            message.attachments = []
            message.edits = []
            message.quick_reply_payload = None
            message.deleted_at = from_iso(change["at"])
        case "reaction":
            _react(message, change)
        case _:
            raise ValueError(kind)


def _edit(message: Message, change: dict[str, Any]) -> None:
    """Put the edit where its number belongs; the text is the newest one's, in whatever order they come."""
    text = message.edits[0]["former_text"] if message.edits else message.text
    if change["number"] is None:
        change = change | {"number": max((edit["number"] for edit in message.edits), default=0) + 1}
    edits = []
    for edit in sorted([*message.edits, change], key=lambda each: each["number"]):
        edits.append(edit | {"former_text": text})
        text = edit["text"]
    message.edits, message.text = edits, text


def _react(message: Message, change: dict[str, Any]) -> None:
    """Keep each person's latest reaction, one that was removed too: an older one may still come."""
    known = next((one for one in message.reactions if one["by"] == change["by"]), None)
    if known is not None and from_iso(change["at"]) < from_iso(known["at"]):
        return
    message.reactions = [*(one for one in message.reactions if one != known), change]
