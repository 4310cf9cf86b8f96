"""Two APIs, two workers, PostgreSQL and Temporal fail under load. Nothing is lost, doubled or mixed up."""

import pytest

from chaos.failing_over import Failures
from chaos.loads import SMOKE, Load
from chaos.trial import Trial
from support.postgres_server import PostgresServer

pytestmark = pytest.mark.postgres

_TALKS = 12
_MESSAGES_PER_SECOND = 8
_REPLIES_PER_SECOND = 2.5
_ROUNDS = 8
_FAULTS_OF_A_ROUND = 41


async def test_everything_fails_in_turn_under_load(
    trial: Trial, load: Load, postgres: PostgresServer
) -> None:
    failures = Failures(trial, postgres)
    rounds, faults = (1, failures.count) if load is SMOKE else (_ROUNDS, _FAULTS_OF_A_ROUND)
    for _ in range(rounds):
        talks = await trial.talking(_TALKS)
        people = await trial.meet(load.customers)
        async with (
            trial.customers.writing([*people, *talks], _MESSAGES_PER_SECOND),
            trial.replies.going_on(list(talks.values()), _REPLIES_PER_SECOND, patience=0),
        ):
            for _ in range(faults):
                await failures.strike()
                await trial.some_time(up_to=1.0)
        await trial.verify(parked=load.parked)
