"""What may happen to two APIs, two workers, their database and their engine, drawn by lot."""

from collections.abc import Awaitable, Callable, Iterator

import psycopg

from chaos.processes import API, SECOND_API, SECOND_WORKER, TEMPORAL, WORKER
from chaos.trial import Trial
from support.postgres_server import PostgresServer

_WORKERS = (WORKER, SECOND_WORKER)
_APIS = (API, SECOND_API)
_DOWN_SECONDS = 2.0
_READ_ONLY_SECONDS = (1.0, 4.0)
_STILL_SECONDS = (4.0, 6.0)
"""Longer than a relay may be silent: another one has its partitions when it goes on."""


class Failures:
    """Faults, one after the other; each is over when it is noted."""

    def __init__(self, trial: Trial, postgres: PostgresServer) -> None:
        self._trial = trial
        self._postgres = postgres
        self._kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "a worker is killed": lambda: self._killed(trial.dice.choice(_WORKERS)),
            "both workers are killed": lambda: self._killed(*_WORKERS),
            "a worker is stopped, as for a new release": lambda: self._stopped(trial.dice.choice(_WORKERS)),
            "a worker stands still": lambda: self._stands_still(trial.dice.choice(_WORKERS)),
            "an API is killed": lambda: self._killed(trial.dice.choice(_APIS)),
            "Temporal is killed": lambda: self._killed(TEMPORAL),
            "the database stops at once": self._database_stops,
            "the database only reads for seconds": self._database_only_reads,
            "all connections to the database are ended": self._connections_end,
        }
        self._drawn = self._draw()

    @property
    def count(self) -> int:
        """How many kinds there are."""
        return len(self._kinds)

    async def strike(self) -> None:
        """The next fault, from its beginning to its end."""
        kind = next(self._drawn)
        self._trial.begun(kind)
        await self._kinds[kind]()
        self._trial.struck(kind)

    def _draw(self) -> Iterator[str]:
        """Every kind in turn, in a new order each time."""
        while True:
            yield from self._trial.dice.sample(list(self._kinds), len(self._kinds))

    async def _killed(self, *names: str) -> None:
        fleet = self._trial.fleet
        fleet.kill(*names)
        await self._trial.some_time(up_to=_DOWN_SECONDS)
        await fleet.up(*names)

    async def _stopped(self, name: str) -> None:
        fleet = self._trial.fleet
        fleet.terminate(name)
        assert await fleet.ended(name) == 0, fleet.last_words(name)
        await fleet.up(name)

    async def _stands_still(self, name: str) -> None:
        self._trial.fleet.stop(name)
        await self._trial.some_time_between(*_STILL_SECONDS)
        self._trial.fleet.go_on(name)

    async def _database_stops(self) -> None:
        self._postgres.stop_at_once()
        await self._trial.some_time(up_to=_DOWN_SECONDS)
        self._postgres.start()

    async def _database_only_reads(self) -> None:
        self._tell_postgres("ALTER SYSTEM SET default_transaction_read_only = on")
        await self._trial.some_time_between(*_READ_ONLY_SECONDS)
        self._tell_postgres("ALTER SYSTEM RESET default_transaction_read_only")

    def _tell_postgres(self, setting: str) -> None:
        writes = "-c default_transaction_read_only=off"
        with psycopg.connect(self._postgres.url, autocommit=True, options=writes) as connection:
            connection.execute(setting)
            connection.execute("SELECT pg_reload_conf()")

    async def _connections_end(self) -> None:
        with psycopg.connect(self._postgres.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
