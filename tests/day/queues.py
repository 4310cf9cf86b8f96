"""The queues of a day. The last one closes before the day is over: what comes then goes to the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from day.plan import DECLINE_LIMIT, QUEUES
from support.staff import Member, add_queue, asked

_ALWAYS = [{"weekday": day, "opens": "00:00", "closes": "00:00"} for day in range(7)]


@dataclass(frozen=True)
class Queues:
    """`ids`: as in `QUEUES`. `hours_id`: the operating hours of the last one."""

    ids: tuple[str, ...]
    hours_id: str

    @classmethod
    async def open(cls, api: httpx.AsyncClient, members: Sequence[Sequence[Member]]) -> "Queues":
        """All of them, each with those who serve it."""
        hours_id = str((await asked(api, "POST", "/v1/operating-hours", _hours(_ALWAYS)))["id"])
        found: list[str] = []
        for (name, _), serving in zip(QUEUES, members, strict=True):
            settings: dict[str, Any] = {"name": name, "assignment": {"decline_limit": DECLINE_LIMIT}}
            if len(found) == len(QUEUES) - 1:
                before = [{"condition": "out_of_hours", "action": "transfer", "queue_id": found[0]}]
                settings |= {"operating_hours_id": hours_id, "overflow": {"before": before}}
            found.append(await add_queue(api, serving, **settings))
        return cls(tuple(found), hours_id)

    async def close_last(self, api: httpx.AsyncClient) -> None:
        """Close it for good, as an administrator does: hours go by the minute, and a day by seconds."""
        await asked(api, "PUT", f"/v1/operating-hours/{self.hours_id}", _hours([]))


def _hours(intervals: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": "Days", "timezone": "UTC", "intervals": intervals}
