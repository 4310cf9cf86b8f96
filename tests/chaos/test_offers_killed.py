"""Worker, second worker, API and engine die at every step of an offer.

No agent ever has more than their capacity, each offer is told once and accepted by one, and nothing is lost.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from chaos.conftest import Workshop
from chaos.loads import SMOKE, Load
from chaos.offer_metrics import DECLINE_LIMIT
from chaos.offering import PLACES, SMOKE_PLACES, UNITS, Deaths, Offers
from chaos.trial import Trial
from store.db.database import Database
from support.eventually import eventually
from support.offer_facts import facts_of, read_offers
from support.routing_invariants import violations_at_rest

_AGENTS, _MESSAGES_PER_SECOND = 6, 4.0
_PEOPLE, _SMOKE_PEOPLE = 24, 8
_ROUNDS, _FAULTS_OF_A_ROUND = 10, 50


@pytest.fixture
def desk_of_its_own(workshop: Workshop) -> Iterator[None]:
    """Where conversations are live, a workstream cannot begin to push."""
    workshop.discard()
    yield
    workshop.discard()


@pytest.mark.usefixtures("desk_of_its_own")
async def test_killed_at_every_step_of_an_offer(trial: Trial, load: Load) -> None:
    small = load is SMOKE
    offers = await Offers.open(trial, _AGENTS)
    deaths = Deaths(trial, SMOKE_PLACES if small else PLACES)
    rounds, faults = (1, len(SMOKE_PLACES)) if small else (_ROUNDS, _FAULTS_OF_A_ROUND)
    for _ in range(rounds):
        people = await trial.meet(_SMOKE_PEOPLE if small else _PEOPLE)
        async with offers.working():
            async with trial.customers.writing(people, _MESSAGES_PER_SECOND):
                for _ in range(faults):
                    await deaths.strike()
            await offers.everything_is_done()
        await trial.verify()
        await _rows_hold(trial, [member.id for member in offers.staff])
    await offers.close()


async def _rows_hold(trial: Trial, agent_ids: list[str]) -> None:
    """The eight invariants, of the rows themselves."""
    limits = dict.fromkeys(agent_ids, UNITS)
    database = Database(trial.fleet.settings().store_url)
    found: list[str] = []

    def look(session: Session) -> list[str]:
        told = read_offers(facts_of(session), limits, DECLINE_LIMIT)
        return violations_at_rest(session, datetime.now(UTC), limits, told)

    async def hold() -> bool:
        nonlocal found
        found = await database.read(look)
        return not found

    try:
        await eventually(hold, within=30)
    except AssertionError:
        raise AssertionError(f"seed {trial.record.seed}: {found}") from None
    finally:
        database.close()
