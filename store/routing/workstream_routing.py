"""How workstreams share out their work: changed, copied and deleted with all that belongs to them."""

from datetime import datetime
from typing import TypeVar

from sqlalchemy import or_
from sqlmodel import Session, SQLModel, col, func, select

from base.ids import new_id
from domain.routing.field_errors import under
from domain.routing.work_distribution import WorkDistribution, validate_change, validate_work_distribution
from store.db.refusals import RefusalReason, StoreRefusalError
from store.db.sql import delete_rows
from store.quick_replies import quick_replies
from store.routing.configuration import LOOK_AT_ALL, note_change, read_known_ids, refuse_wrong
from store.tables import Conversation, Demand, DispositionCode, Page, Rule, RuleSet, TimeOutRule, Workstream
from store.workstreams import workstreams
from store.workstreams.work_distribution import columns_of, work_distribution_of

MAX_NAME_LENGTH = 100
_PATH = "work_distribution"

Row = TypeVar("Row", bound=SQLModel)


def set_work_distribution(session: Session, workstream_id: str, settings: WorkDistribution) -> None:
    """Set how a workstream shares out its work. Its mode changes only while all is closed.

    Nothing enters a queue of it meanwhile (`store.routing.projection`).
    """
    workstream = workstreams.get(session, workstream_id, lock=True)
    before = work_distribution_of(workstream)
    live = live_conversations(session, workstream_id) if settings.mode is not before.mode else 0
    errors = [
        *validate_work_distribution(settings, read_known_ids(session)),
        *validate_change(before, settings, live),
    ]
    refuse_wrong(under(_PATH, errors))
    workstream.sqlmodel_update(columns_of(settings))
    note_change(session, LOOK_AT_ALL)


def live_conversations(session: Session, workstream_id: str) -> int:
    """How many conversations of a workstream, or of its pages, are not closed."""
    pages = select(Page.page_id).where(Page.workstream_id == workstream_id)
    return session.exec(
        select(func.count())
        .select_from(Conversation)
        .where(
            Conversation.status != "closed",
            or_(
                col(Conversation.workstream_id) == workstream_id,
                col(Conversation.workstream_id).is_(None) & col(Conversation.page_id).in_(pages),
            ),
        )
    ).one()


def copy(session: Session, workstream_id: str, copy_id: str, at: datetime) -> None:
    """Make a workstream like another, with its rules and disposition codes and without its pages.

    Quick replies of the one are of the copy, too.
    """
    original = workstreams.get(session, workstream_id)
    name = _name_of_copy(session, original.name)
    session.add(_like(original, id=copy_id, name=name, created_at=at))
    session.flush()
    rule_sets = {each.id: new_id() for each in _of(session, RuleSet, workstream_id)}
    for each in _of(session, RuleSet, workstream_id):
        session.add(_like(each, id=rule_sets[each.id], workstream_id=copy_id, created_at=at))
    session.flush()
    for rule in session.exec(select(Rule).where(col(Rule.rule_set_id).in_(rule_sets))).all():
        session.add(_like(rule, id=new_id(), rule_set_id=rule_sets[rule.rule_set_id], created_at=at))
    for time_out in _of(session, TimeOutRule, workstream_id):
        session.add(_like(time_out, id=new_id(), workstream_id=copy_id, created_at=at))
    for code in _of(session, DispositionCode, workstream_id):
        session.add(_like(code, id=new_id(), workstream_id=copy_id, created_at=at))
    quick_replies.share_with_copy(session, workstream_id, copy_id)
    note_change(session)


def delete(session: Session, workstream_id: str) -> None:
    """Delete a workstream that has neither pages nor live conversations.

    Disposition codes that closed conversations have stay, switched off, for what is told of these. Quick
    replies of this workstream alone go with it.
    """
    workstreams.get(session, workstream_id)
    workstreams.refuse_with_pages(session, workstream_id)
    if live := live_conversations(session, workstream_id):
        raise StoreRefusalError(RefusalReason.WORKSTREAM_IN_USE, conversations=live)
    used = set(
        session.exec(
            select(Conversation.disposition_code_id)
            .join(DispositionCode, col(DispositionCode.id) == Conversation.disposition_code_id)
            .where(DispositionCode.workstream_id == workstream_id)
            .distinct()
        )
    )
    for code in _of(session, DispositionCode, workstream_id):
        if code.id in used:
            code.workstream_id, code.active = None, False
        else:
            session.delete(code)
    quick_replies.forget_workstream(session, workstream_id)
    rule_sets = select(RuleSet.id).where(RuleSet.workstream_id == workstream_id)
    session.flush()
    delete_rows(session, Rule, col(Rule.rule_set_id).in_(rule_sets))
    delete_rows(session, RuleSet, col(RuleSet.workstream_id) == workstream_id)
    delete_rows(session, Demand, col(Demand.workstream_id) == workstream_id)
    workstreams.delete(session, workstream_id)
    note_change(session)


OfWorkstream = TypeVar("OfWorkstream", RuleSet, TimeOutRule, DispositionCode)


def _of(session: Session, model: type[OfWorkstream], workstream_id: str) -> list[OfWorkstream]:
    return list(session.exec(select(model).where(model.workstream_id == workstream_id)))


def _like(row: Row, **changes: object) -> Row:
    return type(row)(**{**row.model_dump(), **changes})


def _name_of_copy(session: Session, name: str) -> str:
    """The name with "Copy of" before it, numbered where that is taken, and no longer than a name may be."""
    taken = set(session.exec(select(Workstream.name)))
    number = 1
    while True:
        end = "" if number == 1 else f" ({number})"
        found = f"Copy of {name}"[: MAX_NAME_LENGTH - len(end)].rstrip() + end
        if found not in taken:
            return found
        number += 1
