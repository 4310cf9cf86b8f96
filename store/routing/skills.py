"""Skills, and how well agents have them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from domain.routing.field_errors import FieldError
from store.db.refusals import RefusalReason, StoreRefusalError
from store.db.sql import delete_rows
from store.routing.configuration import (
    LOOK_AT_ALL,
    add_named,
    get_named,
    list_named,
    note_change,
    refuse_taken_name,
    refuse_wrong,
)
from store.routing.dispatch_marks import MarkKind
from store.routing.members import queues_of
from store.tables import AgentSkill, Rule, Skill

MAX_SKILLS = 500
MAX_SKILLS_OF_AN_AGENT = 100


def get(session: Session, skill_id: str) -> Skill:
    """The skill; refused as `not_found`."""
    return get_named(session, Skill, "skill", skill_id)


def listed(session: Session, *, after: str | None, limit: int) -> list[Skill]:
    """Skills by id."""
    return list_named(session, Skill, after=after, limit=limit)


def add(
    session: Session, skill_id: str, *, name: str, description: str | None, max_rating: int, at: datetime
) -> Skill:
    """A new skill that nobody has."""
    skill = Skill(id=skill_id, name=name, description=description, max_rating=max_rating, created_at=at)
    add_named(session, skill, MAX_SKILLS)
    note_change(session)
    return skill


def change(session: Session, skill_id: str, changes: dict[str, Any]) -> Skill:
    """Change its name, description or greatest rating, which no rating that is given may exceed."""
    skill = get(session, skill_id)
    greatest = session.exec(select(func.max(AgentSkill.rating)).where(AgentSkill.skill_id == skill_id)).one()
    if changes.get("max_rating", greatest or 0) < (greatest or 0):
        message = f"Agents have ratings up to {greatest}."
        refuse_wrong([FieldError("max_rating", "below_ratings", message)])
    skill.sqlmodel_update(changes)
    refuse_taken_name(session, skill)
    note_change(session)
    return skill


def delete(session: Session, skill_id: str) -> None:
    """Delete a skill that no rule gives; agents have it no more."""
    skill = get(session, skill_id)
    given_by = {
        rule.rule_set_id
        for rule in session.exec(select(Rule))
        if any(each["skill_id"] == skill_id for each in rule.outputs.get("skills", ()))
    }
    if given_by:
        raise StoreRefusalError(RefusalReason.SKILL_IN_USE, rule_set_ids=sorted(given_by))
    delete_rows(session, AgentSkill, col(AgentSkill.skill_id) == skill_id)
    session.delete(skill)
    note_change(session, LOOK_AT_ALL)


def of_agent(session: Session, agent_id: str) -> dict[str, int]:
    """An agent's ratings, by skill id."""
    rows = session.exec(
        select(AgentSkill).where(AgentSkill.agent_id == agent_id).order_by(col(AgentSkill.skill_id))
    )
    return {row.skill_id: row.rating for row in rows}


def set_of_agent(session: Session, agent_id: str, ratings: Mapping[str, int]) -> None:
    """Let an agent have exactly these skills."""
    found = session.exec(select(Skill).where(col(Skill.id).in_(ratings))).all()
    greatest = {skill.id: skill.max_rating for skill in found}
    errors = []
    for place, (skill_id, rating) in enumerate(ratings.items()):
        if skill_id not in greatest:
            message = "There is no such skill."
            errors.append(FieldError(f"skills.{place}.skill_id", "unknown_skill", message))
        elif rating > greatest[skill_id]:
            message = f"Has to be at most {greatest[skill_id]}."
            errors.append(FieldError(f"skills.{place}.rating", "out_of_range", message))
    refuse_wrong(errors)
    delete_rows(session, AgentSkill, col(AgentSkill.agent_id) == agent_id)
    for skill_id, rating in ratings.items():
        session.add(AgentSkill(agent_id=agent_id, skill_id=skill_id, rating=rating))
    queues = queues_of(session, agent_id)
    note_change(session, (MarkKind.AGENT, agent_id), *((MarkKind.QUEUE, each) for each in queues))
