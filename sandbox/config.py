"""What one sandbox is started with."""

from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass(frozen=True, slots=True)
class Config:
    """Where ledgers and state go, which clock rules, and how ids are drawn.

    `transport` carries deliveries in tests without a network, e.g. `httpx.ASGITransport(app)`.
    """

    ledger_dir: Path | None = None
    state_file: Path | None = None
    clock_url: str | None = None
    seed: int | None = None
    transport: httpx.AsyncBaseTransport | None = None
