"""The checks behind `/readyz`."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

from api.http.dependencies import from_app
from base.log import get_logger

# A check returns when all is well, and raises when it is not.
Check = Callable[[], Awaitable[object]]

CHECK_SECONDS = 2.0
_FRESH_SECONDS = 1.0

_log = get_logger("api")


class Readiness:
    """Runs the checks, at most once a second: the address is public."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self.checks = dict(checks)
        self._lock = asyncio.Lock()
        self._found: dict[str, str] = {}
        self._found_at = float("-inf")

    async def run_checks(self) -> dict[str, str]:
        """`ok` or `failed` for each check."""
        async with self._lock:
            if time.monotonic() - self._found_at > _FRESH_SECONDS:
                outcomes = await asyncio.gather(*(self._run(*each) for each in self.checks.items()))
                self._found = dict(zip(self.checks, outcomes, strict=True))
                self._found_at = time.monotonic()
            return self._found

    async def _run(self, name: str, check: Check) -> str:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await check()
        except Exception as error:  # noqa: BLE001 - whatever a check raises means that it failed
            _log.warning("not_ready", check=name, error=type(error).__name__)
            return "failed"
        return "ok"


ReadinessDep = Annotated[Readiness, from_app("readiness")]
