"""A real Chromium for tests of the console.

It is looked for in PAGEDESK_TEST_CHROMIUM, on the PATH, and where Playwright keeps its own; for root, apt-get
installs Debian's. Where none can be had the tests fail, with what to do. `python -m support.chromium` does
this before the tests, which have less time than an installation takes.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.async_api import Playwright, async_playwright

VARIABLE = "PAGEDESK_TEST_CHROMIUM"

ARGUMENTS = (
    # Root, as continuous integration often is, cannot have Chromium's own sandbox.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    # It looks for its maker's hosts otherwise, which a closed network refuses many at a time.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
"""What it is started with."""

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_REMEDY = f"""No Chromium was found on the PATH, nor one of Playwright's own.
Install one (Debian, Ubuntu: `apt-get install chromium`; elsewhere `.venv/bin/playwright install chromium`),
or name one: {VARIABLE}=/path/to/chromium"""


class NoChromiumError(Exception):
    """There is none; the message says what to do."""


def find_chromium(playwright: Playwright) -> str:
    """The program's path. Raises NoChromiumError."""
    found = os.environ.get(VARIABLE) or _on_path() or _playwrights_own(playwright)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
        found = _on_path()
    if found is None:
        raise NoChromiumError(_REMEDY)
    return found


def _on_path() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _playwrights_own(playwright: Playwright) -> str | None:
    path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _install() -> None:
    print("Chromium is not here: installing Debian's package chromium", file=sys.stderr)  # noqa: T201 - for a terminal
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", "--quiet", *arguments], env=environment, stdout=sys.stderr, check=False)  # noqa: S603, S607 - the system's own


async def _main() -> None:
    async with async_playwright() as playwright:
        try:
            print(find_chromium(playwright))  # noqa: T201 - for a terminal
        except NoChromiumError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    asyncio.run(_main())
