"""Quick replies: who sees and changes one, where it can be used, and which are found by what is typed.

A shared one is everybody's to use; supervisors and administrators change it. A personal one is its owner's
alone. Source: docs/reference/service-behaviour.md, "quick replies".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from domain.access.roles import SUPERVISORS_AND_ADMINS, Role
from domain.search.terms import Term, terms_of, words_of

MAX_SHARED = 1000
MAX_PERSONAL = 200
"""So many may each agent have."""
MAX_TAGS = 20

Place = tuple[int, str, str]
"""Where a reply stands in a list: how well it fits, its slug, its id."""


class Owner(StrEnum):
    """Whose replies a list has."""

    ANYBODY = "anybody"
    SHARED = "shared"
    ME = "me"


@dataclass(frozen=True, slots=True)
class QuickReply:
    """A quick reply without its texts. `owner_id`: whose it is; None: it is shared.

    `slug` is the short name that is typed to get it. Without `workstream_ids` it is of all workstreams.
    """

    id: str
    slug: str
    title: str
    owner_id: str | None = None
    tags: tuple[str, ...] = ()
    workstream_ids: frozenset[str] = frozenset()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; unset fields do not narrow.

    `typed`: the beginning of a slug, words of the title or of tags, or `#` with the beginning of a tag.
    """

    agent_id: str
    owner: Owner = Owner.ANYBODY
    workstream_id: str | None = None
    language: str | None = None
    tag: str | None = None
    typed: str = ""


def may_see(owner_id: str | None, agent_id: str) -> bool:
    """Whether an agent may see a reply, and use it."""
    return owner_id in (None, agent_id)


def may_change(owner_id: str | None, agent_id: str, role: Role) -> bool:
    """Whether an agent may add, change or delete a reply."""
    return role in SUPERVISORS_AND_ADMINS if owner_id is None else owner_id == agent_id


def find(replies: Iterable[QuickReply], wanted: Wanted) -> list[tuple[Place, QuickReply]]:
    """Those that are wanted, the best first, with their places."""
    fitting = ((_rank(each, wanted.typed), each) for each in replies if _is_wanted(each, wanted))
    found = [((rank, each.slug, each.id), each) for rank, each in fitting if rank is not None]
    return sorted(found, key=lambda each: each[0])


def _is_wanted(reply: QuickReply, wanted: Wanted) -> bool:
    return (
        may_see(reply.owner_id, wanted.agent_id)
        and (wanted.owner is Owner.ANYBODY or (reply.owner_id is None) is (wanted.owner is Owner.SHARED))
        and (wanted.workstream_id is None or _is_of(reply, wanted.workstream_id))
        and (wanted.language is None or wanted.language.lower() in map(str.lower, reply.languages))
        and (wanted.tag is None or wanted.tag.casefold() in reply.tags)
    )


def _is_of(reply: QuickReply, workstream_id: str) -> bool:
    return not reply.workstream_ids or workstream_id in reply.workstream_ids


def _rank(reply: QuickReply, typed: str) -> int | None:
    """How well a reply fits what is typed, 0 the best; None: not at all."""
    beginning = typed.strip().casefold()
    if beginning.startswith("#"):
        return 0 if any(tag.startswith(beginning[1:]) for tag in reply.tags) else None
    if not beginning or reply.slug == beginning:
        return 0
    if reply.slug.startswith(beginning):
        return 1
    terms = terms_of(beginning)
    if not terms:
        return None
    if _holds_all(words_of(reply.title), terms):
        return 2
    return 3 if _holds_all(words_of(" ".join((reply.slug, reply.title, *reply.tags))), terms) else None


def _holds_all(words: list[str], terms: list[Term]) -> bool:
    return all(
        any(word.startswith(term.word) if term.is_prefix else word == term.word for word in words)
        for term in terms
    )
