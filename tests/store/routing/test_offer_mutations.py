"""The stories of the offer protocol notice each rule that is left out.

A model that finds nothing proves nothing unless it finds what is known to be wrong: each row of the table
leaves one rule out, and some story must come to rest in a way that the invariants forbid, or never come to
rest.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

from domain.conversations.lifecycle import Status
from domain.routing.capacity import ClaimVerdict
from store.db.engines import make_engine
from store.routing.dispatch_marks import MarkKind
from support.offer_stories import tell
from support.offers import seed_desk
from support.store import make_settings, seed

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

MAX_STORIES = 100

Mutation = tuple[str, Callable[[Any], Any]]
"""Where a rule is, as module:name (of several: with blanks between), and what takes its place, made of it."""


def _without_marks_of(kind: MarkKind) -> Callable[[Any], Any]:
    def mutate(append: Any) -> Any:
        return lambda session, marks: append(session, [each for each in marks if each[0] is not kind])

    return mutate


MUTATIONS: dict[str, Mutation] = {
    "claims do not look at the capacity": (
        "store.routing.claims:judge_claim",
        lambda _: lambda *_args, **_more: ClaimVerdict.FITS,
    ),
    "nobody looks at the presence": (
        "store.routing.claims:receives_offers domain.routing.eligibility:receives_offers",
        lambda _: lambda *_: True,
    ),
    "what came back is not looked at again": ("dispatch.batch:returned_items", lambda _: lambda *_: []),
    "a slot that is released leaves no mark": (
        "store.routing.projection:append_marks",
        _without_marks_of(MarkKind.AGENT),
    ),
    "what enters a queue leaves no mark": (
        "store.routing.projection:append_marks",
        _without_marks_of(MarkKind.ITEM),
    ),
    "an offer counts for every stay": (
        "domain.conversations.apply_routing:_fits",
        lambda _: (
            lambda conversation, offer, _now: (
                conversation.id == offer.conversation_id and conversation.status is Status.OPEN
            )
        ),
    ),
    "another stay leaves the slot as it is": (
        "store.routing.projection:_is_same_stay",
        lambda _: lambda item, _placement: item.state != "entering",
    ),
    "who declined too often is asked again": (
        "domain.routing.eligibility:may_be_asked",
        lambda _: lambda *_: True,
    ),
    "the next in the queue is not looked for": (
        "dispatch.batch:Batch._next_for",
        lambda _: lambda *_: None,
    ),
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with ExitStack() as stack:
        engine = make_engine("sqlite://")
        stack.callback(engine.dispose)
        SQLModel.metadata.create_all(engine)
        with Session(engine) as session:
            seed(session, make_settings(tmp_path_factory.mktemp("seed")))
            session.flush()
            seed_desk(session)
            session.commit()
        yield engine


@pytest.mark.parametrize("rule", MUTATIONS)
def test_a_rule_that_is_left_out_is_noticed(
    engine: Engine, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    places, mutate = MUTATIONS[rule]
    for place in places.split():
        module, _, path = place.partition(":")
        *parents, name = path.split(".")
        owner: Any = importlib.import_module(module)
        for parent in parents:
            owner = getattr(owner, parent)
        monkeypatch.setattr(owner, name, mutate(getattr(owner, name)))
    for number in range(MAX_STORIES):
        try:
            tell(engine, f"without-{list(MUTATIONS).index(rule)}-{number}")
        except AssertionError:
            return
    pytest.fail(f"{MAX_STORIES} stories did not notice it")
