"""Notices who is gone without having said so: agents of a process that died, and leases that are over.

Absences that have no workflow yet are given one. When nothing is wrong, each look is one statement.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlmodel import Session

from background.absence_starter import AbsenceStarter
from base import clock
from base.log import get_logger
from base.process.process_lock import is_alive
from domain.routing.absence import STREAM_GRACE
from store.db.database import Database
from store.db.unavailable import STORE_UNAVAILABLE
from store.routing.agent_states import RoutingWrites
from store.routing.presence import (
    Absence,
    PresenceSurvey,
    end_lease,
    end_process,
    survey_presence,
    sweep_process,
)
from store.routing.transactions import with_routing_writes

_LOOK_SECONDS = 1.0

T = TypeVar("T")
_log = get_logger("ingest")


class PresenceKeeper:
    """`lock_directory`: where on one machine a file says which processes live."""

    def __init__(self, database: Database, starter: AbsenceStarter, lock_directory: Path | None) -> None:
        self._database = database
        self._starter = starter
        self._lock_directory = lock_directory
        self._wanted = frozenset({Absence.BEGUN, Absence.RUNNING})

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except STORE_UNAVAILABLE as error:
                _log.warning("presence_not_kept", error=type(error).__name__)
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Act on everything that is over.

        First also on absences whose workflows a Temporal server that lost its data forgot.
        """
        survey = await self._database.read(lambda session: survey_presence(session, self._wanted))
        await self._end_dead_processes(survey)
        for process_id, left in survey.processes.items():
            if left.total_seconds() <= 0:
                while await self._write(partial(_sweep, process_id)):
                    pass
                _log.warning("streams_of_dead_process_swept", process_id=process_id)
        for agent_id in survey.leases_over:
            await self._write(partial(_end_lease, agent_id))
        if all([await self._starter.start(agent_id) for agent_id in survey.absences]):
            self._wanted = frozenset({Absence.BEGUN})

    async def _end_dead_processes(self, survey: PresenceSurvey) -> None:
        """On one machine it is known at once who died: its agents have the time of a closed stream."""
        if self._lock_directory is None:
            return
        for process_id, left in survey.processes.items():
            if left > STREAM_GRACE and not is_alive(self._lock_directory, process_id):
                await self._database.write(partial(_end_process, process_id))

    async def _write(self, work: Callable[[Session, RoutingWrites], T]) -> T:
        return await self._database.write(with_routing_writes(work))


def _end_process(process_id: str, session: Session) -> None:
    end_process(session, process_id)


def _sweep(process_id: str, session: Session, writes: RoutingWrites) -> bool:
    return sweep_process(session, process_id, writes, clock.now())


def _end_lease(agent_id: str, session: Session, writes: RoutingWrites) -> None:
    end_lease(session, agent_id, writes, clock.now())
