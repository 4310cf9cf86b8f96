"""Context variables: what is known about a conversation beyond its messages. Names are case-sensitive."""

from collections.abc import Collection, Mapping
from datetime import datetime

import orjson
from sqlmodel import Session, col, select

from store.db.refusals import RefusalReason, StoreRefusalError, not_found
from store.db.sql import delete_rows, upsert
from store.tables import ContextVariable, Conversation

MAX_VARIABLES = 100

Value = str | int | float


def of_conversation(session: Session, conversation_id: str) -> dict[str, Value]:
    """The variables of a conversation by name; refused as `not_found`."""
    if session.get(Conversation, conversation_id) is None:
        raise not_found("conversation", conversation_id)
    return of_conversations(session, [conversation_id]).get(conversation_id, {})


def as_texts(session: Session, conversation_ids: Collection[str]) -> dict[str, dict[str, str]]:
    """The variables of several conversations, as placeholders show them. One statement."""
    return {
        conversation_id: {name: str(value) for name, value in variables.items()}
        for conversation_id, variables in of_conversations(session, conversation_ids).items()
    }


def change(
    session: Session,
    conversation_id: str,
    changes: Mapping[str, Value | None],
    at: datetime,
    *,
    by_agent: str | None,
) -> Conversation:
    """Set variables, and forget those that are None; refused where there would be too many.

    `by_agent` may change those of conversations that nobody else has; None: of all. Returns the conversation
    that has them.
    """
    conversation = _locked(session, conversation_id)
    if by_agent is not None and conversation.agent_id not in (None, by_agent):
        raise StoreRefusalError(
            RefusalReason.NOT_YOUR_CONVERSATION,
            conversation_id=conversation_id,
            agent_id=conversation.agent_id,
        )
    names = of_conversations(session, [conversation_id]).get(conversation_id, {}).keys()
    forgotten = {name for name, value in changes.items() if value is None}
    if len((names | changes.keys()) - forgotten) > MAX_VARIABLES:
        raise StoreRefusalError(RefusalReason.LIMIT_REACHED, limit=MAX_VARIABLES)
    delete_rows(
        session,
        ContextVariable,
        col(ContextVariable.conversation_id) == conversation_id,
        col(ContextVariable.name).in_(forgotten),
    )
    given = {name: value for name, value in changes.items() if value is not None}
    write(session, conversation_id, given, at)
    return conversation


def write(session: Session, conversation_id: str, variables: Mapping[str, Value], at: datetime) -> None:
    """Set variables by what is no person's act, such as a rule. The conversation may have no row yet."""
    for name, value in variables.items():
        written = orjson.dumps(value).decode()
        row = {"conversation_id": conversation_id, "name": name, "value": written, "changed_at": at}
        upsert(session, ContextVariable, row)


def replace(
    session: Session,
    conversation_id: str,
    variables: Mapping[str, Value],
    at: datetime,
    *,
    by_agent: str | None,
) -> Conversation:
    """Let the conversation have exactly these variables; as `change`."""
    _locked(session, conversation_id)
    former = of_conversations(session, [conversation_id]).get(conversation_id, {})
    gone = dict.fromkeys(former.keys() - variables.keys())
    return change(session, conversation_id, {**gone, **variables}, at, by_agent=by_agent)


def _locked(session: Session, conversation_id: str) -> Conversation:
    """Two who change variables at the same time must not pass the limit together."""
    conversation = session.get(Conversation, conversation_id, with_for_update=True)
    if conversation is None:
        raise not_found("conversation", conversation_id)
    return conversation


def of_conversations(session: Session, conversation_ids: Collection[str]) -> dict[str, dict[str, Value]]:
    """The variables of several conversations by name; none for those without. One statement."""
    found = session.exec(
        select(ContextVariable.conversation_id, ContextVariable.name, ContextVariable.value)
        .where(col(ContextVariable.conversation_id).in_(conversation_ids))
        .order_by(col(ContextVariable.name))
    )
    values: dict[str, dict[str, Value]] = {}
    for conversation_id, name, value in found:
        values.setdefault(conversation_id, {})[name] = orjson.loads(value)
    return values
