"""What the numbers were measured on and with."""

import os
import platform
import sqlite3
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client

from bench.rows import percentile

_PACKAGES = ("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "httpx", "sqlmodel", "temporalio")
_FLUSHES = 200


def machine_class(directory: Path) -> dict[str, Any]:
    """Processors, memory, system, and how fast the disk under `directory` flushes."""
    return {
        "processors": os.cpu_count(),
        "architecture": platform.machine(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": platform.system(),
        **_flushes_ms(directory),
    }


async def versions(client: Client) -> dict[str, str]:
    """Of all that takes part."""
    system = await client.workflow_service.get_system_info(GetSystemInfoRequest())
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "temporal server": system.server_version,
        **{package: version(package) for package in _PACKAGES},
    }


def _flushes_ms(directory: Path) -> dict[str, float]:
    """Median and p99 of some flushes of 4 KiB: what a durable commit waits for."""
    file = directory / "flush"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    took = []
    for _ in range(_FLUSHES):
        began = time.perf_counter()
        os.write(descriptor, b"\0" * 4096)
        os.fsync(descriptor)
        took.append((time.perf_counter() - began) * 1000)
    os.close(descriptor)
    file.unlink()
    return {"flush_ms": round(median(took), 2), "flush_p99_ms": round(percentile(took, 99), 2)}
