"""Pagedesk: an open customer-service desk for Facebook Messenger."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError

from base.log import configure
from base.settings import Settings
from engine.clean_exit import exit_process
from engine.loading import loading

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command()
def up(
    *,
    time_travel: Annotated[
        bool,
        typer.Option(
            "--time-travel",
            help="With a local Messenger, demo data that is thrown away at the end, and time that "
            "`pagedesk travel` moves.",
        ),
    ] = False,
) -> None:
    """Start the real service: Temporal, worker and API, with embedded parts where none is configured."""
    from local.launch import launch, launch_travelling

    settings = _settings()
    exit_process(asyncio.run(launch_travelling(settings) if time_travel else launch(settings, demo=False)))


@app.command()
def demo() -> None:
    """Start everything with a local Messenger and demo data; `make run` calls this."""
    from local.launch import launch

    exit_process(asyncio.run(launch(_settings(), demo=True)))


@app.command(context_settings={"ignore_unknown_options": True})
def travel(
    length: Annotated[str, typer.Argument(help="25h, 7d, 90m, 1d2h, 30s.")],
    port: Annotated[int | None, typer.Option(help="Its PAGEDESK_TRAVEL_PORT, if not yours.")] = None,
) -> None:
    """Let time pass in a Pagedesk that was started with `pagedesk up --time-travel`."""
    from local.travel import TravelError, length_of
    from local.travel import travel as make_journey

    settings = _settings()
    try:
        told = make_journey(
            length_of(length), settings if port is None else settings.model_copy(update={"travel_port": port})
        )
    except TravelError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
    sys.stdout.write(f"{told}\n")


@app.command()
def api() -> None:
    """Run the API alone."""
    with loading():
        from api.app import create_app
        from base.http_server import serve
        from base.skipping_clock import process_time

    settings = _settings()
    configure(settings.log_level)
    with process_time(settings):
        serve(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            trusted_proxies=settings.trusted_proxies,
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
def doctor(
    *,
    url: Annotated[
        str | None, typer.Option(help="Where the API answers, if not where the settings say.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show how this installation and its pages stand, and what to do.

    The exit status is 1 if something needs mending; warnings do not count.
    It asks the running service with PAGEDESK_ADMIN_TOKEN, or as the admin of the demo that ran here.
    """
    with loading():
        from rich.console import Console

        from local.demo import with_demo_admin
        from local.doctor import examine, show

    settings = _settings() if url else with_demo_admin(_settings())  # its token is for this machine alone
    diagnosis = asyncio.run(examine(settings, url))
    if as_json:
        sys.stdout.write(json.dumps(diagnosis.as_json(), indent=2) + "\n")
    else:
        show(diagnosis, Console())
    sys.stdout.flush()
    exit_process(0 if diagnosis.is_well else 1)


@app.command()
def migrate() -> None:
    """Bring the databases to the current schema; starting does it too."""
    from store.migrate import migrate as bring_up

    bring_up(_settings())


@app.command()
def backup(folder: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Copy all embedded databases and files, while Pagedesk works or not. The master key is not copied."""
    from local.backup import BackupError
    from local.backup import backup as back_up

    try:
        sys.stdout.write(f"{back_up(_settings(), folder)}\n")
    except BackupError as error:
        _fail(str(error))


@app.command()
def restore(folder: Annotated[Path, typer.Argument(help="What `pagedesk backup` made.")]) -> None:
    """Put a backup into an empty data directory, the master key being there. Then start Pagedesk."""
    from engine.errors import EngineError
    from local.backup import BackupError
    from local.backup import restore as put_back

    try:
        sys.stdout.write(f"{put_back(_settings(), folder)}\n")
    except (BackupError, EngineError) as error:
        _fail(str(error))


def main() -> None:
    """The console script."""
    app()


def _fail(message: str) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    raise SystemExit(1)


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
