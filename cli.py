"""Pagedesk: an open customer-service desk for Facebook Messenger."""

import asyncio
import sys
from typing import NoReturn

import typer
import uvicorn
from pydantic import ValidationError

from base.log import configure
from base.settings import Settings
from engine.clean_exit import exit_process
from engine.loading import loading

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command()
def up() -> None:
    """Start the real service: Temporal, worker and API, with embedded parts where none is configured."""
    _launch(demo=False)


@app.command()
def demo() -> None:
    """Start everything with a local Messenger and demo data; `make run` calls this."""
    _launch(demo=True)


@app.command()
def api() -> None:
    """Run the API alone."""
    with loading():
        from api.app import create_app

    settings = _settings()
    configure(settings.log_level)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=settings.trusted_proxies is not None,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=2,
    )
    exit_process(0)


@app.command()
def worker() -> None:
    """Run a worker alone: workflows, activities and the relay."""
    with loading():
        from worker import main as work

    _settings()
    work()


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def sandbox(context: typer.Context) -> None:
    """Run the local Messenger alone; `pagedesk sandbox --help` is not ours: see sandbox/README.md."""
    from runpy import run_module

    sys.argv = ["sandbox", *context.args]
    run_module("sandbox", run_name="__main__")


@app.command()
def migrate() -> None:
    """Bring the databases to the current schema; starting does it too."""
    from store.migrate import migrate as bring_up

    bring_up(_settings())


def main() -> None:
    """The console script."""
    app()


def _launch(*, demo: bool) -> NoReturn:
    from launch import launch

    exit_process(asyncio.run(launch(_settings(), demo=demo)))


def _settings() -> Settings:
    """The settings, or an end that names each setting that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = "PAGEDESK_" + "_".join(str(part) for part in problem["loc"]).upper()
            sys.stderr.write(f"{name}: {problem['msg']}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
